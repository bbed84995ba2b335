/**
 * The trace of an error: the task that it ended, the spawners of that task, and what each of them
 * waits for.
 *
 * The trace is added to the error's stack, once, when the error reaches a supervisor. The error
 * stays the user's own object.
 */

import type { TaskHandle } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { Cancelled } from '../errors.js'
import { coroutineFrames } from './call-sites.js'
import { lastEvent, waitsFor } from './snapshot.js'
import { stackOf } from './stack.js'

/** The number of spawners that a trace names. */
const MAX_SPAWNERS = 8

/**
 * The number of characters above which a stack gets no more frames: an error may pass through a
 * million coroutines.
 */
const MAX_STACK = 10_000

/** The number of traces that are added to one error, which may fail any number of tasks. */
const MAX_TRACES = 16

/**
 * The first line for a `Cancelled` that has reached a supervisor: it did not come from a kill of
 * the task that threw it.
 */
const STRAY = 'thrown by a task that is not being killed by it: a Cancelled of another task is an error'

/** The number of traces that each error has. */
const traces = new WeakMap<Error, number>()

/**
 * Adds to an error's stack the task that it ended, and that task's spawners. An error that has this
 * trace already, one that is frozen, one whose stack is not a string, and a value that is not an
 * error are left alone. An error that fails more than 16 tasks gets no more traces.
 *
 * Probes are told of the failure: a supervisor that ends quietly for an error adds no trace.
 *
 * @param error the error that a supervisor has received
 * @param task the task that failed with it
 */
export function addTrace(error: unknown, task: TaskHandle): void {
  ;(task as Task).scheduler.probes?.tell('fail', task, error) // Every handle is a Task.
  if (!isOf(error, Error)) return
  const count = traces.get(error) ?? 0
  if (count > MAX_TRACES) return
  const lines = count < MAX_TRACES ? traceOf(task as Task) : ['and in more tasks'] // Every handle is a Task.
  if (count === 0 && isOf(error, Cancelled)) lines.unshift(STRAY)
  if (append(error, lines)) traces.set(error, count + 1)
}

/**
 * Adds to an error's stack the coroutines of the `yield*` chain through which it is being thrown
 * right now.
 */
export function addFrames(error: unknown): void {
  // A kill is no error, and is thrown through each of its victim's coroutines.
  if (!isOf(error, Error) || isOf(error, Cancelled) || (stackOf(error)?.length ?? 0) > MAX_STACK) return
  append(
    error,
    coroutineFrames().map((frame) => `at ${frame}`),
  )
}

/** `instanceof`, which may throw for a Proxy. */
function isOf<E extends Error>(error: unknown, errorClass: new () => E): error is E {
  try {
    return error instanceof errorClass
  } catch {
    return false
  }
}

/** Adds lines to an error's stack. @returns whether it has changed */
function append(error: Error, lines: readonly string[]): boolean {
  try {
    // Newer engines would let the stack of a frozen error be changed.
    if (lines.length === 0 || Object.isFrozen(error)) return false
    const { stack = `${error}` } = error
    const added = lines.map((line) => `\n    ${line}`).join('')
    if (typeof stack !== 'string' || stack.includes(added)) return false // One error may fail many tasks.
    error.stack = stack + added
    return true
  } catch {
    return false // The stack cannot be read or set, and the error stays as it is.
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
    const waits = spawner.task === null ? undefined : waitsFor(spawner.task)
    const doing =
      spawner.task === null ? ', which has ended' : waits === undefined ? '' : `, which waits for ${waits}`
    lines.push(`spawned by ${spawner.name}#${spawner.id}${site === undefined ? '' : ` at ${site}`}${doing}`)
    if (spawner.task === null) break
    child = spawner.task
  }
  return lines
}
