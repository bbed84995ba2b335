/**
 * The sends and flushes of a connection that wait, in order. Any of them can leave at any time.
 */

import type { PendingSend } from './pending-send.js'

/** A queue that costs nothing while nothing waits. */
export class SendQueue {
  #pending: Set<PendingSend> | null = null

  get empty(): boolean {
    return this.#pending === null || this.#pending.size === 0
  }

  get first(): PendingSend | undefined {
    return this.#pending?.values().next().value
  }

  /** How many bytes of those that wait have not been sent. */
  get unsent(): number {
    let unsent = 0
    for (const pending of this) unsent += pending.unsent
    return unsent
  }

  add(pending: PendingSend): void {
    this.#pending ??= new Set()
    this.#pending.add(pending)
  }

  remove(pending: PendingSend): void {
    this.#pending?.delete(pending)
  }

  /** Those that wait, also those that begin to while it goes on. */
  [Symbol.iterator](): Iterator<PendingSend> {
    return (this.#pending ?? NONE).values()
  }

  /** Fails all, each with an error of its own. */
  failAll(errorFor: (pending: PendingSend) => Error): void {
    for (const pending of this) {
      this.remove(pending)
      pending.waiter.throw(errorFor(pending))
    }
  }
}

const NONE: ReadonlySet<PendingSend> = new Set()
