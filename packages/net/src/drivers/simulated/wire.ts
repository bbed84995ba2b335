/**
 * A wire of the simulated network: one direction between two ends. What is sent arrives after a while, in order.
 */

import type { Host } from '@bluelet/scheduler/lowlevel'

/** What a wire needs of the network that it is part of. */
export interface Medium {
  readonly host: Host
  /** How long the next packet takes, in milliseconds. */
  latency(): number
}

interface Packet {
  /** When it arrives, if nothing before it is later. */
  readonly deadline: number
  /** Called where and when it arrives. */
  readonly arrive: () => void
}

/** One direction. */
export class Wire {
  readonly #medium: Medium
  /** What is under way, in the order in which it was sent. */
  readonly #packets: Packet[]
  /** Rings when the first of them arrives. */
  #alarm: unknown
  #stalled: boolean

  constructor(medium: Medium) {
    this.#medium = medium
    this.#packets = []
    this.#alarm = undefined
    this.#stalled = false
  }

  /** Sends a packet: a function that is called where and when it arrives. */
  send(arrive: () => void): void {
    this.#packets.push({ deadline: this.#medium.host.now() + this.#medium.latency(), arrive })
    this.#expect()
  }

  /** Lets nothing through from now on. */
  stall(): void {
    this.#stalled = true
    this.#forget()
  }

  /** Lets through again, first what was held back. */
  resume(): void {
    this.#stalled = false
    this.#expect()
  }

  /** Loses what is under way: nobody is there any more to hear of it. */
  clear(): void {
    this.#packets.length = 0
    this.#forget()
  }

  #expect(): void {
    const first = this.#packets[0]
    if (first === undefined || this.#stalled || this.#alarm !== undefined) return
    this.#alarm = this.#medium.host.at(first.deadline, () => {
      this.#alarm = undefined
      this.#packets.shift()
      this.#expect()
      first.arrive()
    })
  }

  #forget(): void {
    if (this.#alarm !== undefined) this.#medium.host.cancel(this.#alarm)
    this.#alarm = undefined
  }
}
