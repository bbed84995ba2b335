/** Event: ends a task. */

import { checkMs, inspect } from '../core/coroutine.js'
import type { Coroutine, Event, EventHandler, Watcher } from '../core/protocol.js'
import { type Task, taskOf } from '../core/task.js'
import { event } from '../event/event-object.js'

/** Options of {@link kill}. */
export interface KillOptions {
  /** How long the task may take to clean up before `return()` is used on it, in milliseconds; by default that of the run. */
  readonly grace?: number
}

/**
 * Event: kills a task and waits until it has ended.
 *
 * {@link Cancelled} is thrown at the yield where the task waits, innermost callee first; its `finally` blocks run, and may
 * themselves yield. A task that has a value coming gets that first. One that has taken no step yet never begins; one that
 * has ended is left alone; a second kill only waits with the first. A task may kill itself.
 *
 * Throws what the task's clean-up throws, and {@link DroppedError} if nothing could end it.
 *
 * Bluelet: a kill of a finished coroutine ended the whole program.
 *
 * @param target the task, or the generator that was spawned
 * @throws TypeError if that is no task
 */
export function kill(target: Task | Coroutine, options: KillOptions = {}): Event<void> {
  if (typeof options !== 'object')
    throw new TypeError(`kill(task, options): expected an object such as { grace }, got ${inspect(options)}`)
  const { grace } = options
  if (grace !== undefined) checkMs(grace, 'grace')
  return event(KILL, { victim: taskOf(target, 'kill'), grace })
}

interface Order {
  readonly victim: Task
  readonly grace: number | undefined
}

const KILL: EventHandler<Order, Watcher | undefined, void> = {
  name: 'kill',
  describe: ({ victim }) => `kill(${victim})`,
  enter(waiter, { victim, grace }) {
    // Asked in its own clean-up, or after its end: there is nothing to wait for.
    const cleaningUp = victim === waiter.task && victim.cancellation !== null
    victim.cancel(grace ?? victim.scheduler.graceMs)
    if (cleaningUp || victim.outcome !== undefined) {
      waiter.resume()
      return undefined
    }
    const watcher: Watcher = {
      ended({ outcome }) {
        const failed = outcome?.kind === 'threw'
        if (failed) waiter.throw(outcome.error)
        else waiter.resume()
        return failed
      },
    }
    victim.watch(watcher)
    return watcher
  },
  withdraw(_waiter, { victim }, watcher) {
    if (watcher !== undefined) victim.unwatch(watcher)
  },
}
