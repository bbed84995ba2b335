/**
 * What is printed of an error beside its own message and stack: which task it ended, who spawned that, and what each of
 * them waits for.
 *
 * It is added to the error's stack, once, when the error reaches a supervisor; the error stays the user's own object.
 */

import type { Task } from '../core/task.js'
import { coroutineFrames } from './call-sites.js'
import { lastEvent, waitsFor } from './snapshot.js'

/** More spawners than this are left out. */
const MOST_SPAWNERS = 8

/** A stack of more characters than this gets no more frames: an error may pass through a million coroutines. */
const LONGEST_STACK = 10_000

/** Adds to the error's stack the story of the task that it ended. */
export function addTrace(error: unknown, task: Task): void {
  append(error, story(task))
}

/**
 * Adds to the error's stack the coroutines of the `yield*` chain that it is being thrown through. They are on the JavaScript
 * stack just now, and only now.
 */
export function addFrames(error: unknown): void {
  if (!(error instanceof Error) || (error.stack?.length ?? 0) > LONGEST_STACK) return
  append(
    error,
    coroutineFrames().map((frame) => `at ${frame}`),
  )
}

/** Adds lines to an error's stack; a value that is no error, or a frozen one, is left alone. */
function append(error: unknown, lines: readonly string[]): void {
  // A frozen error's own stack has to do; newer engines would let it be changed.
  if (!(error instanceof Error) || lines.length === 0 || Object.isFrozen(error)) return
  const stack = error.stack ?? `${error}`
  const added = lines.map((line) => `\n    ${line}`).join('')
  if (stack.includes(added)) return // One error may be thrown into many tasks.
  try {
    error.stack = stack + added
  } catch {
    // Its stack cannot be set: what it says by itself has to do.
  }
}

function story(task: Task): string[] {
  const { sites } = task.scheduler
  const event = lastEvent(task)
  const at = sites?.yieldedAt(task).at(-1)
  const last =
    event === undefined
      ? ', in its first step'
      : `, after its yield of ${event}${at === undefined ? '' : ` at ${at}`}`
  const lines = [`in task ${task}${last}`]
  let child = task
  for (let i = 0; i < MOST_SPAWNERS; i++) {
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
