/**
 * The alarm: the one time at which the host is asked to call.
 */

import type { Host } from './host.js'

/** Rings once, at the earliest time that was asked for since it rang last. */
export class Alarm {
  readonly #host: Host
  readonly #ring: () => void
  #timer: unknown
  #deadline: number

  constructor(host: Host, ring: () => void) {
    this.#host = host
    this.#ring = ring
    this.#timer = undefined
    this.#deadline = Number.POSITIVE_INFINITY
  }

  /** One that rings too early does no harm, so that it is only ever set anew for an earlier time. */
  set(deadline: number): void {
    if (deadline >= this.#deadline) return
    this.clear()
    this.#timer = this.#host.at(deadline, () => {
      this.#timer = undefined
      this.#deadline = Number.POSITIVE_INFINITY
      this.#ring()
    })
    this.#deadline = deadline
  }

  /** Not wanted any more. */
  clear(): void {
    if (this.#timer === undefined) return
    this.#host.cancel(this.#timer)
    this.#timer = undefined
    this.#deadline = Number.POSITIVE_INFINITY
  }
}
