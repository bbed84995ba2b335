/**
 * The `simulated` driver: a network in memory. What happens in it, and when, depends only on its
 * options and on its schedule: it reads no clock but the host's, and draws no random numbers of its
 * own.
 */

import type { Host } from '@bluelet/scheduler/lowlevel'
import type { Schedule } from '@bluelet/scheduler/testing'
import { shown } from '../../check.js'
import { Address, UNNAMED } from '../../driver/address.js'
import type { DnsAnswer, DnsQuery } from '../../driver/dns.js'
import { addressOf, type ConnectTarget, type HostEndpoint } from '../../driver/endpoint.js'
import type { Packet, PacketSource } from '../../driver/packets.js'
import type { Driver, DriverListener, DriverSocket, ListenTarget } from '../../driver/protocol.js'
import { listenErrorOf, systemError } from '../../driver/system-errors.js'
import { DatagramNetwork, type DatagramNetworkOptions } from './datagram-network.js'
import { SimulatedListener } from './listener.js'
import { addressesOf, recordsOf, type SimulatedNames, type SimulatedRecords } from './names.js'
import { type PacketListener, Packets } from './packets.js'
import { type OperationKind, SimulatedSocket } from './socket.js'

/**
 * As on Linux, a connect that finds the backlog full is tried again after 1, 2, 4 ... 32 seconds,
 * and fails 64 seconds later. In milliseconds.
 */
const FIRST_RETRY = 1000
const LAST_RETRY = 64_000

/** Ephemeral ports (RFC 6335). */
const FIRST_PORT = 49_152
const LAST_PORT = 65_535

const DEFAULT_LATENCY = 1
const DEFAULT_BUFFER = 65_536

/** One operation of the network. */
export interface Operation {
  /** Its number among all operations of the network, from 0. */
  readonly number: number
  /** The kind of operation. */
  readonly kind: OperationKind
  /** The address of the socket, or of the listener. */
  readonly local: Address | undefined
  /** The address of the peer. */
  readonly remote: Address | undefined
}

/** Options of a simulated network. By default it is fast and without faults. */
export interface NetworkOptions {
  /**
   * How long a packet takes, in milliseconds: a fixed time, or a minimum and a maximum. Default: 1.
   */
  readonly latency?: number | readonly [min: number, max: number]
  /**
   * Whether sent bytes are split at random, and a send takes only a part of them. Default: false.
   */
  readonly fragment?: boolean
  /**
   * How many bytes the send buffer and the receive buffer of a socket each hold. Default: 65,536.
   */
  readonly buffer?: number
  /**
   * The addresses of names; or a code such as `'ENOTFOUND'` or `'EAI_AGAIN'` with which the look-up
   * fails; or `'hang'`. Other names do not exist, except `localhost`.
   */
  readonly names?: SimulatedNames
  /**
   * The records of names, by type (`{ 'example.com': { MX: [...] } }`), for `resolve`; or a code
   * such as `'ESERVFAIL'` with which the question fails; or `'hang'`. The addresses of `names` are
   * records, too.
   */
  readonly records?: SimulatedRecords
  /**
   * Addresses outside of this machine: a connect to one fails with its code, such as
   * `'ECONNREFUSED'`, or hangs (`'hang'`). Every other address belongs to this machine. A path has
   * a code, too: `'EACCES'`.
   */
  readonly addresses?: Readonly<Record<string, string>>
  /** What happens to datagrams. By default they all arrive, once and in order. */
  readonly datagrams?: DatagramNetworkOptions
  /**
   * Called for each operation. Gives the code of the error with which it fails, if it is to fail.
   */
  readonly fault?: (operation: Operation) => string | undefined
}

/** An established connection: two ends and the wires between them. */
export class Link {
  readonly #client: SimulatedSocket
  readonly #server: SimulatedSocket

  /** @internal */
  constructor(client: SimulatedSocket, server: SimulatedSocket) {
    this.#client = client
    this.#server = server
  }

