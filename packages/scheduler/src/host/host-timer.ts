/**
 * The one timer that a scheduler sets on its host: for the earliest of its own.
 */

import type { Host } from './host.js'

/** Fires once, at the earliest of the times for which it was set since it last fired. */
export class HostTimer {
  readonly #host: Host
  readonly #fire: () => void
  #timer: unknown = undefined
  #deadline: number = Number.POSITIVE_INFINITY

  constructor(host: Host, fire: () => void) {
    this.#host = host
    this.#fire = fire
  }

  /**
   * Sets it for a time. A timer that fires too early does no harm, so that only an earlier time
   * replaces it.
   */
  set(deadline: number): void {
    if (deadline >= this.#deadline) return
    this.clear()
    this.#timer = this.#host.at(deadline, () => {
      this.#timer = undefined
      this.#deadline = Number.POSITIVE_INFINITY
      this.#fire()
    })
    this.#deadline = deadline
  }

  /** Takes it back. */
  clear(): void {
    if (this.#timer === undefined) return
    this.#host.cancel(this.#timer)
    this.#timer = undefined
    this.#deadline = Number.POSITIVE_INFINITY
  }
}
