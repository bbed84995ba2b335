/**
 * The trace of an error: the task that it ended, the spawners of that task, and what each of them waits for.
 *
 * The trace is added to the error's stack, once, when the error reaches a supervisor. The error stays the user's own object.
 */

import type { TaskHandle } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { coroutineFrames } from './call-sites.js'
import { lastEvent, waitsFor } from './snapshot.js'

/** The number of spawners that a trace names. */
const MAX_SPAWNERS = 8

/** The number of characters above which a stack gets no more frames: an error may pass through a million coroutines. */
const MAX_STACK = 10_000

/**
 * Adds to an error's stack the task that it ended, and that task's spawners. An error that has this trace already, one that
 * is frozen, and a value that is not an error are left alone.
 *
 * @param error the error that a supervisor has received
 * @param task the task that failed with it
 */
export function addTrace(error: unknown, task: TaskHandle): void {
  append(error, traceOf(task as Task)) // Every handle is a Task.
}

/** Adds to an error's stack the coroutines of the `yield*` chain through which it is being thrown right now. */
export function addFrames(error: unknown): void {
  if (!(error instanceof Error) || (error.stack?.length ?? 0) > MAX_STACK) return
  append(
    error,
    coroutineFrames().map((frame) => `at ${frame}`),
  )
}

function append(error: unknown, lines: readonly string[]): void {
  // Newer engines would let the stack of a frozen error be changed.
  if (!(error instanceof Error) || lines.length === 0 || Object.isFrozen(error)) return
  const stack = error.stack ?? `${error}`
  const added = lines.map((line) => `\n    ${line}`).join('')
  if (stack.includes(added)) return // One error may fail many tasks.
  try {
    error.stack = stack + added
  } catch {
    // The stack cannot be set, and the error stays as it is.
  }
}

function traceOf(task: Task): string[] {
  const { sites } = task.scheduler
  const event = lastEvent(task)
  const at = sites?.yieldedAt(task).at(-1)
  const last =
    event === undefined
      ? ', in its first step'
      : `, after its yield of ${event}${at === undefined ? '' : ` at ${at}`}`
  const lines = [`in task ${task}${last}`]
  let child = task
  for (let i = 0; i < MAX_SPAWNERS; i++) {
    const { spawner } = child
    const site = sites?.spawnedAt(child)
    if (spawner === null) {
      if (i === 0 && site !== undefined) lines.push(`spawned at ${site}`)
      break
    }
    const waits = waitsFor(spawner)
    const doing =
      spawner.outcome === undefined
        ? waits === undefined
          ? ''
          : `, which waits for ${waits}`
        : ', which has ended'
    lines.push(`spawned by ${spawner}${site === undefined ? '' : ` at ${site}`}${doing}`)
    child = spawner
  }
  return lines
}
