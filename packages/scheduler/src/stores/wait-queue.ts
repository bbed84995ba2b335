/**
 * A queue of waiters, first in, first out, for a channel, a semaphore or a latch. Any waiter can
 * leave it at any time.
 */

/** What a queue needs of a waiter. */
interface Queued {
  /** The waiter is about to be withdrawn, and gets nothing any more. */
  readonly leaving?: boolean
  /** The two must not answer each other. */
  excludes?(other: never): boolean
}

/** One place in a queue, as a handle for leaving it. */
export interface Place<W, V = undefined> {
  readonly waiter: W
  /** What the waiter brought, such as the value that it sends. */
  readonly value: V
}

interface Link<W, V> extends Place<W, V> {
  previous: Link<W, V> | null
  next: Link<W, V> | null
  left: boolean
}

/**
 * Waiters in the order in which they came: a linked list, so that leaving is O(1) and leaves
 * nothing behind.
 */
export class WaitQueue<W extends Queued, V = undefined> {
  #first: Link<W, V> | null = null
  #last: Link<W, V> | null = null
  #size = 0

  /** The number of waiters. */
  get size(): number {
    return this.#size
  }

  /** Adds a waiter at the end. */
  join(waiter: W, value: V): Place<W, V> {
    const link: Link<W, V> = { waiter, value, previous: this.#last, next: null, left: false }
    if (this.#last === null) this.#first = link
    else this.#last.next = link
    this.#last = link
    this.#size++
    return link
  }

  /** Removes a waiter before its turn. Does nothing if its turn has come. */
  leave(place: Place<W, V>): void {
    const link = place as Link<W, V> // Every place is made by join().
    if (link.left) return
    const { previous, next } = link
    if (previous === null) this.#first = next
    else previous.next = next
    if (next === null) this.#last = previous
    else next.previous = previous
    link.left = true
    link.previous = null
    link.next = null
    this.#size--
  }

  /**
   * The first waiter that can be answered. Those that are leaving lose their place.
   *
   * @param by the waiter that would answer it, if it is one: two that exclude each other do not
   *   meet
   */
  first(by?: Queued): Place<W, V> | undefined {
    for (let link = this.#first; link !== null; ) {
      const { waiter, next } = link
      if (waiter.leaving) this.leave(link)
      else if (by === undefined || !by.excludes?.(waiter as never)) return link
      link = next
    }
    return undefined
  }

  /**
   * Removes the first waiter that can be answered, if there is one. The parameter is that of
   * `first`.
   */
  take(by?: Queued): Place<W, V> | undefined {
    const first = this.first(by)
    if (first !== undefined) this.leave(first)
    return first
  }
}
