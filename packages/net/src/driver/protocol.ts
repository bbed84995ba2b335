/**
 * What a driver is: the non-blocking socket layer under this package. Interfaces only.
 *
 * Everything is a try that never waits. What would have to wait says so, and the driver calls `ready` once when it is worth
 * another try; that stays true until a try would block again. A driver knows nothing of coroutines, and a driver's socket
 * can be used from a poll loop written by hand.
 */

import type { Host } from '@bluelet/scheduler/lowlevel'
import type { Address } from './address.js'

/** Worth a try: reading. */
export const READABLE = 1
/** Worth a try: writing; or, what was written before has reached the kernel; or, the connection is made. */
export const WRITABLE = 2
/** It has failed: the next try throws. */
export const FAILED = 4
/** It is closed, and holds no descriptor any more. */
export const CLOSED = 8

/** Who is told of a socket or a listener. */
export interface Observer {
  /**
   * Something is worth a try.
   *
   * @param what the sum of READABLE, WRITABLE, FAILED and CLOSED
   */
  ready(what: number): void
}

/** A connected socket, or one that is being connected. */
export interface DriverSocket {
  /** Who is told; null: nobody, and nothing is read ahead. */
  observer: Observer | null
  /** Our end; undefined while there is none. */
  readonly localAddress: Address | undefined
  /** The peer's end; undefined while there is none. */
  readonly remoteAddress: Address | undefined
  /** How many of the bytes that were taken have not reached the kernel. */
  readonly unsent: number
  /**
   * Tries to read.
   *
   * @param max at most this many bytes: a positive integer
   * @returns 1 to `max` bytes that the caller may keep; no bytes at the end of the stream; null: it would block
   * @throws the socket's error, once all bytes that came before it were read
   */
  read(max: number): Buffer | null
  /**
   * Tries to write.
   *
   * @param bytes must not change until `unsent` is 0
   * @returns how many it took; 0: it would block
   * @throws the socket's error
   */
  write(bytes: Uint8Array): number
  /** Ends our side, after what was written; the peer's side goes on. */
  shutdown(): void
  /**
   * Closes.
   *
   * @param linger true: send what is left, end our side, and throw away what comes until the peer has ended its side;
   *   false: at once, as close(2): the peer still gets what the kernel has taken, unless bytes of the peer's were unread
   */
  close(linger: boolean): void
  /** Closes at once, with a reset, whatever is left. */
  reset(): void
}

/** A listening socket. */
export interface DriverListener {
  /** Who is told. */
  observer: Observer | null
  /** Where it listens. */
  readonly address: Address
  /** How many connections were dropped because nobody accepted them in time. */
  readonly dropped: number
  /**
   * Tries to accept.
   *
   * @returns a connected socket, not reading yet; null: it would block
   */
  accept(): DriverSocket | null
  /** Closes, together with what nobody has accepted. */
  close(): void
}

/** What to listen on, and what the connections are to be like. */
export interface ListenTarget extends SocketSettings {
  /** A name or an address; empty: every address of this machine. */
  readonly host: string
  /** The port; 0: any that is free. */
  readonly port: number
  /** How many connections wait in the kernel until the driver takes them. */
  readonly backlog: number
  /** On `::`, whether IPv4 clients are left out (IPV6_V6ONLY); by default false. */
  readonly ipv6Only?: boolean
  /** Whether others may listen on the same port, and share its connections (SO_REUSEPORT); by default false. */
  readonly reusePort?: boolean
}

/** What a connection is to be like. */
export interface SocketSettings {
  /** Whether small writes go out at once, instead of waiting for an answer to those before (TCP_NODELAY); by default true. */
  readonly noDelay?: boolean
  /**
   * After how many milliseconds without traffic the peer is probed, so that one that has vanished is noticed (SO_KEEPALIVE);
   * by default 60,000; `Infinity`: never.
   */
  readonly keepAlive?: number
}

/** The drivers of the real network. */
export type DriverName = 'epoll' | 'node'

/** A driver. */
export interface Driver {
  /** Its name: `node`. */
  readonly name: string
  /** How many descriptors the process may have open; left out: nobody knows, or there is no limit. */
  readonly maxDescriptors?: number
  /**
   * Looks up the addresses of a name; an address is its own.
   *
   * @param done called once, later
   */
  lookup(host: string, done: (error: Error | null, addresses: readonly string[]) => void): void
  /**
   * Begins to connect to a numeric address. The observer hears WRITABLE when the connection is made, FAILED when not.
   */
  connect(address: string, port: number, settings?: SocketSettings): DriverSocket
  /**
   * Begins to listen.
   *
   * @param done called once, later
   * @returns gives it up
   */
  listen(
    target: ListenTarget,
    done: (error: Error | null, listener: DriverListener | null) => void,
  ): () => void
  /**
   * Calls back when the process is asked to end: SIGINT, SIGTERM. When it is asked again, that is left to the system, which
   * ends it at once. Left out: nobody asks here.
   *
   * @returns takes it back
   */
  onInterrupt?(callback: () => void): () => void
}

/** A host that brings a network of its own: what runs on it uses that, unless told otherwise. */
export interface NetworkHost extends Host {
  /** The driver of that network. */
  readonly driver: Driver
}
