/**
 * What a server counts.
 */

import type { Listener } from '../socket/listener.js'

/** Why a connection was not served: too many, too many of one client, or nobody accepted it in time. */
export type DropReason = 'connections' | 'address' | 'queue'

/** Which deadline a client has missed. */
export type TimeoutKind = 'firstByte' | 'idle' | 'message' | 'stall'

/** What has become of a server's connections so far; it goes on counting. */
export interface ServerStats {
  /** How many there are now: a connection counts until its handler has ended and its descriptor is free. */
  readonly open: number
  /** How many were given to a handler. */
  readonly served: number
  /** How many ended by an error that was reported. */
  readonly failed: number
  /** How many were not served, by the reason. */
  readonly dropped: Readonly<Record<DropReason, number>>
  /** How many missed a deadline, by the deadline. */
  readonly missed: Readonly<Record<TimeoutKind, number>>
}

/** The counters themselves. */
export class StatsCounters implements ServerStats {
  open: number
  served: number
  failed: number
  readonly dropped: Record<DropReason, number>
  readonly missed: Record<TimeoutKind, number>

  constructor(listener: Listener) {
    this.open = 0
    this.served = 0
    this.failed = 0
    this.dropped = {
      connections: 0,
      address: 0,
      get queue() {
        return listener.dropped
      },
    }
    this.missed = { firstByte: 0, idle: 0, message: 0, stall: 0 }
  }
}
