/**
 * A scope: a set of tasks that are supervised together, and cancelled together. The run, a group
 * and a connection's session have one each. It does not decide what an error means; its owner does.
 */

import { holdAcross, releaseAcross } from '../core/join-cycle.js'
import type { Runtime, Supervisor, TaskHandle } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import type { Timer } from '../stores/timer-heap.js'
import { combinedError } from './outcome.js'

/** The owner of a scope: decides what happens when its tasks fail or end. */
export interface ScopeOwner {
  /**
   * The tasks of the scope, if the owner lists them anyway; the scope then keeps no list of its
   * own.
   */
  readonly tasks?: Iterable<TaskHandle>
  /**
   * The scheduler of the task that waits until the scope is empty, if one does. A task that was
   * spawned from another scheduler holds its run open.
   */
  readonly scheduler?: Runtime
  /** A task is about to be spawned in the scope. Throws an error to refuse it. */
  spawning?(): void
  /**
   * A task of the scope failed while no task was joining it.
   *
   * @param error what the task threw
   * @param task the task
   * @param known whether the scope has received the same error before
   */
  failed(error: unknown, task: TaskHandle, known: boolean): void
  /** A task of the scope has ended, in whatever way. */
  ended?(task: TaskHandle): void
}

/**
 * A set of tasks that are supervised and cancelled together.
 *
 * A task that a clean-up in the scope spawns while the scope is being cancelled is *late*: it has a
 * grace period in which to end by itself, and is cancelled after it. A task that is spawned into it
 * from outside is cancelled at its first wait.
 *
 * @example
 * const scope = new TaskScope({
 *   failed(error) {
 *     console.error(error)
 *     scope.cancel()
 *   },
 * })
 * scheduler.spawnUnder(scope, worker)
 */
export class TaskScope implements Supervisor {
  readonly #owner: ScopeOwner
  readonly #listed: Iterable<TaskHandle> | undefined
  /** Most scopes have one task at a time, which costs no set. */
  #task: Task | null = null
  /** The other tasks, once there has been a second one. */
  #others: Set<Task> | null = null
  #errors: Set<unknown> | null = null
  #cancelling = false
  /** The shortest grace period that a cancellation of the scope has set. */
  #grace = Number.POSITIVE_INFINITY
  /** Whether a cancellation has left the grace period to the run. */
  #graceOfRun = false
  /** The grace periods of the late tasks. */
  #late: Map<Task, Timer> | null = null

  /**
   * Creates a scope without tasks.
   *
   * @param owner decides what happens when the tasks fail or end
   */
  constructor(owner: ScopeOwner) {
    this.#owner = owner
    this.#listed = owner.tasks
  }

  /** Whether the scope has no tasks. */
  get empty(): boolean {
    if (this.#listed !== undefined) return this.tasks.length === 0
    return this.#task === null && (this.#others === null || this.#others.size === 0)
  }

  /** Whether the scope is being cancelled, or has been. */
  get cancelling(): boolean {
    return this.#cancelling
  }

  /** Whether the scope has received an error. */
  get failed(): boolean {
    return this.#errors !== null
  }

  /** The tasks that have not ended, as a copy. */
  get tasks(): TaskHandle[] {
    if (this.#listed !== undefined) return [...this.#listed]
    const tasks: Task[] = this.#task === null ? [] : [this.#task]
    return this.#others === null ? tasks : [...tasks, ...this.#others]
  }

  /**
   * Starts to cancel the tasks, and does not wait until they have ended. A second call counts for
   * tasks whose grace period then ends sooner.
   *
   * @param grace milliseconds that their clean-up may take; the default is the grace period of the
   *   run
   */
  cancel(grace?: number): void {
    if (this.#cancelling && (grace === undefined ? this.#graceOfRun : grace >= this.#grace)) return
    this.#cancelling = true
    if (grace === undefined) this.#graceOfRun = true
    else this.#grace = Math.min(grace, this.#grace)
    for (const task of this.tasks as Task[]) {
      if (this.#late?.has(task)) this.#limit(task)
      else task.cancel(grace ?? task.scheduler.grace)
    }
  }

  /** Milliseconds that the clean-up of a task may take that is spawned into a cancelled scope. */
  #graceOf({ scheduler }: Task): number {
    return Math.min(this.#grace, scheduler.grace)
  }

  /**
   * Records an error.
   *
   * @returns whether it is new to the scope
   */
  record(error: unknown): boolean {
    if (this.#errors?.has(error)) return false
    this.#errors ??= new Set()
    this.#errors.add(error)
    return true
  }

  /**
   * The outcome of a scope that has failed: its error, or an AggregateError of several.
   *
   * @param what what has failed, for the message: `tasks`
   */
  error(what: string): unknown {
    return combinedError([...(this.#errors ?? [])], what)
  }

  /** Forgets its errors, once the owner has taken them. */
  forget(): void {
    this.#errors = null
  }

  /** Called by the scheduler. */
  adopt(task: TaskHandle): void {
    this.#owner.spawning?.()
    const adopted = task as Task // Every handle is a Task.
    const { scheduler = adopted.scheduler } = this.#owner
    if (scheduler !== adopted.scheduler) holdAcross(scheduler)
    if (this.#listed !== undefined) {
      // The owner has it on its list.
    } else if (this.#task === null && this.#others === null) this.#task = adopted
    else {
      this.#others ??= new Set()
      this.#others.add(adopted)
    }
    if (!this.#cancelling) return
    if (adopted.spawner?.task?.supervisor === this) this.#limit(adopted)
    else adopted.cancelFirstWait(this.#graceOf(adopted))
  }

  /** Called by the scheduler. */
  fail(task: TaskHandle, error: unknown): void {
    this.#owner.failed(error, task, !this.record(error))
  }

  /** Called by the scheduler. */
  disown(task: TaskHandle): void {
    const ended = task as Task // Every handle is a Task.
    if (this.#task === ended) this.#task = null
    else this.#others?.delete(ended)
    const timer = this.#late?.get(ended)
    if (timer !== undefined) {
      ended.scheduler.timers.remove(timer)
      this.#late?.delete(ended)
    }
    const { scheduler = ended.scheduler } = this.#owner
    if (scheduler !== ended.scheduler) releaseAcross(scheduler)
    this.#owner.ended?.(task)
  }

  /** Gives a late task a grace period, unless it has one that ends sooner. */
  #limit(task: Task): void {
    const { timers } = task.scheduler
    const grace = this.#graceOf(task)
    const deadline = task.scheduler.now() + grace
    this.#late ??= new Map()
    const timer = this.#late.get(task)
    if (timer !== undefined && timer.deadline <= deadline) return
    if (timer !== undefined) timers.remove(timer)
    this.#late.set(task, timers.add(deadline, cancelLate, { task, grace }))
  }
}

function cancelLate({ task, grace }: { readonly task: Task; readonly grace: number }): void {
  task.cancel(grace)
}
