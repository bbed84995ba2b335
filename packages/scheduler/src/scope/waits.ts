/**
 * What the tasks of a scope wait for. Combinations, groups, and waits for tasks of the same scope
 * are looked through, so that only waits for something else are left.
 */

import type { EventHandler, TaskHandle } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { ENDED, PARKED } from '../core/task-state.js'
import type { Wait } from '../core/wait.js'
import type { TaskScope } from './task-scope.js'

/**
 * Whether all tasks of a scope, those of its groups included, are parked in waits that a test
 * accepts. A wait for a task of the scope passes, and so does a combination if each of its branches
 * does. A task that is not parked does not pass.
 *
 * @param accepts tests one wait: the event's handler, its argument, and what `enter` returned
 */
export function everyWait(
  scope: TaskScope,
  accepts: (handler: EventHandler, argument: unknown, entered: unknown) => boolean,
): boolean {
  const tasks = new Set<TaskHandle>(scope.tasks)
  const joined: (TaskHandle | undefined)[] = []

  // The iteration also visits the tasks of groups, which are added during it.
  for (const task of tasks) if (!passes(task as Task)) return false // Every handle is a Task.
  return joined.every((task) => task === undefined || tasks.has(task))

  function passes({ phase, handler, argument, entered }: Wait): boolean {
    if (phase === ENDED) return true // A branch that has ended, while others go on.
    if (phase !== PARKED || handler === null) return false
    if (handler.joins !== undefined) {
      joined.push(handler.joins(argument, entered))
      return true
    }
    if (handler.within === undefined) return accepts(handler, argument, entered)
    const { members = [], branches = [] } = handler.within(argument, entered)
    for (const task of members) tasks.add(task)
    for (const branch of branches) if (!passes(branch as Wait)) return false // Every branch is a Wait.
    return true
  }
}
