/** The event `all`: several yieldables together. */

import { checkLimit, inspect } from '../check.js'
import { notEntered } from '../core/promise-wait.js'
import type { Event, EventHandler, Waiter, Yieldable, Yielded } from '../core/protocol.js'
import { targetsOf } from '../core/targets.js'
import { event } from '../event/event-object.js'
import { Combination, type Rule } from '../scope/combination.js'

/**
 * Event: performs several yieldables together and gives their values, in their order, once all are
 * done. The first error withdraws the others, and is thrown once the coroutines among them have
 * cleaned up.
 *
 * If it fails, or is itself withdrawn, the values that have come go back as those of a {@link race}
 * do: a connection is closed, a permit released, a message put in front of its channel, and what a
 * coroutine returned is disposed of.
 *
 * @example
 * const [a, b] = yield* all([fetchUser(1), fetchUser(2)])
 * const pages = yield* all(urls.map((url) => fetchPage(url)), { limit: 16 })
 *
 * @param yieldables events, coroutines, tasks or promises; an empty array gives an empty array
 * @throws RangeError if the limit is not a positive integer
 */
export function all<const Y extends readonly Yieldable[]>(
  yieldables: Y,
  options: AllOptions = {},
): Event<{ -readonly [K in keyof Y]: Yielded<Y[K]> }> {
  return event(ALL, branchesOf('all', yieldables, options))
}

/** Options of {@link all} and {@link allSettled}. */
export interface AllOptions {
  /**
   * How many are performed at once: a positive integer. The next one, in order, begins when one is
   * done. By default there is no limit.
   */
  readonly limit?: number
}

/** The branches of an `all`, and how many are performed at once. */
export interface Branches {
  readonly yieldables: readonly Yieldable[]
  readonly limit: number
}

/** Checks the arguments of `all` and `allSettled`. */
export function branchesOf(name: string, yieldables: readonly Yieldable[], options: AllOptions): Branches {
  if (!Array.isArray(yieldables))
    throw new TypeError(`${name}(yieldables): expected an array, got ${inspect(yieldables)}`)
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `${name}(yieldables, options): expected an object such as { limit }, got ${inspect(options)}`,
    )
  }
  return { yieldables, limit: checkLimit(options.limit, `${name}: limit`) }
}

/** The rule of one `all`: collects its values. */
class Every implements Rule {
  readonly name = 'all'
  readonly #values: unknown[]
  #missing: number

  constructor(count: number) {
    this.#values = new Array<unknown>(count)
    this.#missing = count
  }

  gave(combination: Combination, index: number, value: unknown): void {
    this.#values[index] = value
    if (--this.#missing === 0) combination.decide({ value: this.#values })
  }
}

// biome-ignore lint/suspicious/noExplicitAny: each all has a type of its own.
const ALL: EventHandler<Branches, Combination | undefined, any> = {
  name: 'all',
  describe: ({ yieldables }) => `all(${yieldables.length} yieldables)`,
  enter(waiter: Waiter<unknown>, { yieldables, limit }) {
    if (yieldables.length > 0)
      return new Combination(waiter, new Every(yieldables.length)).enter(yieldables, limit)
    waiter.resume([])
    return undefined
  },
  notEntered: ({ yieldables }) => yieldables.forEach(notEntered),
  withdraw: (_waiter, _branches, combination) => combination?.withdraw(),
  hasten: (_waiter, _branches, combination) => combination?.hasten(),
  on: ({ yieldables }) => yieldables.flatMap(targetsOf),
  within: (_branches, combination) => combination ?? {},
}
