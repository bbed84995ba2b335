/**
 * The list of tasks: those that have not ended, in spawn order. Its links are in the tasks, so that a task costs no entry.
 */

import type { Task } from '../core/task.js'

/** The tasks of one scheduler. */
export class TaskList {
  #first: Task | null
  #last: Task | null

  constructor() {
    this.#first = null
    this.#last = null
  }

  /** Whether there is none. */
  get empty(): boolean {
    return this.#first === null
  }

  /** A task has been spawned. */
  add(task: Task): void {
    task.previous = this.#last
    if (this.#last === null) this.#first = task
    else this.#last.next = task
    this.#last = task
  }

  /** A task has ended. */
  remove(task: Task): void {
    if (task.previous === null) this.#first = task.next
    else task.previous.next = task.next
    if (task.next === null) this.#last = task.previous
    else task.next.previous = task.previous
    task.previous = null
    task.next = null
  }

  *[Symbol.iterator](): Generator<Task, void, void> {
    for (let task = this.#first; task !== null; task = task.next) yield task
  }
}
