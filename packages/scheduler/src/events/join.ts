/** The event `join`: the end of a task. */

import type { Coroutine, Event, TaskHandle } from '../core/protocol.js'
import { taskOf } from '../core/task.js'
import { JOIN } from '../core/yieldable.js'
import { event } from '../event/event-object.js'

/**
 * Event: waits until a task has ended and gives what it returned. If the task has already ended, it
 * does not wait. Plain `yield task` and `yield* task` do the same.
 *
 * It throws what the task threw, and {@link KilledError} if the task was killed. A join that would
 * wait for itself, over any number of tasks, throws {@link DeadlockError}. If tasks of several
 * schedulers take part, it does so even if they wait in kills, groups and combinations.
 *
 * Bluelet: gives None, whatever the coroutine returned or threw.
 *
 * @param target the task, or the generator that was spawned
 * @throws TypeError if the target is not a task
 */
export function join<T>(target: TaskHandle<T> | Coroutine<T>): Event<T> {
  return event(JOIN, taskOf(target, 'join')) as Event<T> // What the task returns is a T.
}
