/**
 * What can be chosen of a scheduler, of a run and of a spawn.
 */

import { inspect } from '../core/coroutine.js'
import type { Host } from '../host/host.js'
import type { AbortSignalLike } from './run.js'

/** Options of a scheduler. */
export interface SchedulerOptions {
  /** The surroundings; by default the real ones. */
  readonly host?: Host
  /** How many steps it takes before it lets the host poll I/O and timers: a positive integer; by default 1024. */
  readonly budgetSteps?: number
  /** How many milliseconds it steps before it lets the host poll: above 0; by default 2. */
  readonly budgetMs?: number
  /** Whether to note where tasks are spawned and where they yield, at some microseconds an event; by default what the host says: false, but true on a virtual one. */
  readonly sites?: boolean
}

/** Options of a run. */
export interface RunOptions {
  /** Cancels every task when it is aborted; the run then rejects with its reason. It does not hold the run open. */
  readonly signal?: AbortSignalLike
  /** How long a killed task may take to clean up before `return()` is used on it, in milliseconds; by default 5000. */
  readonly grace?: number
}

/** Options of a spawn. */
export interface SpawnOptions {
  /** The task's name; by default that of the function, or `task`. */
  readonly name?: string
}

/** How many steps, and for how many milliseconds, a scheduler steps before it lets the host poll. */
interface Budget {
  readonly budgetSteps: number
  readonly budgetMs: number
}

/**
 * The budget that the options ask for.
 *
 * @throws RangeError for one that is none
 */
export function budgetOf({ budgetSteps = 1024, budgetMs = 2 }: SchedulerOptions): Budget {
  if (!Number.isInteger(budgetSteps) || budgetSteps < 1) {
    throw new RangeError(`budgetSteps: expected a positive integer, got ${inspect(budgetSteps)}`)
  }
  if (typeof budgetMs !== 'number' || !(budgetMs > 0)) {
    throw new RangeError(`budgetMs: expected ms > 0, got ${inspect(budgetMs)}`)
  }
  return { budgetSteps, budgetMs }
}
