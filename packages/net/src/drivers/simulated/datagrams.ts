/**
 * A socket for datagrams of the simulated network. It never calls an observer within a try:
 * everything happens when a datagram arrives, or by the host's clock.
 */

import { Address, isMulticast, isWildcard } from '../../driver/address.js'
import {
  type Datagram,
  type DatagramOption,
  type DatagramSettings,
  type DriverDatagrams,
  type GroupMembership,
  type Observer,
  type OutgoingDatagram,
  READABLE,
} from '../../driver/protocol.js'
import { systemError } from '../../driver/system-errors.js'
import { WITHOUT_EFFECT } from './socket.js'
import { Wire, type WireNetwork } from './wire.js'

/** The address of every machine of the network. */
const BROADCAST = '255.255.255.255'

/** Whether what is sent to an address reaches every socket that receives there. */
export function isForMany({ host }: Address): boolean {
  return host === BROADCAST || isMulticast(host)
}

/** What a socket needs of its network. */
interface Network {
  readonly network: WireNetwork & {
    operation(
      kind: 'connect' | 'receive' | 'send',
      local: Address,
      remote: Address | undefined,
    ): string | undefined
  }
  /** How many datagrams wait at a socket at most. */
  readonly queue: number
  carry(from: SimulatedDatagrams, datagram: OutgoingDatagram, to: Address): void
  closed(socket: SimulatedDatagrams): void
}

export class SimulatedDatagrams implements DriverDatagrams {
  observer: Observer | null = null
  address: Address
  dropped = 0
  /** Whether it receives what it sends to its own groups. */
  loopback = true
  /** What it sends, in order. */
  readonly wire: Wire
  readonly #world: Network
  /** The address that it was opened with. */
  readonly #bound: Address
  readonly #settings: DatagramSettings
  readonly #maxWaiting: number
  #waiting: Datagram[] = []
  readonly #memberships = new Set<string>()
  #peer: Address | undefined
  /** What the peer has caused, until it is thrown. */
  #error: Error | null = null
  #closed = false

  constructor(world: Network, address: Address, settings: DatagramSettings) {
    this.address = address
    this.wire = new Wire(world.network, address, address)
    this.#world = world
    this.#bound = address
    this.#settings = settings
    this.#maxWaiting = Math.min(settings.queue, world.queue)
  }

