/**
 * A session: one connection of a server, its handler, and the tasks that the handler has spawned. It
 * supervises those tasks; it knows nothing of other sessions.
 */

import { ClosedError, type Coroutine, type Task, type TimeoutError } from '@bluelet/scheduler'
import { addTrace, type ScopeOwner, type TaskHandle, TaskScope } from '@bluelet/scheduler/lowlevel'
import { ConnectionResetError, codeOf } from '../errors.js'
import type { Connection } from '../socket/connection.js'
import type { ConnectionObserver } from '../socket/connection-observer.js'
import type { TimeoutKind } from './stats.js'
import type { Stall, SweptConnection, TimeoutSweep } from './timeout-sweep.js'

/** Runs for each connection, which is closed when it ends. */
export type Handler = (conn: Connection) => Coroutine<unknown>

/** What a session belongs to. */
export interface SessionOwner {
  /** Watches over the session's waits. */
  readonly sweep: TimeoutSweep
  /**
   * How long the clean-up of a cancelled task may take, in milliseconds; undefined: as long as the
   * run says.
   */
  readonly cleanUpMs: number | undefined
  /** The session's client has exceeded a timeout. */
  timedOut(session: Session, kind: TimeoutKind): void
  /** A task has failed, and not because the client disconnected. */
  failed(error: unknown, session: Session, task: Task): void
  /** All tasks have ended. */
  tasksEnded(session: Session): void
  /** All tasks have ended and the descriptor is free. */
  finished(session: Session): void
}

/** Supervises the handler of one connection and the tasks that it spawned. */
export class Session implements ScopeOwner, ConnectionObserver, SweptConnection {
  readonly conn: Connection
  readonly sweep: TimeoutSweep
  /** The neighbours in the owner's list. */
  older: Session | null = null
  newer: Session | null = null
  // What the last sweep has seen.
  awaited: TimeoutKind | undefined = undefined
  readBytes = 0
  readSince = 0
  stall: Stall | null = null
  readonly #owner: SessionOwner
  /**
   * Supervises the handler's task and those that it spawns. The errors that it has recorded need no
   * report: timeouts of the client, and failures that were dealt with, since both a reader and a
   * writer receive the error of a broken connection.
   */
  readonly #scope = new TaskScope(this)
  /** The handler's task; null before it is spawned. */
  #main: TaskHandle | null = null
  #tasksEnded = false
  #descriptorClosed = false
  /**
   * Whether the connection was reset because of a stall, so that other waiting tasks get a
   * ClosedError.
   */
  #stalled = false

  constructor(conn: Connection, owner: SessionOwner) {
    this.conn = conn
    this.sweep = owner.sweep
    this.#owner = owner
  }

  /** Spawns the handler. */
  start(handler: Handler): void {
    const { conn } = this
    this.#descriptorClosed = conn.descriptorClosed
    conn.observer = this
    const { scheduler } = conn
    try {
      this.#main = scheduler.spawnUnder(this.#scope, handler, conn)
    } catch (error) {
      // The handler threw before it returned a coroutine, or returned something else.
      this.#main = scheduler.spawnUnder(this.#scope, failing, error)
    }
  }

  /** Starts to cancel the handler and the tasks that it spawned. */
  cancel(): void {
    this.#scope.cancel(this.#owner.cleanUpMs)
  }

  // Called by the connection.

  descriptorClosed(): void {
    this.#descriptorClosed = true
    if (this.#tasksEnded) this.#owner.finished(this)
  }

  // Called by the sweep.

  timedOut(kind: TimeoutKind, error: TimeoutError): void {
    this.#scope.record(error)
    this.#stalled ||= kind === 'stall'
    this.#owner.timedOut(this, kind)
  }

  // Called by the scope.

  failed(error: unknown, task: TaskHandle, known: boolean): void {
    const consequence = (this.#scope.cancelling || this.#stalled) && error instanceof ClosedError
    this.conn.close()
    this.cancel()
    if (known || consequence || isDisconnect(error)) return
    addTrace(error, task)
    this.#owner.failed(error, this, task as Task) // Every handle is a Task.
  }

  ended(task: TaskHandle): void {
    if (task === this.#main) this.conn.close()
    if (this.#tasksEnded || !this.#scope.empty) return
    this.#tasksEnded = true
    this.#owner.tasksEnded(this)
    // A session counts until its tasks have ended, even if its client is gone: otherwise clients
    // that connect and disconnect could start any number of handlers.
    if (this.#descriptorClosed) this.#owner.finished(this)
  }
}

// biome-ignore lint/correctness/useYield: it fails at its first step.
function* failing(error: unknown): Coroutine<never> {
  throw error
}

/** The codes by which the system reports a peer that can no longer be reached. */
const UNREACHABLE: ReadonlySet<string> = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'])

/** Whether the error means that the client disconnected, now or before. */
function isDisconnect(error: unknown): boolean {
  const reason = error instanceof ClosedError ? error.cause : error
  return reason instanceof ConnectionResetError || UNREACHABLE.has(codeOf(reason))
}
