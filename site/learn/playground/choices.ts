/**
 * A schedule that makes given choices first, then the usual ones, and remembers all of them: the
 * way in which `everySchedule` finds its next one, for programs that are modules.
 */

import type { Schedule } from '@bluelet/scheduler/testing'

/** Makes given choices first. */
export class Choices implements Schedule {
  readonly #given: readonly number[]
  readonly #made: { readonly way: number; readonly of: number }[] = []

  constructor(given: readonly number[]) {
    this.#given = given
  }

  /** Those of a text such as `0.2.1`. */
  static from(text: string): Choices {
    return new Choices(text === '' ? [] : text.split('.').map(Number))
  }

  choose(n: number): number {
    const way = Math.min(this.#given[this.#made.length] ?? 0, n - 1)
    this.#made.push({ way, of: n })
    return way
  }

  /** The choices to try after these; null after the last ones. */
  next(): number[] | null {
    const ways = this.#made.map(({ way }) => way)
    for (let last = ways.length - 1; last >= 0; last--) {
      const way = ways[last] as number // It is within.
      if (way < (this.#made[last]?.of ?? 0) - 1) return [...ways.slice(0, last), way + 1]
    }
    return null
  }

  /** The choices up to the last unusual one. */
  toString(): string {
    const ways = this.#made.map(({ way }) => way)
    while (ways.at(-1) === 0) ways.pop()
    return ways.join('.')
  }
}
