/**
 * The trampoline: one step of one task.
 *
 * A step enters the coroutine on top of the task's stack, lets it run to its next yield, and looks
 * at the result: a return or an error goes to the caller below, a yielded value to the handler that
 * fulfils it. If the answer is already here, such as bytes that have arrived, the coroutine
 * continues at once. It knows no event by name.
 */

import { NATIVE_NEXT } from './coroutine.js'
import { LATER } from './later.js'
import type { ResumeCause } from './probe.js'
import type { Coroutine, Request, Waiter } from './protocol.js'
import type { Task } from './task.js'
import { ENTERING, MODE_NAMES, NEXT, PARKED, RUNNING, THROW } from './task-state.js'
import { park, type Wait } from './wait.js'
import { requestOf } from './yieldable.js'

/** How many events in a row are answered at once before the other tasks have their turn. */
const MAX_ANSWERS = 64

const AT_ONCE: ResumeCause = { kind: 'at once' }

/**
 * Runs a task to its next yield, and on beyond it as long as what it yields is answered at once.
 * The task must be new or ready.
 */
export function step(task: Task): void {
  const { scheduler } = task
  const coroutine = task.coroutine as Coroutine // A task that has not ended has one.
  let { mode, value } = task
  let cause: ResumeCause | undefined
  task.value = undefined
  for (let answers = 0; ; answers++) {
    const { probes } = scheduler
    if (probes !== null) probes.tell('resume', task, MODE_NAMES[mode], value, cause)
    task.phase = RUNNING
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
    if (result.done) {
      task.returned(result.value)
      return
    }
    const yielded = result.value
    if (scheduler.probes !== null) scheduler.probes.tell('yield', task, yielded)
    if (task.cancellation !== null) {
      if (!task.interrupt(task.cancellation, yielded)) perform(task, yielded)
      return
    }
    try {
      value = attempt(task, yielded)
      mode = NEXT
    } catch (error) {
      value = error
      mode = THROW
    }
    if (value === LATER && mode === NEXT) {
      perform(task, yielded)
      return
    }
    if (answers === MAX_ANSWERS || !scheduler.mayContinue()) {
      task.answer(mode, value)
      return
    }
    cause = AT_ONCE
  }
}

/** Gives the answer to what was yielded if it is already here, or else `LATER`. */
export function attempt(waiter: Waiter<unknown>, yielded: unknown): unknown {
  // What is no event, and has no handler, is entered.
  const handler = (yielded as Partial<Request> | null | undefined)?.$handler
  if (handler?.attempt === undefined) return LATER
  return handler.attempt(waiter, (yielded as Request).$argument)
}

/** Fulfils what the task has yielded. */
function perform(task: Task, yielded: unknown): void {
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
