/**
 * The timers: a binary heap by deadline, ties first in, first out. It knows no clock; whoever owns it says what time it is.
 */

/** One timer; keep it in order to remove it. */
export interface Timer {
  /** When it is due, on the host's clock, in milliseconds. */
  readonly deadline: number
}

interface Entry extends Timer {
  /** Orders equal deadlines by the order in which they were set. */
  readonly sequence: number
  /** Where it stands in the heap, or OUT, or DUE. */
  index: number
  /** Called with `subject` when it is due: a function that is shared, so that a timer costs no closure. */
  readonly expire: (subject: never) => void
  readonly subject: unknown
}

/** Not in the heap: it has been called, or removed, or will never be due. */
const OUT = -1
/** Taken out of the heap in order to be called. */
const DUE = -2

/** The timers of one scheduler. */
export class Timers {
  /** The timer that is being called; null otherwise. */
  expiring: Timer | null
  readonly #heap: Entry[]
  #sequence: number

  constructor() {
    this.expiring = null
    this.#heap = []
    this.#sequence = 0
  }

  /** How many timers are set. */
  get size(): number {
    return this.#heap.length
  }

  /** The earliest deadline, or Infinity. */
  get earliest(): number {
    return this.#heap[0]?.deadline ?? Number.POSITIVE_INFINITY
  }

  /**
   * Sets a timer.
   *
   * @param deadline when, on the host's clock; Infinity is never: such a timer is not counted, and wakes nobody
   * @param expire what to call then
   * @param subject what to call it with
   */
  add<S>(deadline: number, expire: (subject: S) => void, subject: S): Timer {
    const entry: Entry = { deadline, sequence: this.#sequence++, index: OUT, expire, subject }
    if (deadline === Number.POSITIVE_INFINITY) return entry
    this.#place(entry, this.#heap.length)
    this.#rise(entry)
    return entry
  }

  /** Removes a timer; one that has expired or was removed before is left alone. */
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
   * Removes and calls every timer that is due at `now`, in order; not those that are set meanwhile.
   *
   * @throws what the first of them that fails throws, once all have been called
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
      if (entry.index !== DUE) continue // One before it has removed it.
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
