/**
 * A scope: a set of tasks that are supervised together, and cancelled together. The run, a group
 * and a connection's session have one each. It does not decide what an error means; its owner does.
 */

import { holdAcross, releaseAcross } from '../core/join-cycle.js'
import type { Runtime, Supervisor, TaskHandle } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { combinedError } from './outcome.js'
import { ScopeCancellation } from './scope-cancellation.js'

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
  /** Most scopes have one task at a time, which costs no set. */
  #task: Task | null = null
  /** The other tasks, once there has been a second one. */
  #others: Set<Task> | null = null
  #errors: Set<unknown> | null = null
  /** Null until the scope is cancelled. */
  #cancellation: ScopeCancellation | null = null

  /**
   * Creates a scope without tasks.
   *
   * @param owner decides what happens when the tasks fail or end
   */
  constructor(owner: ScopeOwner) {
    this.#owner = owner
  }

  /** Whether the scope has no tasks. */
  get empty(): boolean {
    if (this.#owner.tasks !== undefined) return this.tasks.length === 0
    return this.#task === null && (this.#others === null || this.#others.size === 0)
  }

  /** Whether the scope is being cancelled, or has been. */
  get cancelling(): boolean {
    return this.#cancellation !== null
  }

  /** Whether the scope has received an error. */
  get failed(): boolean {
    return this.#errors !== null
  }

  /** The tasks that have not ended, as a copy. */
  get tasks(): TaskHandle[] {
    const { tasks: listed } = this.#owner
    if (listed !== undefined) return [...listed]
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
    if (this.#cancellation === null) this.#cancellation = new ScopeCancellation(grace)
    else if (!this.#cancellation.shorten(grace)) return
    for (const task of this.tasks as Task[]) this.#cancellation.cancel(task, grace)
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
    if (this.#owner.tasks !== undefined) {
      // The owner has it on its list.
    } else if (this.#task === null && this.#others === null) this.#task = adopted
    else {
      this.#others ??= new Set()
      this.#others.add(adopted)
    }
    if (this.#cancellation === null) return
    if (adopted.spawner?.task?.supervisor === this) this.#cancellation.limit(adopted)
    else this.#cancellation.cancelFirstWait(adopted)
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
    this.#cancellation?.ended(ended)
    const { scheduler = ended.scheduler } = this.#owner
    if (scheduler !== ended.scheduler) releaseAcross(scheduler)
    this.#owner.ended?.(task)
  }
}
