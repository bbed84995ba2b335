/**
 * A queue, first in, first out: the tasks that are ready, the values in a channel.
 */

/** A power of two, so that an index wraps with a mask. */
const FIRST_CAPACITY = 16
/** An empty ring of this size is kept: 8 KiB. */
const KEPT_CAPACITY = 1024

/** A ring that grows when it is full. */
export class Queue<T> {
  //      head           head + size
  //        v                v
  //  . . . x x x x x x x x . . .     indices wrap around at the capacity
  #ring: (T | undefined)[]
  #head: number
  #size: number

  constructor() {
    this.#ring = new Array<T | undefined>(FIRST_CAPACITY).fill(undefined)
    this.#head = 0
    this.#size = 0
  }

  /** How many it holds. */
  get size(): number {
    return this.#size
  }

  /** Puts an item at the end. */
  push(item: T): void {
    if (this.#size === this.#ring.length) this.#grow()
    const ring = this.#ring
    ring[(this.#head + this.#size) & (ring.length - 1)] = item
    this.#size++
  }

  /** Takes the item at the front; the queue must not be empty. */
  shift(): T {
    const ring = this.#ring
    const item = ring[this.#head] as T // Never empty here: the caller looked at size.
    ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (ring.length - 1)
    this.#size--
    return item
  }

  /** Takes the item that stands `index` places behind the front; there must be one. */
  take(index: number): T {
    const ring = this.#ring
    const mask = ring.length - 1
    const item = ring[(this.#head + index) & mask] as T // The caller looked at size.
    for (let i = index; i > 0; i--) {
      ring[(this.#head + i) & mask] = ring[(this.#head + i - 1) & mask]
    }
    this.shift()
    return item
  }

  /** Gives back the memory that a rush has taken, once it is over. */
  trim(): void {
    if (this.#size > 0 || this.#ring.length <= KEPT_CAPACITY) return
    this.#ring = new Array<T | undefined>(FIRST_CAPACITY).fill(undefined)
    this.#head = 0
  }

  #grow(): void {
    const ring = this.#ring
    const larger = new Array<T | undefined>(ring.length * 2).fill(undefined)
    for (let i = 0; i < ring.length; i++) larger[i] = ring[(this.#head + i) & (ring.length - 1)]
    this.#ring = larger
    this.#head = 0
  }
}
