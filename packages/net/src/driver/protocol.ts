/**
 * The border between this package and the operating system: what a driver is. Interfaces only.
 *
 * Every operation is a try that never waits. A try that would have to wait says so, and the driver
 * calls `ready` once when another try is worthwhile; that stays true until a try would block again.
 * A driver knows nothing of coroutines: a poll loop written by hand can use its sockets.
 */

import type { Host } from '@bluelet/scheduler/lowlevel'
import type { Address } from './address.js'
import type { DnsAnswer, DnsQuery } from './dns.js'
import type { ConnectTarget, Endpoint } from './endpoint.js'
import type { TlsState } from './tls.js'

/** A try to read is worthwhile. */
export const READABLE = 1
/**
 * A try to write is worthwhile. Also: what was written before has reached the kernel, and the
 * connection is established.
 */
export const WRITABLE = 2
/** The socket has failed: the next try throws its error. */
export const FAILED = 4
/** The socket is closed, and its descriptor is free. */
export const CLOSED = 8
/**
 * `close(true)` has ended our side, and input was unread: the socket discards input until the peer
 * has ended its side, however long that takes. `reset()` cuts it short.
 */
export const LINGERING = 16

/** Receives the readiness of one socket or listener. */
export interface Observer {
  /**
   * Another try is worthwhile.
   *
   * @param what the sum of READABLE, WRITABLE, FAILED, CLOSED and LINGERING
   */
  ready(what: number): void
}

/** A socket that is connected, or is being connected. */
export interface DriverSocket {
  /** Receives the socket's readiness. While it is null, nothing is read ahead. */
  observer: Observer | null
  /**
   * The address of our end; undefined while it has none. It is kept when the connection has ended.
   */
  readonly localAddress: Address | undefined
  /**
   * The address of the peer's end; undefined while it has none. It is kept when the connection has
   * ended.
   */
  readonly remoteAddress: Address | undefined
  /** How many of the written bytes have not reached the kernel. */
  readonly unsent: number
  /**
   * How many of the written bytes the peer's system has not acknowledged, those that are unsent
   * included. Left out by a driver that cannot see it: then only bytes that the kernel takes show
   * that the peer takes some.
   */
  readonly unacknowledged?: number
  /**
   * The process at the other end of a Unix socket, as it was when it connected or listened;
   * undefined if the system does not tell. Left out by a driver that cannot see it.
   */
  readonly credentials?: PeerCredentials | undefined
  /** The TLS of the socket. Left out by a socket without. */
  readonly tls?: TlsState
  /**
   * Tries to read.
   *
   * @param max the maximum number of bytes: a positive integer
   * @returns 1 to `max` bytes that the caller may keep; no bytes at the end of the stream; null if
   *   the try would block
   * @throws the socket's error, once all bytes that arrived before it have been read
   */
  read(max: number): Buffer | null
  /**
   * Tries to read into memory of the caller's. Left out by a driver that would read and copy.
   *
   * @param target where the first byte comes first. It is not empty
   * @returns how many bytes it has read; 0 at the end of the stream; null if the try would block
   * @throws as `read`
   */
  readInto?(target: Uint8Array): number | null
  /**
   * Tries to write.
   *
   * @param bytes must not change until `unsent` is 0
   * @returns how many bytes the socket took; 0 if the try would block
   * @throws the socket's error
   */
  write(bytes: Uint8Array): number
  /**
   * Tries to write a part of some bytes: as `write`, without an object for the part. Left out by a
   * driver that needs one.
   *
   * @param start the index of the first byte
   * @param end the index after the last one
   */
  writePart?(bytes: Uint8Array, start: number, end: number): number
  /**
   * Bytes were collected, and will be written later, before all others: for a socket that records
   * which step has sent them. Left out by all others.
   *
   * @param data what was sent
   * @param length the number of its bytes
   */
  collected?(data: string | Uint8Array, length: number): void
  /** Ends our side, after what was written. The peer can go on sending. */
  shutdown(): void
  /**
   * Closes the socket.
   *
   * @param linger true: sends what is left and ends our side. If input is unread then, says
   *   LINGERING and discards input until the peer has ended its side, since a close would be a
   *   reset; otherwise frees the descriptor. false: closes at once, as close(2) does; the peer
   *   still gets what the kernel has taken, unless input was unread
   * @param unread whether the caller itself has input that was not used, so that the socket lingers
   *   in any case. Default: false
   */
  close(linger: boolean, unread?: boolean): void
  /** Closes the socket at once, with a reset; whatever is unsent is lost. */
  reset(): void
}

