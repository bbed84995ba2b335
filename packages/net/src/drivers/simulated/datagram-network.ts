/**
 * Datagrams in the simulated network: which socket has which address, and what happens to a
 * datagram on its way. A lost datagram, a copy, a delay: each is a choice of the schedule.
 */

import type { Host } from '@bluelet/scheduler/lowlevel'
import { Address } from '../../driver/address.js'
import type { DatagramSettings, DriverDatagrams, OutgoingDatagram } from '../../driver/protocol.js'
import { systemError } from '../../driver/system-errors.js'
import { isForMany, SimulatedDatagrams } from './datagrams.js'
import type { SocketNetwork } from './socket.js'

/** What happens to datagrams in a simulated network. */
export interface DatagramNetworkOptions {
  /** The share of datagrams that is lost: 0 to 1. Default: 0. */
  readonly loss?: number
  /** The share of datagrams that arrives twice: 0 to 1. Default: 0. */
  readonly duplicate?: number
  /**
   * How much longer than the latency a datagram takes, in milliseconds: a minimum and a maximum.
   * One may then overtake another. Default: datagrams of one sender arrive in order.
   */
  readonly reorder?: readonly [min: number, max: number]
  /** Datagrams with more bytes are lost: a positive integer. Default: 65,507, which loses none. */
  readonly mtu?: number
  /**
   * How many datagrams wait at a socket at most: a positive integer. Default: what the option
   * `queue` of the socket says.
   */
  readonly queue?: number
}

/** What datagrams need of their network. */
export interface DatagramSurroundings extends SocketNetwork {
  choose(n: number): number
}

/** Ephemeral ports (RFC 6335). */
const FIRST_PORT = 49_152
const LAST_PORT = 65_535

/** A share is a number of ways among at most this many. */
const MAX_WAYS = 1000

export class DatagramNetwork {
  readonly network: DatagramSurroundings
  /** How many datagrams wait at a socket at most. */
  readonly queue: number
  readonly #loss: Share
  readonly #duplicate: Share
  readonly #reorder: readonly [min: number, max: number] | undefined
  readonly #mtu: number
  /** The codes of addresses outside of this machine. */
  readonly #outside: Readonly<Record<string, string>>
  readonly #sockets = new Set<SimulatedDatagrams>()
  #lastPort = FIRST_PORT - 1

  /** @throws RangeError if an option is invalid */
  constructor(
    network: DatagramSurroundings,
    options: {
      readonly datagrams?: DatagramNetworkOptions
      readonly addresses?: Readonly<Record<string, string>>
    },
  ) {
    const { loss = 0, duplicate = 0, reorder, mtu, queue } = options.datagrams ?? {}
    this.network = network
    this.queue = count(queue, 'queue')
    this.#loss = shareOf(loss, 'loss')
    this.#duplicate = shareOf(duplicate, 'duplicate')
    this.#mtu = count(mtu, 'mtu')
    this.#outside = options.addresses ?? {}
    if (reorder === undefined) return
    const [min, max] = reorder
    if (!(min >= 0 && max >= min && Number.isFinite(max))) {
      throw new RangeError(
        `datagrams: reorder: expected [min, max] in ms >= 0, got ${JSON.stringify(reorder)}`,
      )
    }
    this.#reorder = [min, max]
  }

  get host(): Host {
    return this.network.host
  }

