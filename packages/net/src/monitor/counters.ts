/**
 * What the monitored thread counts, in memory that it shares with the thread of the monitor: that
 * one can read it while the loop hangs. Each number is written by one thread without a lock, so
 * that two of them may be of different moments.
 */

/** The numbers, by their places. Times are in milliseconds on the clock of the monitored thread. */
export const STEPS = 0
export const TASKS = 1
export const SPAWNED = 2
/** The time for which steps have run, in all. */
export const BUSY = 3
/** The scheduler and the task whose step runs now; 0 between steps. */
export const RUNNING_SCHEDULER = 4
export const RUNNING_TASK = 5
/** When that step began. */
export const BEGAN = 6
/** The longest step: how long it took, when it began, and of which scheduler and task it was. */
export const LONGEST = 7
export const LONGEST_BEGAN = 8
export const LONGEST_SCHEDULER = 9
export const LONGEST_TASK = 10
const LENGTH = 11

/** Memory for the numbers, all of which are 0. */
export function makeCounters(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(LENGTH * Float64Array.BYTES_PER_ELEMENT))
}
