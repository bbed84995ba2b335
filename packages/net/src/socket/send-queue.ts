/**
 * The sends and flushes of a connection that wait, in order. Any of them can leave at any time.
 */

import type { PendingSend } from './pending-send.js'

/** A queue, which is made when the first send has to wait. */
export class SendQueue {
  /** The send whose attempt has failed: it waits when it is entered. */
  attempted: PendingSend | null = null
  /** Whether those that wait are being tried: what they send is handed over at the end of that. */
  advancing = false
  readonly #pending = new Set<PendingSend>()

  get empty(): boolean {
    return this.#pending.size === 0
  }

  get first(): PendingSend | undefined {
    return this.#pending.values().next().value
  }

  /** How many bytes of those that wait have not been sent. */
  get unsent(): number {
    let unsent = 0
    for (const pending of this) unsent += pending.unsent
    return unsent
  }

  /** The send whose attempt has failed, if that was the last. */
  takeAttempted(): PendingSend | null {
    const { attempted } = this
    this.attempted = null
    return attempted
  }

  add(pending: PendingSend): void {
    this.#pending.add(pending)
  }

  remove(pending: PendingSend): void {
    this.#pending.delete(pending)
  }

  /** Those that wait, also those that begin to while it goes on. */
  [Symbol.iterator](): Iterator<PendingSend> {
    return this.#pending.values()
  }

  /** Fails all, each with an error of its own. */
  failAll(errorFor: (pending: PendingSend) => Error): void {
    for (const pending of this) {
      this.remove(pending)
      pending.waiter.throw(errorFor(pending))
    }
  }
}
