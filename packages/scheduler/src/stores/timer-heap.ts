/**
 * The timers: a binary heap by deadline, ties first in, first out. It has no clock; its owner tells
 * it the time.
 */

/** One timer, as a handle for removing it. */
export interface Timer {
  /** The time at which it expires, on the host's clock, in milliseconds. */
  readonly deadline: number
}

/** The timers of a scheduler, as the handlers of events see them. */
export interface Timers {
  /**
   * Sets a timer.
   *
   * @param deadline the time on the host's clock; `Infinity` is never, and such a timer keeps no
   *   run alive
   * @param expire called at that time
   * @param subject its argument, so that many timers can share one function
   */
  add<S>(deadline: number, expire: (subject: S) => void, subject: S): Timer
  /** Removes a timer. Does nothing if it has expired or was removed before. */
  remove(timer: Timer): void
}

interface Entry extends Timer {
  /** Orders equal deadlines by the order in which they were set. */
  readonly sequence: number
  /** The index in the heap, or OUT, or DUE. */
  index: number
  readonly expire: (subject: never) => void
  readonly subject: unknown
}

/** Not in the heap: expired, removed, or never due. */
const OUT = -1
/** Taken out of the heap, about to be called. */
const DUE = -2

/** The timers of one scheduler. */
export class TimerHeap implements Timers {
  /** The timer that is being called; null at all other times. */
  expiring: Timer | null = null
  readonly #heap: Entry[] = []
  #sequence = 0
  readonly #onEarlier: () => void

  /** @param onEarlier called when a timer was set that is due before all others */
  constructor(onEarlier: () => void = () => {}) {
    this.#onEarlier = onEarlier
  }

  /** The number of timers. */
  get size(): number {
    return this.#heap.length
  }

  /** The earliest deadline, or Infinity. */
  get earliest(): number {
    return this.#heap[0]?.deadline ?? Number.POSITIVE_INFINITY
  }

  add<S>(deadline: number, expire: (subject: S) => void, subject: S): Timer {
    const entry: Entry = { deadline, sequence: this.#sequence++, index: OUT, expire, subject }
    if (deadline === Number.POSITIVE_INFINITY) return entry
    this.#place(entry, this.#heap.length)
    this.#rise(entry)
    if (entry.index === 0) this.#onEarlier()
    return entry
  }

  remove(timer: Timer): void {
    const entry = timer as Entry // Every Timer is made by add().
    const { index } = entry
    entry.index = OUT
    if (index < 0) return
    const last = this.#heap.pop() as Entry // The heap holds at least this entry.
    if (last === entry) return
    this.#place(last, index)
    this.#rise(last)
    this.#sink(last)
  }

  /**
   * Removes and calls, in order, every timer that is due at `now`, but none that is set meanwhile.
   *
   * @throws the first error of a timer, once all of them have been called
   */
  expire(now: number): void {
    const due: Entry[] = []
    for (let first = this.#heap[0]; first !== undefined && first.deadline <= now; first = this.#heap[0]) {
      this.remove(first)
      first.index = DUE
      due.push(first)
    }
    const errors: unknown[] = []
    for (const entry of due) {
      if (entry.index !== DUE) continue // An earlier one has removed it.
      entry.index = OUT
      this.expiring = entry
      try {
        entry.expire(entry.subject as never) // add() has matched the two.
      } catch (error) {
        errors.push(error)
      }
    }
    this.expiring = null
    if (errors.length > 0) throw errors[0]
  }

  /**
   * Removes the earliest timer without calling it. @returns its subject; undefined if there is none
   */
  shift(): unknown {
    const first = this.#heap[0]
    if (first !== undefined) this.remove(first)
    return first?.subject
  }

  /** Removes every timer. */
  clear(): void {
    for (const entry of this.#heap) entry.index = OUT
    this.#heap.length = 0
  }

  #rise(entry: Entry): void {
    while (entry.index > 0) {
      const at = entry.index
      const above = (at - 1) >> 1
      const parent = this.#heap[above] as Entry // Every index below the length is filled.
      if (!isBefore(entry, parent)) return
      this.#place(parent, at)
      this.#place(entry, above)
    }
  }

  #sink(entry: Entry): void {
    while (true) {
      const at = entry.index
      const left = this.#heap[2 * at + 1]
      if (left === undefined) return
      const right = this.#heap[2 * at + 2]
      const child = right !== undefined && isBefore(right, left) ? right : left
      if (!isBefore(child, entry)) return
      const below = child.index
      this.#place(child, at)
      this.#place(entry, below)
    }
  }

  #place(entry: Entry, index: number): void {
    this.#heap[index] = entry
    entry.index = index
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.sequence < b.sequence)
}
