/**
 * The trampoline: one step of one task.
 *
 * A step enters the coroutine on top of the task's stack, lets it run to its next yield, and looks at what came out: an
 * end goes to the caller below, anything else names the handler that fulfils it. It knows no event by name.
 */

import { NATIVE_NEXT } from './coroutine.js'
import type { Coroutine } from './protocol.js'
import type { Task } from './task.js'
import { ENTERING, NEXT, RUNNING, THROW } from './task-state.js'
import { argumentOf, handlerOf } from './yieldable.js'

/** What a probe calls the modes, in their order. */
const MODE_NAMES = ['value', 'error', 'return'] as const

/** Runs a task to its next yield. The task must be new or ready. */
export function step(task: Task): void {
  const coroutine = task.coroutine as Coroutine // A task that has not ended has one.
  const { mode, value } = task
  const { probes } = task.scheduler
  if (probes !== null) probes.tell('resume', task, MODE_NAMES[mode], value)
  task.phase = RUNNING
  task.value = undefined
  let result: IteratorResult<unknown>
  try {
    result =
      mode === NEXT
        ? NATIVE_NEXT.call(coroutine, value)
        : mode === THROW
          ? coroutine.throw(value)
          : coroutine.return(value)
  } catch (error) {
    task.threw(error)
    return
  }
  if (result.done) task.returned(result.value)
  else perform(task, result.value)
}

/** Begins to fulfil what the task has yielded, and parks the task unless that was done at once. */
function perform(task: Task, yielded: unknown): void {
  const { probes } = task.scheduler
  if (probes !== null) probes.tell('yield', task, yielded)
  if (task.cancellation !== null && task.interrupt()) return
  task.phase = ENTERING
  try {
    const handler = handlerOf(yielded)
    const argument = argumentOf(yielded, handler)
    task.handler = handler
    task.argument = argument
    const { enter } = handler
    if (enter === undefined) {
      task.resume(argument)
      return
    }
    const wait = enter.call(handler, task, argument)
    if (isEntering(task)) task.park(wait)
  } catch (error) {
    if (!isEntering(task)) throw error
    task.throw(error)
  }
}

function isEntering(task: Task): boolean {
  return task.phase === ENTERING
}
