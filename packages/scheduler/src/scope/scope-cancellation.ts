/**
 * The cancellation of a scope: how long the clean-up of its tasks may take, and the grace periods
 * of the tasks that a clean-up spawns. It is made when the scope is cancelled, since most scopes
 * never are.
 */

import type { Task } from '../core/task.js'
import type { Timer } from '../stores/timer-heap.js'

/** How a scope that is being cancelled treats its tasks. */
export class ScopeCancellation {
  /** The shortest grace period that a cancellation of the scope has set. */
  #grace: number
  /** Whether a cancellation has left the grace period to the run. */
  #graceOfRun: boolean
  /** The grace periods of the late tasks. */
  #late: Map<Task, Timer> | null = null

  /** @param grace undefined: that of the run */
  constructor(grace: number | undefined) {
    this.#grace = grace ?? Number.POSITIVE_INFINITY
    this.#graceOfRun = grace === undefined
  }

  /** The scope is cancelled once more. @returns false if that shortens no grace period */
  shorten(grace: number | undefined): boolean {
    if (grace === undefined ? this.#graceOfRun : grace >= this.#grace) return false
    if (grace === undefined) this.#graceOfRun = true
    else this.#grace = grace
    return true
  }

  /** Cancels a task of the scope. @param grace that of this cancellation */
  cancel(task: Task, grace: number | undefined): void {
    if (this.#late?.has(task)) this.limit(task)
    else task.cancel(grace ?? task.scheduler.grace)
  }

  /** Gives a late task a grace period, unless it has one that ends sooner. */
  limit(task: Task): void {
    const { timers } = task.scheduler
    const grace = this.#graceOf(task)
    const deadline = task.scheduler.now() + grace
    this.#late ??= new Map()
    const timer = this.#late.get(task)
    if (timer !== undefined && timer.deadline <= deadline) return
    if (timer !== undefined) timers.remove(timer)
    this.#late.set(task, timers.add(deadline, cancelLate, { task, grace }))
  }

  /** Cancels a task that was spawned into the scope from outside. */
  cancelFirstWait(task: Task): void {
    task.cancelFirstWait(this.#graceOf(task))
  }

  /** Milliseconds that the clean-up of a task may take that is spawned into the scope. */
  #graceOf({ scheduler }: Task): number {
    return Math.min(this.#grace, scheduler.grace)
  }

  /** A task of the scope has ended. */
  ended(task: Task): void {
    const timer = this.#late?.get(task)
    if (timer === undefined) return
    task.scheduler.timers.remove(timer)
    this.#late?.delete(task)
  }
}

function cancelLate({ task, grace }: { readonly task: Task; readonly grace: number }): void {
  task.cancel(grace)
}