  /** The address of the end that has connected. */
  get client(): Address {
    return this.#client.localAddress
  }

  /** The address of the end that has accepted. */
  get server(): Address {
    return this.#server.localAddress
  }

  /** The packets on their way between the two ends, in the order in which they were sent. */
  get inFlight(): readonly Packet[] {
    const packets = [this.#client, this.#server].flatMap(({ wire }) => wire.inFlight)
    return packets.sort((a, b) => a.id - b.id)
  }

  /** Resets both ends. */
  reset(): void {
    for (const end of [this.#client, this.#server]) end.fail(systemError('ECONNRESET', 'read'))
  }

  /** Holds back all packets, in both directions, until `resume()`. */
  stall(): void {
    for (const end of [this.#client, this.#server]) end.wire.stall()
  }

  /** Delivers packets again, those that were held back first. */
  resume(): void {
    for (const end of [this.#client, this.#server]) end.wire.resume()
  }

  /** @internal */
  get closed(): boolean {
    return this.#client.closed && this.#server.closed
  }
}

/** A network in memory. */
export class SimulatedNetwork implements Driver, PacketSource {
  /** `simulated`. */
  readonly name: string = 'simulated'
  /** Opens a socket for datagrams. */
  readonly udp: NonNullable<Driver['udp']>
  /** @internal */ readonly host: Host
  /** @internal */ readonly buffer: number
  /** @internal */ readonly packets: Packets = new Packets()
  readonly #schedule: Schedule
  readonly #latency: readonly [min: number, max: number]
  readonly #options: NetworkOptions
  readonly #listeners = new Set<SimulatedListener>()
  /** The listener at each path, the last one if it has replaced others. */
  readonly #paths = new Map<string, SimulatedListener>()
  /** Open sockets and listeners. */
  readonly #open = new Set<object>()
  readonly #links = new Set<Link>()
  /** By socket. */
  readonly #linkOf = new WeakMap<object, Link>()
  #operations = 0
  /** The ephemeral port that was given last. */
  #lastPort = FIRST_PORT - 1

  /**
   * Makes an empty network.
   *
   * @param host has the clock of the network
   * @param schedule makes the random choices
   * @param options its latency, its buffers, its names, its faults
   * @throws RangeError if the latency, the buffer or an option of datagrams is invalid
   */
  constructor(host: Host, schedule: Schedule, options: NetworkOptions = {}) {
    const { latency = DEFAULT_LATENCY, buffer = DEFAULT_BUFFER } = options
    const [min, max] = typeof latency === 'number' ? [latency, latency] : latency
    if (!(min >= 0 && max >= min && Number.isFinite(max))) {
      throw new RangeError(`latency: expected ms >= 0, or [min, max], got ${JSON.stringify(latency)}`)
    }
    if (!Number.isInteger(buffer) || buffer < 1) {
      throw new RangeError(`buffer: expected a positive integer, got ${buffer}`)
    }
    this.host = host
    this.buffer = buffer
    this.#schedule = schedule
    this.#latency = [min, max]
    this.#options = options
    const datagrams = new DatagramNetwork(this, options)
    this.udp = (target, done) => datagrams.open(target, done)
  }

  /** How many operations the network has performed. */
  get operations(): number {
    return this.#operations
  }

  /** How many sockets and listeners are open, each of which would hold a descriptor. */
  get descriptors(): number {
    return this.#open.size
  }

  /** The established connections, in the order in which they were made. */
  get links(): readonly Link[] {
    return [...this.#links]
  }

  /**
   * Calls back for each packet that is sent, that arrives or is lost: the steps of a handshake,
   * bytes of a stream, its end, the message that a reader has room again, a reset, a datagram. For
   * viewers; the listener must not use the network.
   *
   * @param listener is called with what happened, and the packet
   * @returns stops calling back
   * @throws TypeError if the listener is no function
   */
  onPacket(listener: PacketListener): () => void {
    if (typeof listener !== 'function') {
      throw new TypeError(`onPacket(listener): expected a function, got ${shown(listener)}`)
    }
    return this.packets.listen(listener)
  }

  lookup(host: string, done: (error: Error | null, addresses: readonly string[]) => void): void {
    const { names = {} } = this.#options
    const answer = this.operation('lookup', undefined, undefined) ?? addressesOf(names, host)
    if (answer === 'hang') return
    this.#after(this.latency(), () => {
      if (typeof answer === 'string') done(systemError(answer, `getaddrinfo ${host}:`), [])
      else done(null, answer)
    })
  }

  resolve({ name, type }: DnsQuery, done: DnsAnswer): () => void {
    const { names = {}, records = {} } = this.#options
    const answer = this.operation('lookup', undefined, undefined) ?? recordsOf(names, records, name, type)
    if (answer !== 'hang') {
      this.#after(this.latency(), () => {
        if (typeof answer === 'string') done(systemError(answer, `query${type} ${name}:`), [])
        else done(null, answer)
      })
    }
    return () => {}
  }

  connect(target: ConnectTarget): DriverSocket {
    const [local, remote] = this.#endsOf(target)
    const socket = new SimulatedSocket(this, local, remote)
    this.register(socket)
    const place = 'path' in target ? target.path : target.host
    const failure =
      this.operation('connect', socket.localAddress, remote) ?? this.#options.addresses?.[place] ?? ''
    if (failure === '') socket.wire.send(() => this.#arrive(socket, FIRST_RETRY))
    else if (failure !== 'hang') socket.wire.send(() => socket.fail(systemError(failure, 'connect')))
    return socket
  }

  #endsOf(target: ConnectTarget): readonly [local: Address, remote: Address] {
    if ('path' in target) return [UNNAMED, addressOf(target)]
    const remote = new Address(withoutScope(target.host), target.port)
    return [new Address(remote.host, this.#freePort()), remote]
  }

  listen(
    target: ListenTarget,
    done: (error: Error | null, listener: DriverListener | null) => void,
  ): () => void {
    let listener: SimulatedListener | null = null
    let withdrawn = false
    const open = (error: Error | null, address: Address) => {
      if (withdrawn) return
      const made = new SimulatedListener(this, address, target)
      const failure = error ?? this.#refusal(made, this.operation('listen', address, undefined))
      if (failure !== null) return done(listenErrorOf(failure, target), null)
      this.register(made)
      listener = made
      this.#listeners.add(listener)
      if (address.path !== undefined) this.#paths.set(address.path, listener)
      done(null, listener)
    }
    if ('fd' in target) this.#after(0, () => open(systemError('ENOTSUP', 'listen'), UNNAMED))
    else if ('path' in target) this.#after(0, () => open(null, addressOf(target)))
    else this.#resolve(target, open)
    return () => {
      withdrawn = true
      listener?.close()
    }
  }

  /** Gives the address on which to listen, later. */
  #resolve({ host, port }: HostEndpoint, done: (error: Error | null, address: Address) => void): void {
    const answer = (error: Error | null, addresses: readonly string[]) => {
      const unknown = addresses.length === 0 ? systemError('ENOTFOUND', `getaddrinfo ${host}:`) : null
      done(
        error ?? unknown,
        new Address(withoutScope(addresses[0] ?? ''), port === 0 ? this.#freePort() : port),
      )
    }
    if (host === '') this.#after(0, () => answer(null, ['::']))
    else this.lookup(host, answer)
  }

  // Called by sockets and listeners.

  /** @internal */
  latency(): number {
    const [min, max] = this.#latency
    return min + this.choose(Math.floor(max - min) + 1)
  }

  /** @internal */
  piece(bytes: number): number {
    return this.#options.fragment === true ? bytes - this.choose(bytes) : bytes
  }

  /** @internal */
  operation(
    kind: OperationKind,
    local: Address | undefined,
    remote: Address | undefined,
  ): string | undefined {
    const number = this.#operations++
    return this.#options.fault?.({ number, kind, local, remote })
  }

  /** @internal */
  register(socket: object): void {
    this.#open.add(socket)
  }

  /** @internal */
  unregister(socket: object): void {
    this.#open.delete(socket)
    const link = this.#linkOf.get(socket)
    if (link?.closed) this.#links.delete(link)
    const listener = socket as SimulatedListener // Nothing is deleted if it is not a listener.
    if (!this.#listeners.delete(listener)) return
    const { path } = listener.address
    // Another listener may have replaced its file.
    if (path !== undefined && this.#paths.get(path) === listener) this.#paths.delete(path)
  }

  /** A connect arrives at its address. */
  #arrive(client: SimulatedSocket, retry: number): void {
    if (client.closed) return
    const listener = this.#listenerAt(client.remoteAddress)
    const isPath = client.remoteAddress.path !== undefined
    if (listener === undefined || (isPath && listener.full)) {
      const code = isPath ? (listener === undefined ? 'ENOENT' : 'EAGAIN') : 'ECONNREFUSED'
      this.#after(this.latency(), () => client.fail(systemError(code, 'connect')))
    } else if (listener.full) {
      this.#after(retry, () => {
        if (retry === LAST_RETRY) client.fail(systemError('ETIMEDOUT', 'connect'))
        else this.#arrive(client, 2 * retry)
      })
    } else {
      const server = new SimulatedSocket(this, client.remoteAddress, client.localAddress)
      listener.expect(client)
      server.wire.send(() => this.#answer(client, server, listener))
    }
  }

  /** The answer arrives at a client. Its confirmation brings the connection to the listener. */
  #answer(client: SimulatedSocket, server: SimulatedSocket, listener: SimulatedListener): void {
    if (client.closed) return
    const link = new Link(client, server)
    this.#links.add(link)
    this.#linkOf.set(client, link).set(server, link)
    client.wire.send(() => {
      server.established(client)
      listener.arrived(server, client)
    })
    client.established(server)
  }

  /** A listener for an address: one with that very address, or else one for every address. */
  #listenerAt(to: Address): SimulatedListener | undefined {
    if (to.path !== undefined) return this.#paths.get(to.path)
    const listeners = [...this.#listeners].filter(({ address }) => address.port === to.port)
    const own = listeners.filter(({ address }) => address.host === to.host)
    const candidates = own.length > 0 ? own : listeners.filter((listener) => listener.isForEvery(to))
    return candidates[this.choose(candidates.length)]
  }

  /** Why a listener cannot have its address; null if it can. */
  #refusal(listener: SimulatedListener, fault: string | undefined): Error | null {
    const { address, shared } = listener
    if (fault !== undefined) return systemError(fault, 'listen')
    if (address.path !== undefined) {
      const taken = this.#paths.has(address.path) && !listener.replaces
      return taken ? systemError('EADDRINUSE', 'listen') : null
    }
    if (this.#options.addresses?.[address.host] !== undefined) return systemError('EADDRNOTAVAIL', 'listen')
    const inUse = [...this.#listeners].some(
      (other) =>
        other.address.port === address.port &&
        !(shared && other.shared) &&
        (other.address.host === address.host ||
          other.isForEvery(address) ||
          listener.isForEvery(other.address)),
    )
    return inUse ? systemError('EADDRINUSE', 'listen') : null
  }

  #freePort(): number {
    const taken = new Set([...this.#listeners].map(({ address }) => address.port))
    do this.#lastPort = this.#lastPort === LAST_PORT ? FIRST_PORT : this.#lastPort + 1
    while (taken.has(this.#lastPort))
    return this.#lastPort
  }

  /** @internal */
  choose(n: number): number {
    return n < 2 ? 0 : this.#schedule.choose(n)
  }

  #after(ms: number, call: () => void): void {
    this.host.at(this.host.now() + ms, call)
  }
}

/**
 * As in Linux, a scope means something to a link-local address (`fe80::1%eth0`) and is dropped from
 * others.
 */
function withoutScope(address: string): string {
  return /^fe[89ab]/i.test(address) ? address : address.replace(/%.*/, '')
}
