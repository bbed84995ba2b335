/** Event: lets time pass. */

import { checkMs } from '../core/coroutine.js'
import type { Event, EventHandler, Waiter } from '../core/protocol.js'
import { event } from '../event/event-object.js'
import type { Timer } from '../stores/timer-heap.js'

/**
 * Event: waits for a time, never less; those that are due at once wake in the order in which they began.
 *
 * Bluelet: seconds, counted from the making of the event on the wall clock; here: milliseconds, from the yield, on a
 * monotonic clock.
 *
 * @param ms how long: 0 or more; `Infinity` waits until it is killed. 0 lets I/O and timers in, as `pause` does
 * @throws RangeError if that is negative or no number
 */
export function sleep(ms: number): Event<void> {
  return event(SLEEP, checkMs(ms, 'sleep(ms)'))
}

const SLEEP: EventHandler<number, Timer, void> = {
  name: 'sleep',
  describe: (ms) => `sleep(${ms})`,
  enter(waiter, ms) {
    const { scheduler } = waiter
    return scheduler.timers.add(scheduler.now() + ms, wake, waiter)
  },
  withdraw(waiter, _ms, timer) {
    waiter.scheduler.timers.remove(timer)
  },
}

function wake(waiter: Waiter<void>): void {
  waiter.resume()
}
