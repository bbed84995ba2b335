/** What waits for the end of a handshake: callbacks, and the time limit. */

import { TlsError } from '../../errors.js'
import type { Clock } from './side.js'

/** Called with the error of the handshake, or null if it has ended well. */
type Done = (error: Error | null) => void

export class Handshake {
  readonly #clock: Clock
  readonly #waiting = new Set<Done>()
  #timer: unknown

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns withdraws the callback */
  add(done: Done): () => void {
    this.#waiting.add(done)
    return () => this.#waiting.delete(done)
  }

  /**
   * Starts the time limit.
   *
   * @param late called with the error when it is over
   */
  begin(ms: number, late: (error: Error) => void): void {
    if (ms === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.at(this.#clock.now() + ms, () => {
      this.#timer = undefined
      late(new TlsError(`the TLS handshake has taken ${ms} ms (handshakeTimeout)`, 'ETIMEDOUT', 'timeout'))
    })
  }

  /** Ends the time limit, and calls back. */
  end(error: Error | null): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer)
    this.#timer = undefined
    this.settle(error)
  }

  /** Calls back. The time limit goes on. */
  settle(error: Error | null): void {
    for (const done of this.#waiting) done(error)
    this.#waiting.clear()
  }
}
