/**
 * What looks wrong in a trace: rules with names.
 */

import { checkCount, checkDuration } from '../check.js'
import { cancellations, errors } from './lint/ends.js'
import type { Finding, Limits } from './lint/finding.js'
import { busyLoops, longSteps, starved, withoutYield } from './lint/run.js'
import { leftBehind, stuck } from './lint/waits.js'
import type { Trace } from './schema.js'
import { indexOf } from './trace-index.js'

/** Options of {@link lint}: what is still all right. */
export interface LintOptions {
  /** Milliseconds that a step may take in real time. The default is 50. */
  readonly longStep?: number
  /** How often in a row a task may pause without anything else. The default is 1,000. */
  readonly pauses?: number
  /** How many steps another task may take while one is ready. The default is 100. */
  readonly overtaken?: number
}

/**
 * What looks wrong in a trace, in the order of the events that show it.
 *
 * - `deadlock`: a task waits for tasks, or for permits that they have, which wait for it.
 * - `lost-wakeup`: a task waits, and no task is left that could end its wait.
 * - `left-behind`: a task still waits at the end of the trace, although its spawner has ended.
 * - `busy-loop`: a task pauses over and over, and nothing else happens in it.
 * - `no-yield`: a task ended without a single yield, as did all tasks of its name. The word may
 *   have been forgotten.
 * - `long-step`: a task kept all others from running for too long, in real time.
 * - `starvation`: a task was ready, while another one took many steps.
 * - `slow-cleanup`: a task was cancelled, and did not end within its grace period.
 * - `unjoined-error`: a task failed while no task joined it, so that all others were cancelled.
 *
 * A single forgotten `yield` cannot be seen in a trace: an event that was made and not yielded does
 * nothing. The type of an event is a promise, so that the lint rule `no-floating-promises` finds
 * it.
 *
 * @throws TypeError if it is no trace; RangeError if an option is invalid
 */
export function lint(trace: Trace, options: LintOptions = {}): Finding[] {
  const limits: Limits = {
    longStep: checkDuration(options.longStep ?? 50, 'lint: longStep'),
    pauses: checkCount(options.pauses ?? 1000, 'lint: pauses'),
    overtaken: checkCount(options.overtaken ?? 100, 'lint: overtaken'),
  }
  const index = indexOf(trace)
  return [
    ...stuck(trace, index),
    ...leftBehind(trace, index),
    ...busyLoops(trace, index, limits),
    ...withoutYield(trace, index),
    ...longSteps(trace, index, limits),
    ...starved(trace, index, limits),
    ...cancellations(trace, index),
    ...errors(trace, index),
  ].sort((a, b) => a.n - b.n)
}
