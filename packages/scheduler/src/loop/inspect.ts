/**
 * What a monitor may see of a scheduler beside its snapshot: the tasks themselves, and their
 * coroutines. It changes nothing.
 */

import type { Coroutine, Runtime, TaskHandle } from '../core/protocol.js'
import type { Task } from '../core/task.js'
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
