/** Event: ends the coroutine. */

import { inspect } from '../core/coroutine.js'
import type { Event, EventHandler } from '../core/protocol.js'
import { Task } from '../core/task.js'
import { event } from '../event/event-object.js'

/**
 * Event: ends the coroutine that the trampoline runs, with a value for its caller, its joiner or `run`; its `finally`
 * blocks run. Prefer `return value`: it is typed, and it ends the function it stands in, whereas `end` in a helper under
 * `yield*` ends the helper's caller too, or, if the helper's `finally` yields, only the helper.
 *
 * Bluelet: as here, but `finally` did not run.
 *
 * @param value what the coroutine gives
 */
export function end(value?: unknown): Event<never> {
  return event(END, value)
}

const END: EventHandler<unknown, void, never> = {
  name: 'end',
  describe: (value) => `end(${value === undefined ? '' : inspect(value)})`,
  enter(waiter, value) {
    if (!(waiter instanceof Task))
      throw new TypeError('end(value): it cannot be combined; yield it by itself')
    waiter.end(value)
  },
  withdraw() {},
}
