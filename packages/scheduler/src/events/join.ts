/** Event: waits for a task. */

import type { Coroutine, Event } from '../core/protocol.js'
import { type Task, taskOf } from '../core/task.js'
import { JOIN } from '../core/yieldable.js'
import { event } from '../event/event-object.js'

/**
 * Event: waits for a task to end and gives what it returned; of a task that has ended, at once. Plain `yield task` is the
 * same.
 *
 * Throws what the task threw, and {@link KilledError} if it was killed. A join that would wait for itself, over any
 * number of tasks, throws {@link DeadlockError}.
 *
 * Bluelet: gives None, whatever the coroutine returned or threw.
 *
 * @param target the task, or the generator that was spawned
 * @throws TypeError if that is no task
 */
export function join<T>(target: Task<T> | Coroutine<T>): Event<T> {
  return event(JOIN, taskOf(target, 'join')) as Event<T> // What the task returns is a T.
}
