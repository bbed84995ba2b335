/**
 * The trampoline: one step of one task.
 *
 * A step enters the coroutine on top of the task's stack, lets it run to its next yield, and looks
 * at the result: a return or an error goes to the caller below, a yielded value to the handler that
 * fulfils it. It knows no event by name.
 */

import { NATIVE_NEXT } from './coroutine.js'
import type { Coroutine } from './protocol.js'
import type { Task } from './task.js'
import { ENTERING, NEXT, PARKED, RUNNING, THROW } from './task-state.js'
import { park, type Wait } from './wait.js'
import { requestOf } from './yieldable.js'

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

/** Fulfils what the task has yielded, or delivers its cancellation instead. */
function perform(task: Task, yielded: unknown): void {
  const { probes } = task.scheduler
  if (probes !== null) probes.tell('yield', task, yielded)
  if (task.cancellation !== null && task.interrupt(task.cancellation)) return
  enter(task, yielded)
  if (task.phase === PARKED) task.parked()
}

/** Enters the event that was yielded, and parks the waiter unless the event answers at once. */
export function enter(wait: Wait, yielded: unknown): void {
  wait.phase = ENTERING
  try {
    const { $handler: handler, $argument: argument } = requestOf(yielded)
    wait.handler = handler
    wait.argument = argument
    if (handler.enter === undefined) {
      wait.resume(argument)
      return
    }
    const entered = handler.enter(wait, argument)
    if (isEntering(wait)) park(wait, handler, entered)
  } catch (error) {
    if (!isEntering(wait)) throw error
    wait.throw(error)
  }
}

/** A call, because the compiler assumes that the phase is still the one that was assigned. */
function isEntering({ phase }: Wait): boolean {
  return phase === ENTERING
}
