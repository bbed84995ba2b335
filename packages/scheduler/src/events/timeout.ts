/** Event: a limit of time. */

import { checkMs } from '../core/coroutine.js'
import type { Event, EventHandler, Waiter, Yieldable, Yielded } from '../core/protocol.js'
import { describe } from '../diagnostics/snapshot.js'
import { TimeoutError } from '../errors.js'
import { event } from '../event/event-object.js'
import { type Answer, Combination, type Rule } from '../scope/combination.js'
import type { Timer } from '../stores/timer-heap.js'

/**
 * Event: performs a yieldable and gives its value, or throws {@link TimeoutError} when the time is up first.
 *
 * What has not been done by then is withdrawn; a coroutine is killed and its clean-up waited for. If it ends in that time
 * after all, with a value or an error of its own, that is what is given or thrown.
 *
 * @example
 * const data = yield* timeout(1000, conn.recv(1024))
 *
 * @param ms how long: 0 or more; `Infinity` is no limit
 * @param yieldable an event, coroutine, task or promise
 * @throws RangeError if `ms` is negative or no number
 */
export function timeout<Y extends Yieldable>(ms: number, yieldable: Y): Event<Yielded<Y>> {
  return event(TIMEOUT, { ms: checkMs(ms, 'timeout(ms, yieldable)'), yieldable })
}

interface Limit {
  readonly ms: number
  readonly yieldable: Yieldable
}

/** One `timeout` under way. */
class Countdown implements Rule {
  readonly name: string
  readonly combination: Combination
  readonly timer: Timer
  readonly #ms: number
  readonly #what: string

  constructor(waiter: Waiter<unknown>, { ms, yieldable }: Limit) {
    const { scheduler } = waiter
    this.name = 'timeout'
    this.#ms = ms
    this.#what = describe(yieldable)
    this.combination = new Combination(waiter, this)
    this.timer = scheduler.timers.add(scheduler.now() + ms, expire, this)
    this.combination.enter([yieldable])
  }

  gave(combination: Combination, _index: number, value: unknown): void {
    combination.decide({ value })
  }

  over(): void {
    this.combination.waiter.scheduler.timers.remove(this.timer)
  }

  late(combination: Combination, answer: Answer): void {
    combination.revise(answer)
  }

  expire(): void {
    const error = new TimeoutError(`${this.#what} was not done within ${this.#ms} ms`)
    this.combination.decide({ error })
  }
}

function expire(countdown: Countdown): void {
  countdown.expire()
}

// biome-ignore lint/suspicious/noExplicitAny: each timeout has a type of its own.
const TIMEOUT: EventHandler<Limit, Countdown, any> = {
  name: 'timeout',
  describe: ({ ms }) => `timeout(${ms})`,
  enter: (waiter, limit) => new Countdown(waiter, limit),
  withdraw: (_waiter, _limit, countdown) => countdown.combination.withdraw(),
}
