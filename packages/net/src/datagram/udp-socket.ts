/**
 * A socket for datagrams (UDP): what it sends arrives whole, or not at all, and in any order.
 */

import { ClosedError, type Coroutine, type Event } from '@bluelet/scheduler'
import {
  type EventHandler,
  event,
  hastenCall,
  ofLibrary,
  type Waiter,
  withdrawCall,
} from '@bluelet/scheduler/lowlevel'
import { checkFlag } from '../check.js'
import { Address } from '../driver/address.js'
import { endpointOf, type HostEndpoint, shownEndpoint } from '../driver/endpoint.js'
import type { Datagram, DatagramOption, Driver, DriverDatagrams } from '../driver/protocol.js'
import { systemError } from '../driver/system-errors.js'
import { ConnectError, codeOf, reasonOf } from '../errors.js'
import { lookup } from '../socket/lookup.js'
import {
  checkMaxDatagrams,
  checkTtl,
  type DatagramTarget,
  type DatagramToSend,
  type GroupOptions,
  membershipOf,
  outgoing,
  outgoingList,
} from './arguments.js'
import { ONE, ReceiveHalf } from './receive-half.js'
import { SendHalf } from './send-half.js'

/** The default of `recvMany`. */
const DEFAULT_MAX = 64

/** What the systems begin with. */
const DEFAULT_TTL = 64
const DEFAULT_MULTICAST_TTL = 1

/**
 * A socket for datagrams. What is sent to it arrives whole, or truncated to `maxSize`, in any
 * order, possibly twice, or not at all.
 */
export class UdpSocket {
  /** The driver of the socket. */
  readonly driver: Driver
  readonly #socket: DriverDatagrams
  /** The address that it was opened with: connecting can change that of the socket. */
  readonly #bound: Address
  readonly #receiveHalf: ReceiveHalf
  readonly #sendHalf: SendHalf
  #remoteAddress: Address | undefined
  #closed = false
  #ttl = DEFAULT_TTL
  #multicastTtl = DEFAULT_MULTICAST_TTL
  #loopback = true

  /** @internal */
  constructor(socket: DriverDatagrams, driver: Driver) {
    this.driver = driver
    this.#socket = socket
    this.#bound = socket.address
    this.#receiveHalf = new ReceiveHalf(socket, this)
    this.#sendHalf = new SendHalf(socket, this)
    socket.observer = this.#receiveHalf
  }

  /** The driver's socket. @internal */
  get socket(): DriverDatagrams {
    return this.#socket
  }

  /** Its address, with the real port. */
  get address(): Address {
    return this.#socket.address
  }

  /** The address of the peer that it is connected to; undefined if it is not connected. */
  get remoteAddress(): Address | undefined {
    return this.#remoteAddress
  }

  /**
   * How many datagrams were dropped because they were not received in time. On `epoll` these are
   * the ones for which the kernel's buffer had no room (since Linux 4.12, which counts them). On
   * `node` they are those beyond `queue`; it does not include those that the system dropped while
   * the process was busy, because Node does not count them.
   */
  get dropped(): number {
    return this.#socket.dropped
  }

