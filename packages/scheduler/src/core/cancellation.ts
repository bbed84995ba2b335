/**
 * A cancellation that is under way: how a task that is being cancelled is entered in place of what
 * it has yielded.
 *
 *   PENDING ---> DELIVERED ---> FORCED
 *
 * PENDING: `Cancelled` has not been thrown yet. A task that was ready with a value gets that first.
 * DELIVERED: `Cancelled` has been thrown, and the clean-up runs within the grace period.
 * FORCED: the grace period is over, and every yield is answered by `return()`.
 */

import { AbandonedError, Cancelled } from '../errors.js'
import type { Timer } from '../stores/timer-heap.js'
import type { Runtime, TaskHandle } from './protocol.js'
import { type Mode, RETURN, THROW } from './task-state.js'

/**
 * The number of times that one coroutine may answer `return()` with another yield. Each `return()`
 * ends at least one of its `finally` blocks, and no legitimate clean-up nests this deeply.
 */
const MAX_RETURNS = 10_000

const PENDING = 0
const DELIVERED = 1
const FORCED = 2

/** The cancellation of one task. */
export class Cancellation {
  readonly #scheduler: Runtime
  /** Expires at the end of the grace period. */
  #timer: Timer
  readonly #expire: (task: unknown) => void
  readonly #task: unknown
  #state: typeof PENDING | typeof DELIVERED | typeof FORCED = PENDING
  /**
   * What the task is entered with: the `Cancelled` that is thrown at its yield, and nothing once it
   * is made to return.
   */
  error: Cancelled | undefined = undefined
  /** The `Cancelled` of this cancellation, and of no other. */
  #own: Cancelled | undefined = undefined
  /** The number of times that the coroutine on top of the stack was made to return. */
  #returns = 0

  /**
   * Begins the grace period.
   *
   * @param expire called with the task at its end
   */
  constructor(scheduler: Runtime, grace: number, expire: (task: never) => void, task: unknown) {
    this.#scheduler = scheduler
    this.#expire = expire as (task: unknown) => void
    this.#task = task
    this.#timer = scheduler.timers.add(scheduler.now() + grace, this.#expire, task)
  }

  /** Milliseconds that are left of the grace period. */
  get grace(): number {
    return Math.max(this.#timer.deadline - this.#scheduler.now(), 0)
  }

  /** Ends the grace period sooner. @returns false if it ends no later anyway */
  shorten(grace: number): boolean {
    const { timers } = this.#scheduler
    const deadline = this.#scheduler.now() + grace
    if (this.#state === FORCED || deadline >= this.#timer.deadline) return false
    timers.remove(this.#timer)
    this.#timer = timers.add(deadline, this.#expire, this.#task)
    return true
  }

  /** Whether the task is to be entered with the cancellation at its next yield. */
  get due(): boolean {
    return this.#state !== DELIVERED
  }

  /** Whether the grace period is over. */
  get forced(): boolean {
    return this.#state === FORCED
  }

  /** Whether the coroutine on top of the stack refuses to end. */
  get refused(): boolean {
    return this.#returns >= MAX_RETURNS
  }

  /** Delivers it. @returns how the coroutine on top of the stack is entered, with `error` */
  deliver(task: TaskHandle): Mode {
    if (this.#state === FORCED) {
      this.#returns++
      this.error = undefined
      return RETURN
    }
    this.#state = DELIVERED
    this.#own = new Cancelled(`${task} is being killed`)
    this.error = this.#own
    return THROW
  }

  /**
   * Whether an error is the one that this cancellation has thrown, so that the task that ends with
   * it was killed.
   */
  thrown(error: unknown): boolean {
    return this.#own !== undefined && error === this.#own
  }

  /** Ends the grace period. */
  force(): void {
    this.#state = FORCED
  }

  /** The coroutine on top of the stack has ended, and its caller is on top now. */
  unwound(): void {
    this.#returns = 0
  }

  /** The task has ended. */
  settled(): void {
    this.#scheduler.timers.remove(this.#timer)
  }
}

/** The error of a task that is given up. */
export function abandonedError(task: unknown): AbandonedError {
  return new AbandonedError(
    `${task} was killed but does not end: it answered ${MAX_RETURNS} return() calls with another yield; the scheduler has abandoned it`,
  )
}
