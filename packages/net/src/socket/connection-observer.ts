/**
 * What a connection reports to the server that it belongs to; a connection without a server has no
 * observer. The halves and the server thus need not import each other.
 */

/** Observes one connection: its session. */
export interface ConnectionObserver {
  /** Started by each read or write that waits for the peer. */
  readonly sweep: Startable
  /** How long the connection's end may take. */
  readonly endTimes: EndTimes
  /**
   * The connection is closed, and discards input until the peer has ended its side. It may be reset
   * if its place is needed.
   */
  lingers(): void
  /** The descriptor is free. */
  descriptorClosed(): void
}

/** How long the end of a connection may take, in milliseconds; `Infinity` means no limit. */
export interface EndTimes {
  /** While the peer takes nothing of what is left to send. */
  readonly stall: number
  /** Until the peer has ended its side, if input was unread. */
  readonly linger: number
}

/** The times of a connection that has no others. */
export const DEFAULT_END_TIMES: EndTimes = { stall: 30_000, linger: 5000 }

interface Startable {
  /** Does nothing if it is already running. */
  start(): void
}
