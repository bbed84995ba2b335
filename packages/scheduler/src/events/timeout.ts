/** The event `timeout`: a deadline for a yieldable. */

import { checkDuration } from '../check.js'
import { notEntered } from '../core/promise-wait.js'
import type { Event, EventHandler, Needs, Waiter, Yieldable, Yielded } from '../core/protocol.js'
import { targetsOf } from '../core/targets.js'
import { attempt } from '../core/trampoline.js'
import type { Wait } from '../core/wait.js'
import { coroutineOf, describe } from '../diagnostics/snapshot.js'
import { TimeoutError } from '../errors.js'
import { event } from '../event/event-object.js'
import { type Answer, Combination, type Rule } from '../scope/combination.js'
import type { Timer } from '../stores/timer-heap.js'

/**
 * Event: performs a yieldable and gives its value, or throws {@link TimeoutError} if the time is up
 * first.
 *
 * When the time is up, the yieldable is withdrawn. A coroutine is cancelled, and the timeout waits
 * for its clean-up. If it ends meanwhile with a value or an error of its own, the timeout gives
 * that value or throws that error. So no value is lost.
 *
 * @example
 * const data = yield* timeout(1000, conn.recv(1024))
 *
 * @param ms 0 or more; `Infinity` sets no limit
 * @param yieldable an event, coroutine, task or promise
 * @throws RangeError if `ms` is negative or not a number
 */
export function timeout<Y extends Yieldable>(ms: number, yieldable: Y): Event<Yielded<Y>> {
  return event(TIMEOUT, { ms: checkDuration(ms, 'timeout(ms, yieldable)'), yieldable })
}

interface Limit {
  readonly ms: number
  readonly yieldable: Yieldable
}

/** One `timeout` under way. */
class Countdown implements Rule {
  readonly name = 'timeout'
  readonly combination: Combination
  readonly timer: Timer
  readonly #limit: Limit

  get needs(): Needs {
    return this.#limit.ms === Number.POSITIVE_INFINITY ? 'all' : 'none'
  }

  constructor(waiter: Waiter<unknown>, limit: Limit) {
    const { scheduler } = waiter
    const { ms, yieldable } = limit
    this.#limit = limit
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
    const { ms, yieldable } = this.#limit
    const [branch] = this.combination.branches
    const what = coroutineOf(branch as Wait) ?? describe(yieldable) // Every branch is a Wait.
    const error = new TimeoutError(`${what} was not done within ${ms} ms`)
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
  // What is answered at once needs no timer.
  attempt: (waiter, { yieldable }) => attempt(waiter, yieldable),
  enter: (waiter, limit) => new Countdown(waiter, limit),
  notEntered: ({ yieldable }) => notEntered(yieldable),
  withdraw: (_waiter, _limit, countdown) => countdown.combination.withdraw(),
  hasten: (_waiter, _limit, countdown) => countdown.combination.hasten(),
  on: ({ yieldable }) => targetsOf(yieldable),
  within: (_limit, { combination }) => combination,
}