/** The process at the other end of a Unix socket. The system vouches for it (SO_PEERCRED). */
export interface PeerCredentials {
  /** Its id. The process may have ended since, and another one may have the id. */
  readonly pid: number
  /** The id of its user. */
  readonly uid: number
  /** The id of its group. */
  readonly gid: number
}

/** A listening socket. */
export interface DriverListener {
  /** Receives the listener's readiness. */
  observer: Observer | null
  /** The address on which it listens. */
  readonly address: Address
  /** How many connections were dropped because they were not accepted in time. */
  readonly dropped: number
  /**
   * Whether another process has the socket, too, so that the connections that wait in the kernel
   * are left to it at the close. Default: false.
   */
  readonly inherited?: boolean
  /**
   * Tries to accept.
   *
   * @returns a connected socket that does not read yet; null if the try would block
   */
  accept(): DriverSocket | null
  /** Closes the listener, and every connection that was not accepted. */
  close(): void
}

/** Where to listen, and how to configure the connections that are accepted. */
export type ListenTarget = Endpoint & ListenSettings

/** How to configure a listener and the connections that it accepts. */
export interface ListenSettings extends SocketSettings {
  /** How many connections wait in the kernel until the driver accepts them. */
  readonly backlog: number
  /** On `::`, whether IPv4 clients are excluded (IPV6_V6ONLY). Default: false. */
  readonly ipv6Only?: boolean
  /**
   * Whether other listeners may share the port and its connections (SO_REUSEPORT). Default: false.
   */
  readonly reusePort?: boolean
}

/** How to configure a connection. */
export interface SocketSettings {
  /**
   * Whether small writes are sent at once, instead of waiting for the acknowledgement of earlier
   * ones (TCP_NODELAY). Default: true.
   */
  readonly noDelay?: boolean
  /**
   * After how many milliseconds without traffic the peer is probed, so that a peer that has
   * vanished is noticed (SO_KEEPALIVE). Default: 60,000. `Infinity` means never.
   */
  readonly keepAlive?: number
}

/** A datagram that has arrived. */
export interface Datagram {
  /** Its bytes, which the caller may keep; none if it is empty. */
  readonly data: Buffer
  /** The sender's address. A sender can forge it. */
  readonly from: Address
  /** Whether it had more bytes than `maxSize`, and the rest is lost. */
  readonly truncated: boolean
}

/** A datagram to send, as a driver takes it. */
export interface OutgoingDatagram {
  /** Its bytes, which must not change until it has been sent: at most 65,507. */
  readonly data: Uint8Array
  /** A numeric host and a port; undefined for the peer of a connected socket. */
  readonly to: Address | undefined
}

/** Where to receive datagrams, and how to configure the socket. */
export interface DatagramSettings {
  /** A numeric host; `''` is every address of this machine. */
  readonly host: string
  /** The port; 0 is any free port. */
  readonly port: number
  /** Whether other sockets with the same setting may have the address, too (SO_REUSEADDR). */
  readonly reuseAddress: boolean
  /** Whether the system divides what arrives among the sockets with the address (SO_REUSEPORT). */
  readonly reusePort: boolean
  /** Whether datagrams may be sent to broadcast addresses (SO_BROADCAST). */
  readonly broadcast: boolean
  /** Bytes of the receive buffer in the kernel (SO_RCVBUF); undefined for the system's default. */
  readonly receiveBuffer: number | undefined
  /** Longer datagrams are truncated: a positive number of bytes, at most 65,536. */
  readonly maxSize: number
  /**
   * How many datagrams wait in the process, in a driver whose environment reads them whether or not
   * a task has asked: a positive integer.
   */
  readonly queue: number
}

