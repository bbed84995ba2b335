/**
 * One run of a scheduler: its root, what failed in it, and how it ends.
 *
 * It is the supervisor of its root and of all that is spawned there: an error that nobody joined for ends the run.
 */

import type { Supervisor } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { PARKED } from '../core/task-state.js'
import { addTrace } from '../diagnostics/error-trace.js'
import { waitsFor } from '../diagnostics/snapshot.js'
import { DeadlockError, KilledError } from '../errors.js'
import { Stragglers } from '../scope/stragglers.js'
import type { Scheduler } from './scheduler.js'

/** A message that lists more tasks than this helps nobody; the error holds them all. */
const MOST_SHOWN = 20

/** Who is told how a run ended. */
export interface RunListener<T> {
  resolve(value: T): void
  reject(error: unknown): void
}

/** The run of one root. */
export class Run<T = unknown> implements Supervisor {
  readonly #scheduler: Scheduler
  readonly #listener: RunListener<T>
  readonly #errors: Set<unknown>
  #root: Task<T> | null
  #cancelling: boolean
  readonly #stragglers: Stragglers
  /** Takes back what the run asked of its surroundings: the abort listener. */
  #detach: () => void

  constructor(scheduler: Scheduler, listener: RunListener<T>, signal: AbortSignalLike | undefined) {
    this.#scheduler = scheduler
    this.#listener = listener
    this.#errors = new Set()
    this.#root = null
    this.#cancelling = false
    this.#stragglers = new Stragglers()
    this.#detach = () => {}
    if (signal !== undefined) this.#listenTo(signal)
  }

  /** The task whose value the run resolves with. */
  begin(root: Task<T>): void {
    this.#root = root
    if (this.#cancelling) root.cancel(this.#scheduler.graceMs)
  }

  adopt(task: Task): void {
    if (this.#cancelling) this.#stragglers.add(task)
  }

  disown(task: Task): void {
    this.#stragglers.delete(task)
  }

  fail(task: Task, error: unknown): void {
    if (!this.#errors.has(error)) addTrace(error, task)
    this.cancel(error)
  }

  /** Cancels every task, because of an error with which the run will reject. */
  cancel(error: unknown): void {
    this.#errors.add(error)
    if (this.#cancelling) return
    this.#cancelling = true
    for (const task of [...this.#scheduler.tasks()]) task.cancel(this.#scheduler.graceMs)
  }

  /** Every task waits, and nothing is left that could wake one. */
  deadlock(): void {
    const waits = [...this.#scheduler.tasks()].map((task) => `${task} waits for ${waitsFor(task)}`)
    const shown = waits.slice(0, MOST_SHOWN)
    if (waits.length > shown.length) shown.push(`and ${waits.length - shown.length} more`)
    const list = shown.map((line) => `\n  ${line}`).join('')
    this.giveUp(new DeadlockError(`every task waits, and nothing is left that could wake one:${list}`, waits))
  }

  /** Every task has ended, but something is said to be under way that can never end. */
  heldOpen(holds: number): void {
    this.cancel(
      new Error(
        `every task has ended, but the run is held open: hold() was called ${holds} times more than release()`,
      ),
    )
  }

  /**
   * Nothing happens any more in a simulated world. A server that waits there for one more connection is no deadlock once the
   * root has had its answers: it is ended.
   */
  idle(): void {
    if (this.#root?.outcome?.kind !== 'returned') this.deadlock()
    else for (const task of [...this.#scheduler.tasks()]) task.cancel(this.#scheduler.graceMs)
  }

  /** Cancels every task, because nothing can come any more; a clean-up that hangs has no grace period to wait for. */
  giveUp(error: unknown): void {
    const tasks = [...this.#scheduler.tasks()]
    this.cancel(error)
    for (const task of tasks) {
      task.cancel(this.#scheduler.graceMs) // A straggler of clean-ups has not been.
      if (task.phase === PARKED) task.force()
    }
  }

  /** Every task has ended. */
  finish(): void {
    this.#detach()
    const errors = [...this.#errors]
    const outcome = this.#root?.outcome
    if (errors.length > 1) {
      this.#listener.reject(
        new AggregateError(errors, `${errors.length} tasks failed: ${errors.map(String).join('; ')}`),
      )
    } else if (errors.length === 1) this.#listener.reject(errors[0])
    else if (outcome?.kind === 'returned') this.#listener.resolve(outcome.value)
    else if (outcome?.kind === 'threw') this.#listener.reject(outcome.error)
    else this.#listener.reject(new KilledError(`${this.#root} was killed, so that the run has no value`))
  }

  #listenTo(signal: AbortSignalLike): void {
    const abort = () => this.cancel(signal.reason)
    if (signal.aborted) {
      abort()
      return
    }
    signal.addEventListener('abort', abort)
    this.#detach = () => signal.removeEventListener('abort', abort)
  }
}

/** What a run needs of an `AbortSignal`; every platform's own will do. */
export interface AbortSignalLike {
  /** Whether it has been aborted. */
  readonly aborted: boolean
  /** Why: the run rejects with it. */
  readonly reason?: unknown
  /** Listens for `abort`. */
  addEventListener(type: 'abort', listener: () => void): void
  /** Stops listening. */
  removeEventListener(type: 'abort', listener: () => void): void
}
