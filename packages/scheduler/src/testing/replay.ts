/**
 * The schedule that makes given choices first, and records all that it makes.
 */

import { inspect } from '../check.js'
import type { Schedule } from '../host/schedule.js'
import { trimmed } from './shrink.js'

interface Choice {
  readonly chosen: number
  /** The number of ways. */
  readonly of: number
}

/** Makes the given choices, then those of another schedule or 0, and records them. */
export class Replay implements Schedule {
  readonly #given: readonly number[]
  readonly #beyond: Schedule | undefined
  readonly #taken: Choice[] = []
  /** A given choice did not exist where it was due. */
  #strayed = false

  constructor(given: readonly number[], beyond?: Schedule) {
    this.#given = given
    this.#beyond = beyond
  }

  /** Parses the text of `toString`. */
  static from(text: string): Replay {
    if (typeof text === 'string' && /^(\d+(\.\d+)*)?$/.test(text))
      return new Replay(text === '' ? [] : text.split('.').map(Number))
    throw new TypeError(`replaySchedule: expected a schedule such as '0.2.1', got ${inspect(text)}`)
  }

  choose(n: number): number {
    const given = this.#given[this.#taken.length]
    // Shrinking may move a choice to a place with fewer ways.
    if (given !== undefined && given >= n) this.#strayed = true
    const chosen = given === undefined ? (this.#beyond?.choose(n) ?? 0) : Math.min(given, n - 1)
    this.#taken.push({ chosen, of: n })
    return chosen
  }

  /** The choices that were made. */
  taken(): number[] {
    return this.#taken.map(({ chosen }) => chosen)
  }

  /**
   * The choices that follow these when every way is tried: the last one that can grow grows by one.
   *
   * @returns undefined after the last choices
   */
  next(): number[] | undefined {
    if (this.#strayed || this.#taken.length < this.#given.length) {
      throw new Error(
        'everySchedule: the same choices did not lead to the same run: the program depends on something other than its world',
      )
    }
    const choices = this.taken()
    while (true) {
      const last = choices.pop()
      if (last === undefined) return undefined
      if (last < (this.#taken[choices.length] as Choice).of - 1) return [...choices, last + 1] // Both have the same length.
    }
  }

  /** The choices up to the last unusual one, as `0.2.1`. */
  toString(): string {
    return trimmed(this.taken()).join('.')
  }
}