  open(
    target: DatagramSettings,
    done: (error: Error | null, socket: DriverDatagrams | null) => void,
  ): () => void {
    let socket: SimulatedDatagrams | null = null
    let withdrawn = false
    this.host.at(this.host.now(), () => {
      if (withdrawn) return
      const address = new Address(target.host || '::', target.port === 0 ? this.#freePort() : target.port)
      const made = new SimulatedDatagrams(this, address, target)
      const code = this.network.operation('bind', address, undefined) ?? this.#refusal(made)
      if (code !== undefined) return done(systemError(code, 'bind'), null)
      socket = made
      this.#sockets.add(made)
      this.network.register(made)
      done(null, made)
    })
    return () => {
      withdrawn = true
      socket?.close()
    }
  }

  closed(socket: SimulatedDatagrams): void {
    this.#sockets.delete(socket)
    this.network.unregister(socket)
  }

  /** A socket sends: the datagram is on its way, or lost. */
  carry(from: SimulatedDatagrams, { data }: OutgoingDatagram, to: Address): void {
    const bytes = Buffer.from(data)
    if (bytes.length > this.#mtu || this.#outside[to.host] === 'hang' || this.#happens(this.#loss)) {
      const now = this.host.now()
      const { packets } = this.network
      packets.tell('lost', packets.sent(from.addressTowards(to), to, bytes.length, now, now))
      return
    }
    const copies = this.#happens(this.#duplicate) ? 2 : 1
    for (let i = 0; i < copies; i++) this.#send(from, bytes.length, to, () => this.#arrive(from, bytes, to))
  }

  #send(from: SimulatedDatagrams, bytes: number, to: Address, arrive: () => void): void {
    const sender = from.addressTowards(to)
    if (this.#reorder === undefined) {
      from.wire.send(arrive, bytes, sender, to)
      return
    }
    const [min, max] = this.#reorder
    const extra = min + this.network.choose(Math.floor(max - min) + 1)
    const now = this.host.now()
    const due = now + this.network.latency() + extra
    const { packets } = this.network
    const packet = packets.sent(sender, to, bytes, now, due)
    this.host.at(due, () => {
      packets.tell('arrived', packet)
      arrive()
    })
  }

  #arrive(from: SimulatedDatagrams, bytes: Buffer, to: Address): void {
    const sender = from.addressTowards(to)
    const receivers = this.#outside[to.host] === undefined ? this.#receiversOf(to, sender, from) : []
    for (const receiver of receivers) receiver.arrived(Buffer.from(bytes), sender)
    if (receivers.length > 0 || isForMany(to)) return
    const code = this.#outside[to.host] ?? 'ECONNREFUSED'
    from.wire.send(() => from.refused(to, systemError(code, 'recvmsg')), 0, to, sender)
  }

  #receiversOf(to: Address, sender: Address, from: SimulatedDatagrams): SimulatedDatagrams[] {
    const candidates = [...this.#sockets].filter((socket) => socket.receivesAt(to, sender))
    if (isForMany(to)) return candidates.filter((socket) => socket !== from || from.loopback)
    // As in Linux, a connected socket comes first, then one with that very address.
    const rank = Math.max(...candidates.map((socket) => socket.rankFor(to)))
    const best = candidates.filter((socket) => socket.rankFor(to) === rank)
    return best.length === 0 ? [] : [best[this.network.choose(best.length)] as SimulatedDatagrams] // One of them.
  }

  /** Why a socket cannot have its address: a code. */
  #refusal(socket: SimulatedDatagrams): string | undefined {
    const { address } = socket
    if (this.#outside[address.host] !== undefined) return 'EADDRNOTAVAIL'
    const conflicts = [...this.#sockets].some((other) => {
      const same = other.address.host === address.host
      const overlaps = same || other.isForEvery(address) || socket.isForEvery(other.address)
      return other.address.port === address.port && overlaps && !socket.sharesWith(other)
    })
    return conflicts ? 'EADDRINUSE' : undefined
  }

  #freePort(): number {
    const taken = new Set([...this.#sockets].map(({ address }) => address.port))
    do this.#lastPort = this.#lastPort === LAST_PORT ? FIRST_PORT : this.#lastPort + 1
    while (taken.has(this.#lastPort))
    return this.#lastPort
  }

  #happens({ ways, among }: Share): boolean {
    return ways > 0 && this.network.choose(among) >= among - ways
  }
}

/** A probability: the last `ways` of `among` ways. Way 0 is that nothing happens. */
interface Share {
  readonly ways: number
  readonly among: number
}

/** The share with the fewest ways, since each of them is one more to explore. */
function shareOf(share: number, name: string): Share {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(`datagrams: ${name}: expected a share from 0 to 1, got ${share}`)
  }
  let among = 1
  while (among < MAX_WAYS && Math.abs(share * among - Math.round(share * among)) > 1e-9) among++
  return { ways: Math.round(share * among), among }
}

function count(value: number | undefined, name: string): number {
  if (value === undefined) return Number.POSITIVE_INFINITY
  if (Number.isInteger(value) && value > 0) return value
  throw new RangeError(`datagrams: ${name}: expected a positive integer, got ${value}`)
}
