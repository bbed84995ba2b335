/**
 * A queue of waiters, first in, first out: who waits for a channel, a semaphore or a latch.
 */

import type { Waiter } from './protocol.js'

/** One place in a queue; keep it in order to leave. */
export interface Place<T, V> {
  readonly waiter: Waiter<T>
  /** What the waiter brought, such as the value that it sends. */
  readonly value: V
}

/** Waiters in the order in which they came. */
export class Waiters<T = void, V = undefined> {
  readonly #places: Set<Place<T, V>>

  constructor() {
    this.#places = new Set()
  }

  /** How many wait. */
  get size(): number {
    return this.#places.size
  }

  /** Comes last. */
  join(waiter: Waiter<T>, value: V): Place<T, V> {
    const place = { waiter, value }
    this.#places.add(place)
    return place
  }

  /** Leaves before its turn; one whose turn has come is left alone. */
  leave(place: Place<T, V>): void {
    this.#places.delete(place)
  }

  /** Takes the first, if any waits. */
  take(): Place<T, V> | undefined {
    for (const place of this.#places) {
      this.#places.delete(place)
      return place
    }
    return undefined
  }
}
