/**
 * A queue of waiters, first in, first out: who waits for a channel, a semaphore or a latch.
 */

import type { Waiter } from '../core/protocol.js'

/** One place in a queue; keep it in order to leave. */
export interface Place<T, V> {
  readonly waiter: Waiter<T>
  /** What the waiter brought, such as the value that it sends. */
  readonly value: V
}

interface Link<T, V> extends Place<T, V> {
  before: Link<T, V> | null
  after: Link<T, V> | null
  left: boolean
}

/** Waiters in the order in which they came: a linked list, so that whoever gives up leaves at once and leaves nothing. */
export class Waiters<T = void, V = undefined> {
  #first: Link<T, V> | null
  #last: Link<T, V> | null
  #size: number

  constructor() {
    this.#first = null
    this.#last = null
    this.#size = 0
  }

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  /** Comes last. */
  join(waiter: Waiter<T>, value: V): Place<T, V> {
    const link: Link<T, V> = { waiter, value, before: this.#last, after: null, left: false }
    if (this.#last === null) this.#first = link
    else this.#last.after = link
    this.#last = link
    this.#size++
    return link
  }

  /** Leaves before its turn; one whose turn has come is left alone. */
  leave(place: Place<T, V>): void {
    const link = place as Link<T, V> // Every place is made by join().
    if (link.left) return
    const { before, after } = link
    if (before === null) this.#first = after
    else before.after = after
    if (after === null) this.#last = before
    else after.before = before
    link.left = true
    link.before = null
    link.after = null
    this.#size--
  }

  /** Takes the first, if any waits. */
  take(): Place<T, V> | undefined {
    const first = this.#first
    if (first === null) return undefined
    this.leave(first)
    return first
  }
}
