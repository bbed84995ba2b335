/**
 * The scheduler whose task is running. Several schedulers can share a thread, and one can be
 * stepped within a step of another.
 */

import type { Runtime } from '../core/protocol.js'

let running: Runtime | null = null

/**
 * Called by a loop when it begins to step, and with the outer one when it has. @returns the outer
 * one
 */
export function setRunning(scheduler: Runtime | null): Runtime | null {
  const outer = running
  running = scheduler
  return outer
}

/**
 * The scheduler whose task is running, as the handlers of events see it; undefined outside of a
 * task.
 */
export function runningScheduler(): Runtime | undefined {
  return running ?? undefined
}

/**
 * The time in milliseconds, on the clock of the scheduler whose task is running: a plain call. In
 * virtual time it is virtual.
 *
 * @example
 * function* timed() {
 *   const begin = now()
 *   yield* sleep(10)
 *   console.log(`${now() - begin} ms`)
 * }
 *
 * @throws TypeError outside of a task
 */
export function now(): number {
  if (running !== null) return running.now()
  throw new TypeError('now(): no task is running; call it in a coroutine, or use scheduler.now()')
}
