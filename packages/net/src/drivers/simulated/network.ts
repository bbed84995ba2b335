/**
 * The `simulated` driver: a network in memory. What happens there, and when, depends on nothing but its options and the
 * schedule that it asks.
 */

import type { Host } from '@bluelet/scheduler/lowlevel'
import type { Schedule } from '@bluelet/scheduler/testing'
import { Address } from '../../driver/address.js'
import type { Driver, DriverListener, DriverSocket, ListenTarget } from '../../driver/protocol.js'
import { listenErrorOf, systemError } from '../../driver/system-errors.js'
import { SimulatedListener } from './listener.js'
import { type OperationKind, SimulatedSocket } from './socket.js'

/** As Linux does: a connect that no listener has room for is tried again after 1, 2, 4 ... 32 seconds, and fails 64 later. */
const RETRY_MS = 1000
const LAST_RETRY_MS = 64_000

/** Ephemeral ports: RFC 6335. */
const FIRST_PORT = 49_152
const LAST_PORT = 65_535

const DEFAULT_LATENCY_MS = 1
const DEFAULT_BUFFER = 65_536

/** One try of an operation of the network's. */
export interface Operation {
  /** Counts every operation of the network, from 0. */
  readonly number: number
  /** What is tried. */
  readonly kind: OperationKind
  /** Our end, or the listener's address. */
  readonly local: Address | undefined
  /** The other end. */
  readonly remote: Address | undefined
}

/** What a simulated network is like; by default one that does its best. */
export interface NetworkOptions {
  /** How long a packet takes, in milliseconds: always the same, or from the least to the most. By default 1. */
  readonly latency?: number | readonly [least: number, most: number]
  /** Whether what is sent is cut, by chance, into pieces of any size, and a send takes only a part. By default false. */
  readonly fragment?: boolean
  /** How many bytes each buffer of a socket holds, one for what it sends and one for what it receives; by default 65,536. */
  readonly buffer?: number
  /**
   * What names stand for: addresses; a code such as `'ENOTFOUND'` or `'EAI_AGAIN'`, with which the look-up fails; or `'hang'`.
   * Any other name, but `localhost`, does not exist.
   */
  readonly names?: Readonly<Record<string, readonly string[] | string>>
  /**
   * Addresses that are not of this machine: a connect there fails with the code, such as `'ECONNREFUSED'`, or hangs
   * (`'hang'`). Every other address is one of this machine.
   */
  readonly addresses?: Readonly<Record<string, string>>
  /** Called for each operation: the code of the error that it is to fail with, if it is to. */
  readonly fault?: (operation: Operation) => string | undefined
}

/** Two ends and the wires between them. */
export class Link {
  readonly #client: SimulatedSocket
  readonly #server: SimulatedSocket

  /** @internal */
  constructor(client: SimulatedSocket, server: SimulatedSocket) {
    this.#client = client
    this.#server = server
  }

  /** The end that has connected. */
  get client(): Address {
    return this.#client.localAddress
  }

  /** The end that was connected to. */
  get server(): Address {
    return this.#server.localAddress
  }