  /** Whether `close()` has been called. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Event: connects the socket to one peer. It then receives from this peer only, sends to it
   * without an address, and learns that the peer refuses its datagrams. Nothing is sent. Connecting
   * again changes the peer; if that fails, the socket has none.
   *
   * Throws {@link ConnectError} if the name has no address that the socket can reach.
   *
   * @param host a name or an address
   * @param port 1 to 65535
   * @throws RangeError, TypeError if the host or the port is invalid
   */
  connect(host: string, port: number): Event<void> {
    const { endpoint } = endpointOf('connect', [host, port])
    if (!('host' in endpoint) || endpoint.host === '') {
      throw new TypeError("connect(host, port): expected a host, got ''")
    }
    if (port === 0) throw new RangeError('connect(host, port): expected a port from 1 to 65535, got 0')
    return event<void>(CONNECT, () => ofLibrary(settingPeer)(this.#connecting(endpoint)))
  }

  /**
   * Event: waits for a datagram and gives it. Only one task at a time can receive; another one gets
   * a {@link BusyError}. A task that is killed, or a timeout, loses no datagram.
   *
   * Throws {@link DatagramError} once if the peer of a connected socket has refused a datagram, and
   * {@link ClosedError} when the socket is closed.
   *
   * @example
   * using socket = yield* udp({ host: '127.0.0.1', port: 4915 })
   * while (true) {
   *   const { data, from } = yield* socket.recv()
   *   yield* socket.send(data, from)
   * }
   */
  recv(): Event<Datagram> {
    return event<Datagram>(this.#receiveHalf, ONE)
  }

  /**
   * Event: waits for datagrams and gives those that are there, at least one. This costs less than a
   * `recv` for each. It throws as `recv`.
   *
   * @param max how many it gives at most. Default: 64
   * @throws RangeError if it is not a positive integer
   */
  recvMany(max: number = DEFAULT_MAX): Event<Datagram[]> {
    return event<Datagram[]>(this.#receiveHalf, checkMaxDatagrams(max))
  }

  /**
   * Event: sends a datagram, and resumes when the system has taken it. That it arrives is not
   * certain. Several tasks may send: they queue.
   *
   * Throws {@link DatagramError} with the code `EMSGSIZE` if it has more than 65,507 bytes; or if
   * it cannot be sent for another reason; or once if the peer of a connected socket has refused an
   * earlier one. Throws {@link ClosedError} if the socket is closed.
   *
   * @param data its bytes, which must not change until the event has resumed; a string in UTF-8; an
   *   empty datagram is a datagram
   * @param to where it goes: a numeric host and a port. Left out on a connected socket
   * @throws TypeError, RangeError if the data or the address is invalid; at the yield if a
   *   connected socket is given an address, or another one is given none
   */
  send(data: string | Uint8Array, to?: DatagramTarget): Event<void> {
    const batch = [outgoing(data, to, 'send(data, to)')]
    return event<void>(this.#sendHalf, { batch, many: false })
  }

  /**
   * Event: sends datagrams in order, and gives how many the system has taken. This costs less than
   * a `send` for each.
   *
   * It gives fewer than the list has if one of them cannot be sent: sending the rest throws the
   * reason. If that is the first one, it throws as `send`, and has sent none.
   *
   * @throws TypeError, RangeError as `send`
   */
  sendMany(list: readonly DatagramToSend[]): Event<number> {
    return event<number>(this.#sendHalf, { batch: outgoingList(list), many: true })
  }

  /**
   * Joins a multicast group; a plain call. The socket then receives what is sent to the group and
   * its port.
   *
   * @param group the numeric address of the group
   * @throws TypeError if the group, the interface or the source is not an address of its kind;
   *   ClosedError if the socket is closed; else the system's error
   */
  join(group: string, options: GroupOptions = {}): void {
    const membership = membershipOf('join', group, options)
    this.#assertOpen('join(group)')
    this.#socket.join(membership)
  }

  /**
   * Leaves a multicast group that it has joined with the same options; a plain call.
   *
   * @param group the numeric address of the group
   * @throws as `join`
   */
  leave(group: string, options: GroupOptions = {}): void {
    const membership = membershipOf('leave', group, options)
    this.#assertOpen('leave(group)')
    this.#socket.leave(membership)
  }

  /**
   * How many routers a datagram passes at most: 1 to 255. Default: 64.
   *
   * @throws RangeError if it is set to another value; ClosedError if the socket is closed
   */
  get ttl(): number {
    return this.#ttl
  }

  /** Sets it. */
  set ttl(hops: number) {
    this.#ttl = this.#set('ttl', checkTtl(hops, 1, 'ttl'))
  }

  /**
   * How many routers a multicast datagram passes: 0 to 255; 0 means that it stays on this machine.
   * Default: 1.
   *
   * @throws RangeError if it is set to another value; ClosedError if the socket is closed
   */
  get multicastTtl(): number {
    return this.#multicastTtl
  }

  /** Sets it. */
  set multicastTtl(hops: number) {
    this.#multicastTtl = this.#set('multicastTtl', checkTtl(hops, 0, 'multicastTtl'))
  }

  /**
   * Whether multicast datagrams that it sends also reach the members of the group on this machine.
   * Default: true.
   *
   * @throws TypeError if it is set to another value; ClosedError if the socket is closed
   */
  get loopback(): boolean {
    return this.#loopback
  }

  /** Sets it. */
  set loopback(loopback: boolean) {
    checkFlag(loopback, 'loopback')
    this.#loopback = this.#set('loopback', loopback ? 1 : 0) === 1
  }

  /**
   * Closes the socket; a plain call that takes effect at once. Tasks that receive or send get a
   * {@link ClosedError}; datagrams that were not received are lost. Closing again does nothing.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#socket.close()
    this.#receiveHalf.close()
    this.#sendHalf.close()
  }

  /** Closes the socket, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  #set(option: DatagramOption, value: number): number {
    this.#assertOpen(option)
    this.#socket.set(option, value)
    return value
  }

  #assertOpen(operation: string): void {
    if (this.#closed) throw new ClosedError(`${operation}: the socket is closed`)
  }

  *#connecting(to: HostEndpoint): Coroutine<void> {
    this.#assertOpen(`connect(${shownEndpoint(to)})`)
    const addresses = yield* lookup(this.driver, to)
    const bound = this.#bound
    // A socket of IPv6 reaches IPv4 as well, unless its own address is one of IPv6.
    const host = addresses.find((host) => new Address(host, to.port).family === bound.family)
    const usable = host ?? (bound.host === '::' ? addresses[0] : undefined)
    this.#assertOpen(`connect(${shownEndpoint(to)})`)
    const error: Error | null =
      usable === undefined
        ? systemError('EAFNOSUPPORT', 'connect')
        : yield* this.#attaching(new Address(usable, to.port))
    this.#assertOpen(`connect(${shownEndpoint(to)})`)
    if (error === null) return
    const reason = `${reasonOf(error)}; the socket is that of ${bound}`
    throw new ConnectError(`connect(${shownEndpoint(to)}) failed: ${reason}`, codeOf(error), [error])
  }

  #attaching(peer: Address): Event<Error | null> {
    this.#setPeer(undefined)
    const attached = (): void => this.#setPeer(peer)
    return event<Error | null>(ATTACH, { owner: this, socket: this.#socket, peer, attached })
  }

  #setPeer(peer: Address | undefined): void {
    this.#remoteAddress = peer
    this.#sendHalf.connected = peer !== undefined
  }
}

function* settingPeer(connects: Coroutine<void>): Coroutine<void> {
  yield* connects
}

const CONNECT: EventHandler<() => Coroutine<void>, ReturnType<Waiter['call']>, void> = {
  name: 'connect',
  enter: (waiter, start) => waiter.call(start(), 'connect'),
  withdraw: withdrawCall,
  hasten: hastenCall,
}

interface Attachment {
  readonly owner: UdpSocket
  readonly socket: DriverDatagrams
  readonly peer: Address
  /** Called when the socket has been connected, also after a withdrawal. */
  readonly attached: () => void
}

/** Connects the driver's socket. A withdrawal ends the wait, and not the connecting. */
const ATTACH: EventHandler<Attachment, { waiter: Waiter<Error | null> | null }, Error | null> = {
  name: 'connect',
  external: 'datagram',
  describe: ({ peer: { host, port } }) => `connect(${shownEndpoint({ host, port })})`,
  on: ({ owner }) => owner,
  enter(waiter, { socket, peer, attached }) {
    const wait: { waiter: Waiter<Error | null> | null } = { waiter }
    socket.connect(peer, (error) => {
      if (error === null) attached()
      const waiting = wait.waiter
      wait.waiter = null
      waiting?.resume(error)
    })
    return wait
  },
  withdraw(_waiter, _attachment, wait) {
    wait.waiter = null
  },
}
