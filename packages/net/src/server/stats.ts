/**
 * What a server counts. Only counters: rates and times are left to the user.
 */

import type { Listener } from '../socket/listener.js'

/**
 * Why a connection was not served: too many connections, too many of one client, or not accepted in
 * time.
 */
export type DropReason = 'connections' | 'address' | 'queue'

/** Which timeout a client exceeded. */
export type TimeoutKind = 'firstByte' | 'idle' | 'message' | 'stall'

/**
 * Why a handler ended quietly before it had returned, by what its own connection threw: the client
 * reset the connection or could no longer be reached; it ended its side in the middle of a message;
 * it sent more than a limit; the program closed the connection while the handler used it; the
 * session exceeded `maxAge`; the client ended its side, with `cancelOnDisconnect: 'end'`; or the
 * TLS handshake failed, before the handler began.
 */
export type EndReason = 'reset' | 'incomplete' | 'limit' | 'closed' | 'age' | 'end' | 'handshake'

/**
 * Counters of a server's connections. They are live: reading them again gives the current values.
 */
export interface ServerStats {
  /**
   * Open connections. A connection counts until its handler has ended and its descriptor is free.
   */
  readonly open: number
  /** Connections that were given to a handler. */
  readonly served: number
  /** Connections whose handler ended with an error that was reported. */
  readonly failed: number
  /** Connections that were not served, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>
  /** Connections whose client exceeded a timeout, by timeout. */
  readonly missed: Readonly<Record<TimeoutKind, number>>
  /** Connections whose handler ended quietly before it had returned, by reason. */
  readonly ended: Readonly<Record<EndReason, number>>
  /** Connections that `onAccept` refused. */
  readonly refused: number
}

/** The counters, writable for the server. */
export class StatsCounters implements ServerStats {
  open = 0
  served = 0
  failed = 0
  readonly dropped: Record<DropReason, number>
  readonly missed: Record<TimeoutKind, number> = { firstByte: 0, idle: 0, message: 0, stall: 0 }
  readonly ended: Record<EndReason, number> = {
    reset: 0,
    incomplete: 0,
    limit: 0,
    closed: 0,
    age: 0,
    end: 0,
    handshake: 0,
  }
  refused = 0

  constructor(listeners: readonly Pick<Listener, 'dropped'>[]) {
    this.dropped = {
      connections: 0,
      address: 0,
      get queue() {
        return listeners.reduce((sum, { dropped }) => sum + dropped, 0)
      },
    }
  }
}
