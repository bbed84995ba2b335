/** The event `sleep`: a pause of some milliseconds. */

import { checkDuration } from '../check.js'
import type { Event, EventHandler, Waiter } from '../core/protocol.js'
import { event } from '../event/event-object.js'
import type { Timer } from '../stores/timer-heap.js'

/**
 * Event: waits for a time, never less. Tasks whose time is up at once wake in the order in which
 * they began to sleep.
 *
 * Bluelet: seconds, counted from the creation of the event on the wall clock. Here: milliseconds,
 * counted from the yield on a monotonic clock.
 *
 * @param ms 0 or more; `Infinity` sleeps until the task is cancelled; 0 lets I/O and timers in, as
 *   `pause` does
 * @throws RangeError if it is negative or not a number
 */
export function sleep(ms: number): Event<void> {
  return event(SLEEP, checkDuration(ms, 'sleep(ms)'))
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
