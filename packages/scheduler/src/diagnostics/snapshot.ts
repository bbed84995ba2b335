/**
 * What a scheduler's tasks are doing, as plain data for people and tools.
 */

import { cut, nameOf } from '../check.js'
import type { CallSiteIndex } from '../core/kernel.js'
import type { EventHandler, Yieldable } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import type { TaskState } from '../core/task-state.js'
import type { Wait } from '../core/wait.js'
import { CALL, requestOf } from '../core/yieldable.js'

/** What one task was doing when the snapshot was taken. */
export interface TaskSnapshot {
  /** The task's id. */
  readonly id: number
  /** The task's name. */
  readonly name: string
  /** What the task was doing. */
  readonly state: TaskState
  /**
   * The event that the task waits for, as a user would write it: `sleep(10)`; undefined unless the
   * task is parked.
   */
  readonly waitsFor: string | undefined
  /**
   * The task that spawned it, as `name#id`; undefined for a root, and once the spawner has ended.
   */
  readonly spawner: string | undefined
  /**
   * The number of coroutines on its stack beside the one that was spawned. Each was called by the
   * one before.
   */
  readonly callees: number
  /** With the option `sites`: where the task was spawned, as `function (file:line:column)`. */
  readonly spawnedAt?: string
  /**
   * With the option `sites`: where each coroutine on its stack last yielded an event, outermost
   * first.
   */
  readonly yieldedAt?: readonly (string | undefined)[]
}

/** What a task is doing now. */
export function snapshotOf(task: Task, sites: CallSiteIndex | null): TaskSnapshot {
  const { spawner } = task
  const spawnedAt = sites?.spawnedAt(task)
  return {
    id: task.id,
    name: task.name,
    state: task.state,
    waitsFor: waitsFor(task),
    spawner: spawner === null || spawner.task === null ? undefined : `${spawner.task}`,
    callees: task.callers?.length ?? 0,
    ...(spawnedAt === undefined ? {} : { spawnedAt }),
    ...(sites === null ? {} : { yieldedAt: [...sites.yieldedAt(task)] }),
  }
}

/** The event that a task waits for, as a user would write it. */
export function waitsFor(task: Task): string | undefined {
  return task.state === 'parked' || task.state === 'withdrawing' ? lastEvent(task) : undefined
}

/** The event that a task yielded last. */
export function lastEvent(task: Task): string | undefined {
  const { handler, argument } = task
  return handler === null ? undefined : describeEvent(handler, argument)
}

/** A yieldable, as a user would write it. */
export function describe(yieldable: Yieldable): string {
  const { $handler, $argument } = requestOf(yieldable)
  return describeEvent($handler, $argument)
}

/**
 * The coroutine that a branch runs, as a call of its function. A coroutine does not know its
 * function: the name is known only with the option `sites`, once the coroutine has yielded.
 */
export function coroutineOf({ handler, entered }: Wait): string | undefined {
  if (handler !== (CALL as EventHandler)) return undefined
  const task = entered as Task // What a branch enters a call with.
  const name = task.scheduler.sites?.coroutineOf(task)
  return name === undefined ? undefined : `${name}()`
}

/** An event, as a user would write it. */
export function describeEvent(handler: EventHandler, argument: unknown): string {
  try {
    return cut(`${handler.describe?.(argument) ?? `${handler.name}()`}`)
  } catch {
    return `${nameOf(handler, 'event')}()` // A description that fails must not hide the error that it was made for.
  }
}
