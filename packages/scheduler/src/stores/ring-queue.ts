/**
 * A queue, first in, first out: the ready tasks, the values in a channel.
 */

/** The capacity to begin with: a power of two, so that an index wraps with a mask. */
const MIN_CAPACITY = 16
/** The largest empty ring that is kept: 8 KiB. */
const MAX_EMPTY_CAPACITY = 1024

/** A ring that grows when it is full. */
export class RingQueue<T> {
  //      head           head + size
  //        v                v
  //  . . . x x x x x x x x . . .     indices wrap around at the capacity
  #ring: (T | undefined)[] = new Array<T | undefined>(MIN_CAPACITY).fill(undefined)
  #head = 0
  #size = 0

  /** The number of items. */
  get size(): number {
    return this.#size
  }

  /** Adds an item at the end. */
  push(item: T): void {
    if (this.#size === this.#ring.length) this.#grow()
    const ring = this.#ring
    ring[(this.#head + this.#size) & (ring.length - 1)] = item
    this.#size++
  }

  /** Adds an item at the front. */
  unshift(item: T): void {
    if (this.#size === this.#ring.length) this.#grow()
    const ring = this.#ring
    this.#head = (this.#head - 1) & (ring.length - 1)
    ring[this.#head] = item
    this.#size++
  }

  /** Removes the first item. The queue must not be empty. */
  shift(): T {
    const ring = this.#ring
    const item = ring[this.#head] as T // The caller has looked at size.
    ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (ring.length - 1)
    this.#size--
    return item
  }

  /** Removes the item at `index`, counted from the front. There must be one. */
  take(index: number): T {
    const ring = this.#ring
    const mask = ring.length - 1
    const item = ring[(this.#head + index) & mask] as T // The caller has looked at size.
    for (let i = index; i > 0; i--) {
      ring[(this.#head + i) & mask] = ring[(this.#head + i - 1) & mask]
    }
    this.shift()
    return item
  }

  /** Releases the memory of a past rush, once the queue is empty. */
  trim(): void {
    if (this.#size > 0 || this.#ring.length <= MAX_EMPTY_CAPACITY) return
    this.#ring = new Array<T | undefined>(MIN_CAPACITY).fill(undefined)
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
