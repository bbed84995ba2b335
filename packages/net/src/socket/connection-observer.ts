/**
 * What a connection reports to the server that it belongs to; a connection without a server has no
 * observer. Types only, so that the halves and the server need not import each other.
 */

/** Observes one connection: its session. */
export interface ConnectionObserver {
  /** Started by each read or write that waits for the peer. */
  readonly sweep: Startable
  /** The descriptor is free. */
  descriptorClosed(): void
}

interface Startable {
  /** Does nothing if it is already running. */
  start(): void
}
