/**
 * What a monitor may see of a scheduler beside its snapshot: the tasks themselves, and their
 * coroutines. It changes nothing.
 */

import type { Coroutine, Runtime, TaskHandle } from '../core/protocol.js'
import { Task } from '../core/task.js'
import { PARKED, WITHDRAWING } from '../core/task-state.js'
import type { Wait } from '../core/wait.js'
import { snapshotOf, type TaskSnapshot, waitsFor } from '../diagnostics/snapshot.js'
import type { Loop } from './loop.js'

/** The tasks of a scheduler that have not ended, in spawn order. */
export function tasksOf(scheduler: Runtime): Iterable<TaskHandle> {
  return (scheduler as Loop).tasks // Every Runtime is a Loop.
}

/** What one task is doing, as in `Scheduler.snapshot`. */
export function inspectTask(task: TaskHandle): TaskSnapshot {
  const { scheduler } = task as Task // Every handle is a Task.
  return snapshotOf(task as Task, (scheduler as Loop).sites)
}

/**
 * The event that a task waits for, as a user would write it: `sleep(10)`. It costs less than the
 * whole snapshot.
 *
 * @returns undefined unless the task is parked
 */
export function awaitedBy(task: TaskHandle): string | undefined {
  return waitsFor(task as Task) // Every handle is a Task.
}

/**
 * The coroutines on the stack of a task, outermost first: the one that was spawned, and those that
 * were called by `yield`. What a coroutine delegates to by `yield*` is the engine's.
 *
 * @returns none if the task has ended
 */
export function coroutinesOf(task: TaskHandle): readonly Coroutine[] {
  const { callers, coroutine } = task as Task // Every handle is a Task.
  return coroutine === null ? [] : [...(callers ?? []), coroutine]
}

/** What a task waits for. */
export interface Awaited {
  /** The tasks: of joins, groups and kills. */
  readonly tasks: ReadonlySet<TaskHandle>
  /** Channels, connections, and whatever else events say that they wait for. */
  readonly others: ReadonlySet<object>
  /** Whether it waits for all of them: false for a race, and within a time limit. */
  readonly all: boolean
}

/** What a task waits for, looked for in combinations, too. */
export function targetsOf(task: TaskHandle): Awaited {
  const tasks = new Set<TaskHandle>()
  const others = new Set<object>()
  let all = true
  collect(task as Task) // Every handle is a Task.
  return { tasks, others, all }

  function collect({ phase, handler, argument, entered }: Wait): void {
    if ((phase !== PARKED && phase !== WITHDRAWING) || handler === null) return
    const joined = handler.joins?.(argument, entered)
    const { members = [], branches = [], needs = 'all' } = handler.within?.(argument, entered) ?? {}
    if (needs !== 'all') all = false
    for (const target of [joined ?? [], ...members, handler.on?.(argument) ?? []].flat()) {
      if (target instanceof Task) tasks.add(target)
      else others.add(target)
    }
    for (const branch of branches) collect(branch as Wait) // Every branch is a Wait.
  }
}
