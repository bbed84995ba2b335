/**
 * A queue of waiters, first in, first out: who waits for a channel, a semaphore or a latch.
 */

import type { Waiter } from './protocol.js'

/** One place in a queue; keep it in order to leave. */
export interface Place<T, V> {
  readonly waiter: Waiter<T>
  /** What the waiter brought, such as the value that it sends. */
  readonly value: V
  left: boolean
}

/** Waiters in the order in which they came. Leaving and taking cost O(1), amortized. */
export class Waiters<T = void, V = undefined> {
  #places: Place<T, V>[]
  /** Those before it have been taken. */
  #head: number
  /** How many of the places that are left are still wanted. */
  #size: number

  constructor() {
    this.#places = []
    this.#head = 0
    this.#size = 0
  }

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  /** Comes last. */
  join(waiter: Waiter<T>, value: V): Place<T, V> {
    const place = { waiter, value, left: false }
    this.#places.push(place)
    this.#size++
    return place
  }

  /** Leaves before its turn. */
  leave(place: Place<T, V>): void {
    if (place.left) return
    place.left = true
    this.#size--
    if (this.#places.length > 32 && this.#size < this.#places.length / 2) this.#compact()
  }

  /** Takes the first, if any waits. */
  take(): Place<T, V> | undefined {
    while (this.#head < this.#places.length) {
      const place = this.#places[this.#head++]
      if (place === undefined || place.left) continue
      place.left = true
      this.#size--
      if (this.#head > 32 && this.#head > this.#places.length / 2) this.#compact()
      return place
    }
    return undefined
  }

  #compact(): void {
    this.#places = this.#places.filter((place, i) => i >= this.#head && !place.left)
    this.#head = 0
  }
}