/** The members of a multicast group that a socket receives from, and by which interface. */
export interface GroupMembership {
  /** The numeric address of the group. */
  readonly group: string
  /** The address of the interface; undefined for the system's choice. */
  readonly interface: string | undefined
  /** The only sender; undefined for every sender. */
  readonly source: string | undefined
}

/** The options of a socket that can be changed while it is open. */
export type DatagramOption = 'ttl' | 'multicastTtl' | 'loopback'

/** A socket for datagrams. After `close()` its caller uses it no more. */
export interface DriverDatagrams {
  /**
   * Receives READABLE: another try to receive is worthwhile. It may come without a reason. It never
   * comes within a try.
   */
  observer: Observer | null
  /** The address of the socket, with the real port. */
  readonly address: Address
  /** How many datagrams have been dropped because they were not received in time. */
  readonly dropped: number
  /**
   * Tries to receive.
   *
   * @param max how many datagrams at most: a positive integer
   * @returns 1 to `max` datagrams; null if the try would block
   * @throws the error that the peer of a connected socket has caused, once
   */
  receive(max: number): Datagram[] | null
  /**
   * Sends datagrams in order, as soon as the system takes them. The next call follows when this one
   * is done or withdrawn.
   *
   * @param done called once, possibly within the call, with the number of datagrams that were sent,
   *   and the error of the next one if there are fewer; never after `close()`
   * @returns withdraws what the system has not taken: `done` is not called
   */
  send(batch: readonly OutgoingDatagram[], done: (sent: number, error: Error | null) => void): () => void
  /**
   * Connects the socket: it then receives from one peer only.
   *
   * @param done called once, possibly within the call
   */
  connect(peer: Address, done: (error: Error | null) => void): void
  /** Joins a multicast group. @throws the system's error */
  join(membership: GroupMembership): void
  /** Leaves a multicast group. @throws the system's error */
  leave(membership: GroupMembership): void
  /** Sets an option: 1 or 0 for a flag. @throws the system's error */
  set(option: DatagramOption, value: number): void
  /** Closes the socket at once. What the system has taken is still sent. */
  close(): void
}

/** The drivers of the real network. */
export type DriverName = 'epoll' | 'node'

/** A non-blocking socket layer. */
export interface Driver {
  /** Its name, such as `node`. */
  readonly name: string
  /** How many descriptors the process may have open; undefined if unknown or unlimited. */
  readonly maxDescriptors?: number
  /**
   * Looks up the addresses of a name. The result for an address is that address.
   *
   * @param done called once, later
   */
  lookup(host: string, done: (error: Error | null, addresses: readonly string[]) => void): void
  /**
   * Asks name servers for the records of a name. Left out by a driver that cannot.
   *
   * @param done called at most once, later. What comes after the question was cancelled is ignored
   * @returns cancels the question
   */
  resolve?(query: DnsQuery, done: DnsAnswer): () => void
  /**
   * Starts to connect to a numeric address and a port, or to a path. The observer receives WRITABLE
   * when the connection is established, and FAILED if that fails.
   */
  connect(target: ConnectTarget, settings?: SocketSettings): DriverSocket
  /**
   * Starts to listen.
   *
   * @param done called once, later
   * @returns withdraws the request, or closes the listener
   */
  listen(
    target: ListenTarget,
    done: (error: Error | null, listener: DriverListener | null) => void,
  ): () => void
  /**
   * Opens a socket for datagrams. Left out by a driver that has none.
   *
   * @param done called once, later
   * @returns withdraws the request, or closes the socket
   */
  udp?(
    target: DatagramSettings,
    done: (error: Error | null, socket: DriverDatagrams | null) => void,
  ): () => void
  /**
   * Calls back at the first SIGINT or SIGTERM. The system handles the next one: it ends the process
   * at once. Left out by a driver whose environment has no such signals.
   *
   * @returns removes the callback
   */
  onInterrupt?(callback: () => void): () => void
}

/** A host with a network of its own, which whatever runs on it uses by default. */
export interface NetworkHost extends Host {
  /** The driver of that network. */
  readonly driver: Driver
}
