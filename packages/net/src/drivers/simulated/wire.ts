/**
 * A wire of the simulated network: one direction between two ends. Packets arrive in order, after
 * their latency. A wire knows nothing of bytes or buffers; a packet is a function.
 */

import type { Host } from '@bluelet/scheduler/lowlevel'
import type { Address } from '../../driver/address.js'
import type { Packet } from '../../driver/packets.js'
import type { Packets } from './packets.js'

/** What a wire needs of its network. */
export interface WireNetwork {
  readonly host: Host
  /** How long the next packet takes, in milliseconds. */
  latency(): number
  readonly packets: Packets
}

interface OnTheWire {
  readonly packet: Packet
  /** Called when it arrives. */
  readonly arrive: () => void
}

/** One direction. */
export class Wire {
  readonly #network: WireNetwork
  readonly #from: Address
  readonly #to: Address
  /** Packets in flight, in the order in which they were sent. */
  readonly #packets: OnTheWire[] = []
  /** The host's timer for the first packet. */
  #timer: unknown
  #stalled = false

  constructor(network: WireNetwork, from: Address, to: Address) {
    this.#network = network
    this.#from = from
    this.#to = to
  }

  /** The packets that have been sent and have not arrived, in that order. */
  get inFlight(): readonly Packet[] {
    return this.#packets.map(({ packet }) => packet)
  }

  /**
   * Sends a packet: a function that is called when it arrives.
   *
   * @param bytes how many it carries
   */
  send(arrive: () => void, bytes = 0, from: Address = this.#from, to: Address = this.#to): void {
    const { host, packets } = this.#network
    const now = host.now()
    const packet = packets.sent(from, to, bytes, now, now + this.#network.latency())
    this.#packets.push({ packet, arrive })
    this.#arm()
  }

  /** Holds back all packets. */
  stall(): void {
    this.#stalled = true
    this.#disarm()
  }

  /** Delivers packets again, those that were held back first. */
  resume(): void {
    this.#stalled = false
    this.#arm()
  }

  /** Drops the packets in flight. */
  clear(): void {
    this.#disarm()
    for (const { packet } of this.#packets.splice(0)) this.#network.packets.tell('lost', packet)
  }

  #arm(): void {
    const first = this.#packets[0]
    if (first === undefined || this.#stalled || this.#timer !== undefined) return
    this.#timer = this.#network.host.at(first.packet.due, () => {
      this.#timer = undefined
      this.#packets.shift()
      this.#arm()
      this.#network.packets.tell('arrived', first.packet)
      first.arrive()
    })
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#network.host.cancel(this.#timer)
    this.#timer = undefined
  }
}
