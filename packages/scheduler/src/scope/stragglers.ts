/**
 * Stragglers: tasks that clean-ups spawn while everything is being cancelled. Each gets a grace period in which to end by
 * itself, and is cancelled after it.
 */

import type { Supervisor } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import type { Timer } from '../stores/timer-heap.js'

/** The stragglers of one {@link Supervisor}: for its `adopt`, once it cancels its tasks, and its `disown`. */
export class Stragglers {
  readonly #timers: Map<Task, Timer>

  /** Makes none. */
  constructor() {
    this.#timers = new Map()
  }

  /** A task has been spawned after its time. */
  add(task: Task): void {
    const { scheduler } = task
    this.#timers.set(task, scheduler.timers.add(scheduler.now() + scheduler.graceMs, cancel, task))
  }

  /** A task has ended. */
  delete(task: Task): void {
    const timer = this.#timers.get(task)
    if (timer === undefined) return
    task.scheduler.timers.remove(timer)
    this.#timers.delete(task)
  }
}

function cancel(task: Task): void {
  task.cancel(task.scheduler.graceMs)
}