  receive(max: number): Datagram[] | null {
    const code = this.#world.network.operation('receive', this.address, this.#peer)
    if (code !== undefined && WITHOUT_EFFECT.has(code)) {
      if (this.#waiting.length > 0 || this.#error !== null) this.#later(() => this.observer?.ready(READABLE))
      return null
    }
    if (code !== undefined) throw systemError(code, 'recvmsg')
    this.#throwError()
    return this.#waiting.length > 0 ? this.#waiting.splice(0, max) : null
  }

  send(batch: readonly OutgoingDatagram[], done: (sent: number, error: Error | null) => void): () => void {
    let withdrawn = false
    const go = (start: number): void => {
      if (withdrawn || this.#closed) return
      let sent = start
      let code: string | undefined
      for (const datagram of batch.slice(start)) {
        code = this.#trySend(datagram)
        if (code !== undefined) break
        sent++
      }
      if (code !== undefined && WITHOUT_EFFECT.has(code)) this.#later(() => go(sent))
      else done(sent, code === undefined ? null : systemError(code, 'sendmsg'))
    }
    const error = this.#error
    this.#error = null
    if (error === null) go(0)
    else done(0, error)
    return () => {
      withdrawn = true
    }
  }

  connect(peer: Address, done: (error: Error | null) => void): void {
    const code = this.#world.network.operation('connect', this.address, peer)
    // What the earlier peer has refused does not concern the next one.
    this.#error = null
    this.address = this.#bound
    if (code !== undefined) {
      this.#peer = undefined
      done(systemError(code, 'connect'))
      return
    }
    this.#peer = peer
    this.address = this.addressTowards(peer)
    done(null)
  }

  join(membership: GroupMembership): void {
    const key = keyOf(membership)
    if (this.#memberships.has(key)) throw systemError('EADDRINUSE', 'addMembership')
    this.#memberships.add(key)
  }

  leave(membership: GroupMembership): void {
    if (!this.#memberships.delete(keyOf(membership))) throw systemError('EADDRNOTAVAIL', 'dropMembership')
  }

  set(option: DatagramOption, value: number): void {
    if (option === 'loopback') this.loopback = value === 1
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiting = []
    this.#world.closed(this)
  }

  /** The address that a receiver sees. */
  addressTowards(to: Address): Address {
    if (!isWildcard(this.address)) return this.address
    const own = to.family === 6 ? '::1' : '127.0.0.1'
    return new Address(isForMany(to) ? own : to.host, this.address.port)
  }

  /** Whether it receives what is sent to an address. */
  receivesAt(to: Address, sender: Address): boolean {
    if (to.port !== this.address.port) return false
    if (this.#peer !== undefined && !isSame(this.#peer, sender)) return false
    if (isForMany(to)) return this.#isMember(to.host, sender.host)
    return to.host === this.address.host || this.isForEvery(to)
  }

  /** A higher rank is preferred. */
  rankFor({ host }: Address): number {
    return (this.#peer === undefined ? 0 : 2) + (this.address.host === host ? 1 : 0)
  }

  /** Whether it receives at every address of that family. */
  isForEvery(to: Address): boolean {
    return isWildcard(this.address) && (this.address.host === '::' || to.family === 4)
  }

  /** Whether both may have the same address. */
  sharesWith({ settings }: SimulatedDatagrams): boolean {
    const { reuseAddress, reusePort } = this.#settings
    return (reuseAddress && settings.reuseAddress) || (reusePort && settings.reusePort)
  }

  get settings(): DatagramSettings {
    return this.#settings
  }

  // Arrivals.

  arrived(bytes: Buffer, from: Address): void {
    if (this.#waiting.length >= this.#maxWaiting) {
      this.dropped++
      return
    }
    const { maxSize } = this.#settings
    const truncated = bytes.length > maxSize
    this.#waiting.push({ data: truncated ? bytes.subarray(0, maxSize) : bytes, from, truncated })
    this.observer?.ready(READABLE)
  }

  /** A datagram was refused. Only a connected socket learns that. */
  refused(by: Address, error: Error): void {
    if (this.#closed || this.#peer === undefined || !isSame(this.#peer, by)) return
    this.#error = error
    this.observer?.ready(READABLE)
  }

  /** @returns the code of the error with which the system refuses it */
  #trySend(datagram: OutgoingDatagram): string | undefined {
    const to = datagram.to ?? this.#peer
    const code = this.#world.network.operation('send', this.address, to)
    if (code !== undefined) return code
    if (to === undefined) return 'EDESTADDRREQ'
    if (to.host === BROADCAST && !this.#settings.broadcast) return 'EACCES'
    if (to.family !== this.address.family && this.address.host !== '::') return 'EAFNOSUPPORT'
    this.#world.carry(this, datagram, to)
    return undefined
  }

  #isMember(group: string, sender: string): boolean {
    if (group === BROADCAST) return this.address.family === 4 || this.address.host === '::'
    return [undefined, sender].some((source) => this.#memberships.has(keyOf({ group, source })))
  }

  #throwError(): void {
    const error = this.#error
    this.#error = null
    if (error !== null) throw error
  }

  #later(call: () => void): void {
    const { host } = this.#world.network
    host.at(host.now(), call)
  }
}

/** The interface makes no difference here: there is only one network. */
function keyOf({ group, source }: Pick<GroupMembership, 'group' | 'source'>): string {
  return `${group} ${source ?? ''}`
}

function isSame(one: Address, other: Address): boolean {
  return one.port === other.port && one.host === other.host
}
