/** What a user's handler is given, and how its session ended. Types only. */

import type { Coroutine } from '@bluelet/scheduler'
import type { Connection } from '../socket/connection.js'
import type { EndReason, TimeoutKind } from './stats.js'

/**
 * Runs for each connection. When it has returned, the connection is closed; if it ends in another
 * way, see `onFailure`.
 */
export type Handler = (conn: Connection, session: Session) => Coroutine<unknown>

/** One connection of a server, for as long as it is served. */
export interface Session {
  /** 1 for the first connection that the server serves, 2 for the second, and so on. */
  readonly id: number
  /** When the session began, in milliseconds on the clock of the run. */
  readonly since: number
  /** How many bytes the session's tasks have been given by reads. */
  readonly bytesRead: number
  /** How many bytes the socket has taken from the session's sends. */
  readonly bytesWritten: number
  /**
   * Aborted when the server begins to end: reply with `Connection: close`, or say goodbye.
   *
   * @example
   * const line = yield* race([conn.readline(), aborted(session.signal)])
   */
  readonly signal: AbortSignal
}

/**
 * How a session ended: its handler returned, failed with an error that was reported, was cancelled,
 * or ended quietly by a timeout or for another reason.
 */
export type CloseReason = 'returned' | 'failed' | 'cancelled' | EndReason | TimeoutKind

/** What a session was, once its tasks have ended and its descriptor is free. */
export interface SessionSummary {
  /** How it ended. */
  readonly reason: CloseReason
  /** How long it took, in milliseconds. */
  readonly ms: number
  /** How many bytes its tasks were given by reads. */
  readonly bytesRead: number
  /** How many bytes the socket took from its sends. */
  readonly bytesWritten: number
}
