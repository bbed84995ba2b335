/** The event `allSettled`: several yieldables that may each fail. */

import { notEntered } from '../core/promise-wait.js'
import type { Event, EventHandler, Waiter, Yieldable, Yielded } from '../core/protocol.js'
import { targetsOf } from '../core/targets.js'
import { event } from '../event/event-object.js'
import { Combination, type Rule } from '../scope/combination.js'
import { type AllOptions, type Branches, branchesOf } from './all.js'

/**
 * Event: performs several yieldables together and waits until all are done, whether they give a
 * value or fail. It gives a result for each, in their order, as `Promise.allSettled` does:
 * `{ status: 'fulfilled', value }` or `{ status: 'rejected', reason }`. It throws none of their
 * errors.
 *
 * @example
 * for (const result of yield* allSettled([kill(a), kill(b)])) {
 *   if (result.status === 'rejected') console.error(result.reason)
 * }
 *
 * @param yieldables events, coroutines, tasks or promises; an empty array gives an empty array
 * @throws RangeError if the limit is not a positive integer
 */
export function allSettled<const Y extends readonly Yieldable[]>(
  yieldables: Y,
  options: AllOptions = {},
): Event<{ -readonly [K in keyof Y]: PromiseSettledResult<Yielded<Y[K]>> }> {
  return event(ALL_SETTLED, branchesOf('allSettled', yieldables, options))
}

/** The rule of one `allSettled`: collects its results. */
class Results implements Rule {
  readonly name = 'allSettled'
  readonly #results: PromiseSettledResult<unknown>[]
  #missing: number

  constructor(count: number) {
    this.#results = new Array<PromiseSettledResult<unknown>>(count)
    this.#missing = count
  }

  gave(combination: Combination, index: number, value: unknown): void {
    this.#add(combination, index, { status: 'fulfilled', value })
  }

  threw(combination: Combination, index: number, reason: unknown): void {
    this.#add(combination, index, { status: 'rejected', reason })
  }

  #add(combination: Combination, index: number, result: PromiseSettledResult<unknown>): void {
    this.#results[index] = result
    if (--this.#missing === 0) combination.decide({ value: this.#results })
  }
}

// biome-ignore lint/suspicious/noExplicitAny: each one has a type of its own.
const ALL_SETTLED: EventHandler<Branches, Combination | undefined, any> = {
  name: 'allSettled',
  describe: ({ yieldables }) => `allSettled(${yieldables.length} yieldables)`,
  enter(waiter: Waiter<unknown>, { yieldables, limit }) {
    if (yieldables.length > 0)
      return new Combination(waiter, new Results(yieldables.length)).enter(yieldables, limit)
    waiter.resume([])
    return undefined
  },
  notEntered: ({ yieldables }) => yieldables.forEach(notEntered),
  withdraw: (_waiter, _branches, combination) => combination?.withdraw(),
  hasten: (_waiter, _branches, combination) => combination?.hasten(),
  on: ({ yieldables }) => yieldables.flatMap(targetsOf),
  within: (_branches, combination) => combination ?? {},
}
