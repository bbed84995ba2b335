/** The event `end`: the end of a coroutine. */

import { inspect } from '../check.js'
import type { Event, EventHandler } from '../core/protocol.js'
import { Task } from '../core/task.js'
import { event } from '../event/event-object.js'

/**
 * Event: ends the coroutine that the trampoline runs, with a value for its caller, its joiner or
 * `run`. Its `finally` blocks run. Prefer `return value`: it is typed, and it ends the function
 * that contains it. `end` in a helper under `yield*` ends the helper's caller, too, or only the
 * helper if the helper's `finally` yields.
 *
 * Bluelet: the same, but `finally` blocks did not run.
 *
 * @param value the value that the coroutine gives
 */
export function end(value?: unknown): Event<never> {
  return event(END, value)
}

const END: EventHandler<unknown, void, never> = {
  name: 'end',
  describe: (value) => `end(${value === undefined ? '' : inspect(value)})`,
  enter(waiter, value) {
    if (!(waiter instanceof Task))
      throw new TypeError('end(value): it cannot be part of a combination; yield it by itself')
    waiter.end(value)
  },
  withdraw() {},
}
