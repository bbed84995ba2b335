/**
 * The schedule that takes given choices first, and writes down all that it takes.
 */

import { inspect } from '../core/coroutine.js'
import type { Schedule } from '../host/schedule.js'
import { trimmed } from './shrink.js'

interface Choice {
  readonly chosen: number
  /** How many ways there were. */
  readonly of: number
}

/** Takes the given choices, then those of another schedule, or 0 each; and writes them down. */
export class Replay implements Schedule {
  readonly #given: readonly number[]
  readonly #beyond: Schedule | undefined
  readonly #taken: Choice[]
  /** Where a given choice was to be taken there were fewer ways. */
  #strayed: boolean

  constructor(given: readonly number[], beyond?: Schedule) {
    this.#given = given
    this.#beyond = beyond
    this.#taken = []
    this.#strayed = false
  }

  /** Reads what `toString` has written. */
  static from(text: string): Replay {
    if (typeof text === 'string' && /^(\d+(\.\d+)*)?$/.test(text))
      return new Replay(text === '' ? [] : text.split('.').map(Number))
    throw new TypeError(`replaySchedule: expected a schedule such as '0.2.1', got ${inspect(text)}`)
  }

  choose(n: number): number {
    const given = this.#given[this.#taken.length]
    // While a schedule is made shorter, a choice may come to stand where there are fewer ways.
    if (given !== undefined && given >= n) this.#strayed = true
    const chosen = given === undefined ? (this.#beyond?.choose(n) ?? 0) : Math.min(given, n - 1)
    this.#taken.push({ chosen, of: n })
    return chosen
  }

  /** What was chosen. */
  taken(): number[] {
    return this.#taken.map(({ chosen }) => chosen)
  }

  /**
   * The choices that come after these when every way is tried: the last that can be is raised by one.
   *
   * @returns undefined after the last of all
   */
  next(): number[] | undefined {
    if (this.#strayed || this.#taken.length < this.#given.length) {
      throw new Error(
        'everySchedule: the same choices did not lead to the same run: the program depends on something else than its world',
      )
    }
    const choices = this.taken()
    while (true) {
      const last = choices.pop()
      if (last === undefined) return undefined
      if (last < (this.#taken[choices.length] as Choice).of - 1) return [...choices, last + 1] // Both are of one length.
    }
  }

  /** The choices up to the last that is unusual, as `0.2.1`. */
  toString(): string {
    return trimmed(this.taken()).join('.')
  }
}
