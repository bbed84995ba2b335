/**
 * A wire of the simulated network: one direction between two ends. Packets arrive in order, after
 * their latency. A wire knows nothing of bytes or buffers; a packet is a function.
 */

import type { Host } from '@bluelet/scheduler/lowlevel'

/** What a wire needs of its network. */
export interface WireNetwork {
  readonly host: Host
  /** How long the next packet takes, in milliseconds. */
  latency(): number
}

interface Packet {
  /** When it arrives, unless an earlier packet arrives later. */
  readonly deadline: number
  /** Called when it arrives. */
  readonly arrive: () => void
}

/** One direction. */
export class Wire {
  readonly #network: WireNetwork
  /** Packets in flight, in the order in which they were sent. */
  readonly #packets: Packet[] = []
  /** The host's timer for the first packet. */
  #timer: unknown
  #stalled = false

  constructor(network: WireNetwork) {
    this.#network = network
  }

  /** Sends a packet: a function that is called when it arrives. */
  send(arrive: () => void): void {
    this.#packets.push({ deadline: this.#network.host.now() + this.#network.latency(), arrive })
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
    this.#packets.length = 0
    this.#disarm()
  }

  #arm(): void {
    const first = this.#packets[0]
    if (first === undefined || this.#stalled || this.#timer !== undefined) return
    this.#timer = this.#network.host.at(first.deadline, () => {
      this.#timer = undefined
      this.#packets.shift()
      this.#arm()
      first.arrive()
    })
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#network.host.cancel(this.#timer)
    this.#timer = undefined
  }
}
