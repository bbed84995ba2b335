/** The event `all`: several yieldables together. */

import { inspect } from '../check.js'
import type { Event, EventHandler, Waiter, Yieldable, Yielded } from '../core/protocol.js'
import { event } from '../event/event-object.js'
import { Combination, type Rule } from '../scope/combination.js'

/**
 * Event: performs several yieldables together and gives their values, in their order, once all are done. The first error
 * withdraws the others, and is thrown once the coroutines among them have cleaned up.
 *
 * If it fails, or is itself withdrawn, the values that have come go back as those of a {@link race} do: a connection is
 * closed, a permit released, a message put in front of its channel, and what a coroutine returned is disposed of.
 *
 * @example
 * const [a, b] = yield* all([fetchUser(1), fetchUser(2)])
 *
 * @param yieldables events, coroutines, tasks or promises; an empty array gives an empty array
 */
export function all<const Y extends readonly Yieldable[]>(
  yieldables: Y,
): Event<{ -readonly [K in keyof Y]: Yielded<Y[K]> }> {
  if (!Array.isArray(yieldables))
    throw new TypeError(`all(yieldables): expected an array, got ${inspect(yieldables)}`)
  return event(ALL, yieldables)
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
const ALL: EventHandler<readonly Yieldable[], Combination | undefined, any> = {
  name: 'all',
  describe: (yieldables) => `all(${yieldables.length} yieldables)`,
  enter(waiter: Waiter<unknown>, yieldables) {
    if (yieldables.length > 0) return new Combination(waiter, new Every(yieldables.length)).enter(yieldables)
    waiter.resume([])
    return undefined
  },
  withdraw: (_waiter, _yieldables, combination) => combination?.withdraw(),
  within: (_yieldables, combination) => ({ branches: combination?.branches ?? [] }),
}
