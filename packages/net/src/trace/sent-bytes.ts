/**
 * Which write each byte of a stream came from: the stretches of a direction, in order, with the
 * number of their event. A stretch is forgotten once a read has passed it.
 */

/** So many stretches that were passed are kept before their places are used again. */
const MAX_PASSED = 64

/** What one end of a connection has written. */
export class SentBytes {
  /** The number of bytes that were written, recorded or not. */
  total = 0
  /** The recording to which the stretches belong. */
  #epoch = 0
  /** Where its first stretch begins. */
  #begin = 0
  /** Where each stretch ends. */
  readonly #ends: number[] = []
  /** The event of each stretch. */
  readonly #events: number[] = []
  /** The index of the first stretch that was not passed. */
  #first = 0

  /** Adds a stretch that ends at `total`. */
  add(bytes: number, event: number, epoch: number): void {
    if (epoch !== this.#epoch) {
      this.#clear()
      this.#epoch = epoch
      this.#begin = this.total - bytes
    }
    this.#ends.push(this.total)
    this.#events.push(event)
  }

  /** The event that wrote the byte before an offset; null if that was not recorded. */
  originOf(offset: number, epoch: number): number | null {
    if (epoch !== this.#epoch || offset <= this.#begin) return null
    const ends = this.#ends
    let first = this.#first
    while (first < ends.length && (ends[first] as number) < offset) first++ // There is one at each index.
    if (first === ends.length) {
      this.#clear()
      this.#begin = this.total
      return null
    }
    const event = this.#events[first] as number // As many as there are ends.
    if (ends[first] === offset) first++
    this.#first = first
    this.#begin = offset
    this.#compact()
    return event
  }

  #compact(): void {
    if (this.#first === this.#ends.length) this.#clear()
    else if (this.#first >= MAX_PASSED) {
      this.#ends.splice(0, this.#first)
      this.#events.splice(0, this.#first)
      this.#first = 0
    }
  }

  #clear(): void {
    this.#ends.length = 0
    this.#events.length = 0
    this.#first = 0
  }
}
