/** The event `kill`: the cancellation of a task. */

import { checkDuration, inspect } from '../check.js'
import type { Coroutine, Event, EventHandler, TaskHandle, Watcher } from '../core/protocol.js'
import { type Task, taskOf } from '../core/task.js'
import { unwatchTask, watchTask } from '../core/yieldable.js'
import { event } from '../event/event-object.js'

/** Options of {@link kill}. */
export interface KillOptions {
  /**
   * Milliseconds that the task's clean-up may take before `return()` is used on it. The default is
   * that of the run.
   */
  readonly grace?: number
}

/**
 * Event: cancels a task and waits until it has ended.
 *
 * {@link Cancelled} is thrown at the yield where the task waits, innermost callee first. The task's
 * `finally` blocks run, and may themselves yield. A task that is ready with a value gets that value
 * first. A task that has taken no step yet never begins. A task that has ended is left alone. A
 * second kill waits for the first one, and ends its grace period sooner if its own is shorter. A
 * task may kill itself.
 *
 * It throws what the task's clean-up throws, and {@link AbandonedError} if nothing could end the
 * task.
 *
 * Bluelet: a kill of a finished coroutine ended the whole program.
 *
 * @param target the task, or the generator that was spawned
 * @throws TypeError if the target is not a task
 */
export function kill(target: TaskHandle | Coroutine, options: KillOptions = {}): Event<void> {
  if (typeof options !== 'object')
    throw new TypeError(`kill(task, options): expected an object such as { grace }, got ${inspect(options)}`)
  const { grace } = options
  if (grace !== undefined) checkDuration(grace, 'grace')
  return event(KILL, { victim: taskOf(target, 'kill'), grace })
}

interface KillRequest {
  readonly victim: Task
  readonly grace: number | undefined
}

const KILL: EventHandler<KillRequest, Watcher | undefined, void> = {
  name: 'kill',
  describe: ({ victim }) => `kill(${victim})`,
  enter(waiter, { victim, grace }) {
    // A task that kills itself in its own clean-up cannot wait for its end.
    const cleaningUp = victim === waiter.task && victim.cancellation !== null
    victim.cancel(grace ?? victim.scheduler.grace)
    if (cleaningUp || victim.outcome !== undefined) {
      waiter.resume()
      return undefined
    }
    return watchTask(waiter, victim, {
      ended({ outcome }) {
        const failed = outcome?.kind === 'threw'
        if (failed) waiter.throw(outcome.error)
        else waiter.resume()
        return failed
      },
    })
  },
  withdraw(waiter, { victim }, watcher) {
    if (watcher !== undefined) unwatchTask(waiter, victim, watcher)
  },
  on: ({ victim }) => victim,
  joins: ({ victim }) => victim,
}
