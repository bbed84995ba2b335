/**
 * What differs between the two sides of TLS, and the part of a socket that they see. Interfaces
 * only.
 */

import type { TLSSocket } from 'node:tls'
import type { Host } from '@bluelet/scheduler/lowlevel'
import type { TlsSession } from '../../driver/tls.js'
import type { Carrier } from './carrier.js'

/** The clock of a socket: that of the scheduler's host. */
export type Clock = Pick<Host, 'now' | 'soon' | 'at' | 'cancel'>

/** A socket, as its side sees it. */
export interface TlsEnd {
  /** Node's socket is known; of a client before the handshake. */
  attach(node: TLSSocket): void
  /** The handshake has ended well. */
  secured(node: TLSSocket): void
  /** TLS has failed. @param alert what the peer is told, unless Node has done that */
  failed(error: Error, alert?: Uint8Array): void
}

/** One of the two sides of TLS. */
export interface TlsSide {
  /** Whether the transport may end without the peer's `close_notify`. */
  readonly endsWithTransport: boolean
  /**
   * Whether the peer says more after the handshake, before its first bytes: a server sends tickets.
   */
  readonly peerHasTickets: boolean
  /** How long the handshake may take, in milliseconds. */
  readonly handshakeTimeout: number
  /**
   * Starts Node's TLS. It gives the socket to `attach`, on a server once the handshake has ended.
   */
  begin(socket: TlsEnd, carrier: Carrier): void
  /** The session of a client that can be resumed, if one has come. */
  session(node: TLSSocket): TlsSession | undefined
  /** What arrives during the handshake is about to be given to Node. */
  enter(socket: TlsEnd): void
}