  /** Breaks the connection: both ends are reset. */
  reset(): void {
    for (const end of [this.#client, this.#server]) end.fail(systemError('ECONNRESET', 'read'))
  }

  /** Lets nothing through, in either direction, until `resume()`. */
  stall(): void {
    for (const end of [this.#client, this.#server]) end.wire.stall()
  }

  /** Lets through again, first what was held back. */
  resume(): void {
    for (const end of [this.#client, this.#server]) end.wire.resume()
  }

  /** @internal */
  get closed(): boolean {
    return this.#client.closed && this.#server.closed
  }
}

/** A network in memory. */
export class SimulatedNetwork implements Driver {
  /** `simulated`. */
  readonly name: string
  /** @internal */ readonly host: Host
  /** @internal */ readonly buffer: number
  readonly #schedule: Schedule
  readonly #latency: readonly [least: number, most: number]
  readonly #options: NetworkOptions
  readonly #listeners: Set<SimulatedListener>
  readonly #open: Set<object>
  readonly #links: Set<Link>
  readonly #linkOf: WeakMap<object, Link>
  #operations: number
  #lastPort: number

  /**
   * Makes a network without anything in it.
   *
   * @param host whose clock it goes by
   * @param schedule decides what is left to chance
   * @param options what it is like
   * @throws RangeError for a latency or a buffer that is none
   */
  constructor(host: Host, schedule: Schedule, options: NetworkOptions = {}) {
    const { latency = DEFAULT_LATENCY_MS, buffer = DEFAULT_BUFFER } = options
    const [least, most] = typeof latency === 'number' ? [latency, latency] : latency
    if (!(least >= 0 && most >= least && Number.isFinite(most))) {
      throw new RangeError(
        `latency: expected milliseconds >= 0, the least first, got ${JSON.stringify(latency)}`,
      )
    }
    if (!Number.isInteger(buffer) || buffer < 1) {
      throw new RangeError(`buffer: expected a positive integer, got ${buffer}`)
    }
    this.name = 'simulated'
    this.host = host
    this.buffer = buffer
    this.#schedule = schedule
    this.#latency = [least, most]
    this.#options = options
    this.#listeners = new Set()
    this.#open = new Set()
    this.#links = new Set()
    this.#linkOf = new WeakMap()
    this.#operations = 0
    this.#lastPort = FIRST_PORT - 1
  }

  /** How many operations there have been. */
  get operations(): number {
    return this.#operations
  }

  /** How many sockets and listeners are open: what would hold a descriptor. */
  get descriptors(): number {
    return this.#open.size
  }

  /** The connections that there are, in the order in which they were made. */
  get links(): readonly Link[] {
    return [...this.#links]
  }

  lookup(host: string, done: (error: Error | null, addresses: readonly string[]) => void): void {
    const { names = {} } = this.#options
    const found = isNumeric(host)
      ? [host]
      : (names[host] ?? (host === 'localhost' ? ['127.0.0.1'] : 'ENOTFOUND'))
    const answer = this.operation('lookup', undefined, undefined) ?? found
    if (answer === 'hang') return
    this.#after(this.latency(), () => {
      if (typeof answer === 'string') done(systemError(answer, `getaddrinfo ${host}:`), [])
      else done(null, answer)
    })
  }

  connect(address: string, port: number): DriverSocket {
    const remote = new Address(address, port)
    const socket = new SimulatedSocket(this, new Address(address, this.#freePort()), remote)
    this.opened(socket)
    const fate =
      this.operation('connect', socket.localAddress, remote) ?? this.#options.addresses?.[address] ?? ''
    if (fate === '') socket.wire.send(() => this.#arrive(socket, RETRY_MS))
    else if (fate !== 'hang') socket.wire.send(() => socket.fail(systemError(fate, 'connect')))
    return socket
  }

  listen(
    target: ListenTarget,
    done: (error: Error | null, listener: DriverListener | null) => void,
  ): () => void {
    let listener: SimulatedListener | null = null
    let givenUp = false
    const open = (error: Error | null, addresses: readonly string[]) => {
      if (givenUp) return
      const address = new Address(addresses[0] ?? '', target.port === 0 ? this.#freePort() : target.port)
      const unknown = addresses.length === 0 ? systemError('ENOTFOUND', `getaddrinfo ${target.host}:`) : null
      const made = new SimulatedListener(this, address, target)
      const failure = error ?? unknown ?? this.#refusal(made, this.operation('listen', address, undefined))
      if (failure !== null) return done(listenErrorOf(failure, target), null)
      this.opened(made)
      listener = made
      this.#listeners.add(listener)
      done(null, listener)
    }
    if (target.host === '') this.#after(0, () => open(null, ['::']))
    else this.lookup(target.host, open)
    return () => {
      givenUp = true
      listener?.close()
    }
  }

  // What the sockets ask of it.

  /** @internal */
  latency(): number {
    const [least, most] = this.#latency
    return least + this.#choose(Math.floor(most - least) + 1)
  }

  /** @internal */
  piece(bytes: number): number {
    return this.#options.fragment === true ? bytes - this.#choose(bytes) : bytes
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
  opened(socket: object): void {
    this.#open.add(socket)
  }

  /** @internal */
  closed(socket: object): void {
    this.#open.delete(socket)
    const link = this.#linkOf.get(socket)
    if (link?.closed) this.#links.delete(link)
    this.#listeners.delete(socket as SimulatedListener) // Or it is none, and not there.
  }

  /** A connect has reached its address. */
  #arrive(client: SimulatedSocket, retryMs: number): void {
    if (client.closed) return
    const listener = this.#listenerAt(client.remoteAddress)
    if (listener === undefined) {
      this.#after(this.latency(), () => client.fail(systemError('ECONNREFUSED', 'connect')))
    } else if (listener.full) {
      this.#after(retryMs, () => {
        if (retryMs === LAST_RETRY_MS) client.fail(systemError('ETIMEDOUT', 'connect'))
        else this.#arrive(client, 2 * retryMs)
      })
    } else {
      const server = new SimulatedSocket(this, client.remoteAddress, client.localAddress)
      server.established(client)
      server.wire.send(() => client.established(server))
      const link = new Link(client, server)
      this.#links.add(link)
      this.#linkOf.set(client, link).set(server, link)
      listener.arrived(server)
    }
  }

  /** Who listens there: for the very address, or else for every one. */
  #listenerAt(to: Address): SimulatedListener | undefined {
    const listeners = [...this.#listeners].filter(({ address }) => address.port === to.port)
    const own = listeners.filter(({ address }) => address.host === to.host)
    const those = own.length > 0 ? own : listeners.filter((listener) => listener.isForEvery(to))
    return those[this.#choose(those.length)]
  }

  /** Why nobody can listen there; null if somebody can. */
  #refusal(listener: SimulatedListener, fault: string | undefined): Error | null {
    const { address, shared } = listener
    if (fault !== undefined) return systemError(fault, 'listen')
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

  #choose(n: number): number {
    return n < 2 ? 0 : this.#schedule.choose(n)
  }

  #after(ms: number, call: () => void): void {
    this.host.at(this.host.now() + ms, call)
  }
}

function isNumeric(host: string): boolean {
  return host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host)
}
