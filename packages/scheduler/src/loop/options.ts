/**
 * The options of a scheduler, of a run and of a spawn.
 */

import { checkCount, inspect } from '../check.js'
import type { Host, HostedTask, StepContext } from '../host/host.js'

/** Options of a scheduler. */
export interface SchedulerOptions {
  /** The environment. The default is the real one. */
  readonly host?: Host
  /** How long the scheduler steps before it lets the host poll I/O and timers. */
  readonly budget?: Budget
  /**
   * Whether to record where tasks are spawned and where they yield, which costs some microseconds
   * for each event. The default is the host's: false, but true on a virtual host.
   */
  readonly sites?: boolean
}

/**
 * How long a scheduler steps before it lets the host poll I/O and timers: whichever limit it
 * reaches first.
 */
export interface Budget {
  /** The number of steps: a positive integer. The default is 1024. */
  readonly steps?: number
  /** Milliseconds: more than 0. The default is 2. */
  readonly time?: number
}

/** Options of a run. */
export interface RunOptions {
  /**
   * Cancels every task when it is aborted. The run then rejects with its reason. It does not hold
   * the run open.
   */
  readonly signal?: AbortSignalLike
  /**
   * Milliseconds that the clean-up of a cancelled task may take before `return()` is used on it.
   * The default is 5,000.
   */
  readonly grace?: number
  /**
   * Captures the context of each spawn. Every step of the spawned task is made through the returned
   * function, so that `AsyncLocalStorage` works in tasks:
   * `context: () => AsyncLocalStorage.snapshot()`. By default nothing is captured.
   */
  readonly context?: (task: HostedTask) => StepContext
}

/** Options of a spawn. */
export interface SpawnOptions {
  /** The task's name. The default is the name of the function, or `task`. */
  readonly name?: string
}

/** The part of an `AbortSignal` that is used here. Every platform's own will do. */
export interface AbortSignalLike {
  /** Whether it has been aborted. */
  readonly aborted: boolean
  /** Why it was aborted. */
  readonly reason?: unknown
  /** Adds a listener for `abort`. */
  addEventListener(type: 'abort', listener: () => void): void
  /** Removes a listener. */
  removeEventListener(type: 'abort', listener: () => void): void
}

/**
 * The budget that the options ask for.
 *
 * @throws RangeError if a limit is invalid
 */
export function budgetOf({ budget = {} }: SchedulerOptions): Required<Budget> {
  if (typeof budget !== 'object' || budget === null) {
    throw new TypeError(`budget: expected an object such as { steps, time }, got ${inspect(budget)}`)
  }
  const { steps = 1024, time = 2 } = budget
  checkCount(steps, 'budget.steps')
  if (typeof time !== 'number' || !(time > 0)) {
    throw new RangeError(`budget.time: expected ms > 0, got ${inspect(time)}`)
  }
  return { steps, time }
}
