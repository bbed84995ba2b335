/**
 * One wait for one event: the part that a task and a branch of a combination have in common.
 *
 *                   resume, throw
 *       +-------------------------------------+
 *       |                                     v
 *   entering --> parked --> withdrawing --> answered
 *                   |                         ^
 *                   +-------------------------+
 */

import type { Kernel } from './kernel.js'
import type { EventHandler, Request, TaskHandle, Waiter } from './protocol.js'
import { PARKED, type Phase, WITHDRAWING } from './task-state.js'

/** A waiter and the state of its wait. `enter` in trampoline.ts begins one. */
export interface Wait extends Waiter<unknown> {
  readonly scheduler: Kernel
  phase: Phase
  /** The handler of the event that was yielded last; while parked, of the one that is awaited. */
  handler: EventHandler | null
  argument: unknown
  /** What `handler.enter` returned, for `handler.withdraw`. */
  entered: unknown
  /**
   * Whether the waiting task can continue without this wait: it is a branch, and another one can
   * end its combination before a given task has ended.
   */
  optional(end: TaskHandle): boolean
}

/** Parks a waiter whose event did not answer at once. */
export function park(wait: Wait, { external }: EventHandler, entered: unknown): void {
  wait.phase = PARKED
  wait.entered = entered
  if (external !== undefined) wait.scheduler.waitOutside(external)
}

/** Undoes `park`, when the waiter has been answered. */
export function unpark(wait: Wait): void {
  const external = wait.handler?.external
  wait.entered = undefined
  if (external !== undefined) wait.scheduler.waitedOutside(external)
}

/**
 * Withdraws the event of a parked waiter. The waiter's `withdrawn` is called once that is done, now
 * or later.
 */
export function withdraw(wait: Wait): void {
  wait.phase = WITHDRAWING
  const handler = wait.handler as EventHandler // A parked waiter has one.
  try {
    if (handler.withdraw?.(wait, wait.argument, wait.entered) === 'later') return
  } catch (error) {
    wait.throw(error)
    return
  }
  wait.withdrawn()
}

/** Passes on to the awaited event that the waiter's grace period has become shorter. */
export function hasten(wait: Wait): void {
  const { phase, handler } = wait
  if (phase === PARKED || phase === WITHDRAWING) handler?.hasten?.(wait, wait.argument, wait.entered)
}

/** The error of a handler that answers a waiter that is not waiting any more. */
export function answeredTwice(waiter: unknown, state: string): Error {
  return new Error(`${waiter} is ${state}: it was resumed twice, or after its wait was withdrawn`)
}

/** The error of a handler that reports a withdrawal that has not begun. */
export function notWithdrawn(waiter: unknown): Error {
  return new Error(`${waiter} is parked: withdrawn() was called, but its wait has not been withdrawn`)
}

/** Whether a kill waits for what was yielded. */
export function shields(yielded: unknown): boolean {
  return (yielded as Partial<Request> | null | undefined)?.$handler?.shields === true
}
