/**
 * One run of a scheduler: its root, its errors, and how it ends.
 *
 * Its scope supervises the root and all that is spawned there: an error that no task joined cancels
 * every task of the scheduler, and the run rejects with it.
 */

import type { SpawnRequest } from '../core/kernel.js'
import type { TaskHandle } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { PARKED } from '../core/task-state.js'
import { addTrace } from '../diagnostics/error-trace.js'
import { waitsFor } from '../diagnostics/snapshot.js'
import { DeadlockError, KilledError, listed } from '../errors.js'
import { type ScopeOwner, TaskScope } from '../scope/task-scope.js'
import type { Loop, LoopOwner } from './loop.js'
import { onAbort } from './on-abort.js'
import type { AbortSignalLike } from './options.js'

/** The settling functions of a promise. */
export interface Settling<T> {
  resolve(value: T): void
  reject(error: unknown): void
}

/** The run of one root. */
export class Run<T = unknown> implements LoopOwner, ScopeOwner {
  readonly #loop: Loop
  readonly #settling: Settling<T>
  readonly scope: TaskScope
  #root: Task<T> | null = null
  /** Removes the listener of the signal. */
  #unlisten: () => void = () => {}

  constructor(loop: Loop, settling: Settling<T>) {
    this.#loop = loop
    this.#settling = settling
    this.scope = new TaskScope(this)
  }

  /** Every task of the scheduler ends with the run, whatever its own scope is. */
  get tasks(): Iterable<Task> {
    return this.#loop.tasks
  }

  /**
   * Spawns the root, whose value the run resolves with. An abort of the signal cancels every task.
   */
  start(request: SpawnRequest, signal: AbortSignalLike | undefined): void {
    if (signal !== undefined) this.#listenTo(signal)
    try {
      this.#root = this.#loop.spawn(request, this.scope, null) as Task<T> // The value of the root is a T.
    } catch (error) {
      this.#unlisten()
      throw error
    }
    if (this.scope.cancelling) this.#root.cancel(this.#loop.grace)
  }

  failed(error: unknown, task: TaskHandle, known: boolean): void {
    if (!known) addTrace(error, task)
    this.scope.cancel()
  }

  cancel(error: unknown): void {
    this.scope.record(error)
    this.scope.cancel()
  }

  deadlocked(): void {
    this.#loop.probes?.tell('deadlock')
    const waits = Array.from(this.tasks, (task) => `${task} waits for ${waitsFor(task)}`)
    this.abandon(
      new DeadlockError(`every task waits, and nothing is left that could wake one:${listed(waits)}`, waits),
    )
  }

  heldOpen(refs: number): void {
    this.cancel(
      new Error(
        `every task has ended, but the run is held open: ref() was called ${refs} times more than unref()`,
      ),
    )
  }

  /**
   * A server that waits in a simulated world for one more connection is no deadlock, once the root
   * has returned.
   */
  idle(): void {
    if (this.#root?.outcome?.kind !== 'returned') this.deadlocked()
    else for (const task of [...this.tasks]) task.cancel(this.#loop.grace)
  }

  abandon(error: unknown): void {
    const tasks = [...this.tasks]
    this.cancel(error)
    for (const task of tasks) {
      task.shielded = false
      task.cancel(this.#loop.grace) // A late task has not been cancelled yet.
      if (task.phase === PARKED) task.force()
    }
  }

  finished(): void {
    this.#unlisten()
    const { scope } = this
    const outcome = this.#root?.outcome
    if (scope.failed) this.#settling.reject(scope.error('tasks'))
    else if (outcome?.kind === 'returned') this.#settling.resolve(outcome.value)
    else if (outcome?.kind === 'threw') this.#settling.reject(outcome.error)
    else this.#settling.reject(new KilledError(`${this.#root} was killed, so the run has no value`))
  }

  #listenTo(signal: AbortSignalLike): void {
    const abort = () => this.cancel(signal.reason)
    if (signal.aborted) {
      abort()
      return
    }
    this.#unlisten = onAbort(signal, abort)
  }
}
