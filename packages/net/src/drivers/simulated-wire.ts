/**
 * A wire of the simulated network: one direction between two ends. What is sent arrives after a while, in order.
 */

import type { Host } from '@bluelet/scheduler'

/** What a wire needs of the network that it is part of. */
export interface Medium {
  readonly host: Host
  /** How long the next packet takes, in milliseconds. */
  latency(): number
}

/** One direction. */
export class Wire {
  readonly #medium: Medium
  /** What is under way, in the order in which it was sent. */
  readonly #packets: (() => void)[]
  /** When the last of them arrives: none overtakes it. */
  #last: number
  #stalled: boolean
  /** How many have been held back since the wire was stalled. */
  #held: number

  constructor(medium: Medium) {
    this.#medium = medium
    this.#packets = []
    this.#last = 0
    this.#stalled = false
    this.#held = 0
  }

  /** Sends a packet: a function that is called where and when it arrives. */
  send(packet: () => void): void {
    const { host } = this.#medium
    this.#packets.push(packet)
    this.#last = Math.max(this.#last, host.now() + this.#medium.latency())
    host.at(this.#last, () => this.#arrive())
  }

  /** Lets nothing through from now on. */
  stall(): void {
    this.#stalled = true
  }

  /** Lets through again, first what was held back. */
  resume(): void {
    const { host } = this.#medium
    this.#stalled = false
    for (; this.#held > 0; this.#held--) host.at(host.now(), () => this.#arrive())
  }

  #arrive(): void {
    if (this.#stalled) this.#held++
    // Whichever call this is: it is the turn of the packet that was sent first.
    else this.#packets.shift()?.()
  }
}
