/**
 * A list of tasks in the order in which they were added. The links are fields of the tasks, so that
 * a task costs no entry.
 */

/** The fields of a task by which a list links it to its neighbours. */
export interface Linked<T> {
  previousTask: T | null
  nextTask: T | null
}

/** The tasks of one scheduler that have not ended. */
export class TaskList<T extends Linked<T>> {
  #first: T | null = null
  #last: T | null = null

  /** Whether it has no tasks. */
  get empty(): boolean {
    return this.#first === null
  }

  /** Adds a task at the end. */
  add(task: T): void {
    task.previousTask = this.#last
    if (this.#last === null) this.#first = task
    else this.#last.nextTask = task
    this.#last = task
  }

  /** Removes a task of this list. */
  remove(task: T): void {
    const { previousTask, nextTask } = task
    if (previousTask === null) this.#first = nextTask
    else previousTask.nextTask = nextTask
    if (nextTask === null) this.#last = previousTask
    else nextTask.previousTask = previousTask
    task.previousTask = null
    task.nextTask = null
  }

  /** Iterates over the tasks. To be copied before any of them may end. */
  *[Symbol.iterator](): Generator<T, void, void> {
    for (let task = this.#first; task !== null; task = task.nextTask) yield task
  }
}
