/**
 * Schedules: they decide wherever a run could continue in more than one way. The scheduler takes
 * from one which ready task steps next, a simulated network how long a packet takes.
 */

import { inspect } from '../check.js'
import type { RingQueue } from '../stores/ring-queue.js'

/**
 * Decides wherever a run could continue in more than one way. A run in a virtual world depends on
 * nothing else: the same choices give the same run.
 */
export interface Schedule {
  /**
   * Chooses one of several ways to continue. Way 0 is the usual one: the task that has been ready
   * for longest, the network without delays or losses.
   *
   * @param n the number of ways: 2 or more
   * @returns 0 to n - 1
   */
  choose(n: number): number
}

/**
 * A schedule that chooses at random, by a generator of its own: the same seed always gives the same
 * choices.
 *
 * @param seed an integer
 * @throws RangeError if the seed is not an integer
 */
export function seeded(seed: number): Schedule {
  if (!Number.isInteger(seed)) throw new RangeError(`seeded(seed): expected an integer, got ${inspect(seed)}`)
  // The generator is Mulberry32; the seed's upper half counts as well.
  let state = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x9e3779b1)) >>> 0
  return {
    choose(n) {
      state = (state + 0x6d2b79f5) >>> 0
      let bits = Math.imul(state ^ (state >>> 15), state | 1)
      bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
      return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * n)
    },
  }
}

/**
 * Takes an item out of a queue that is not empty: the first, or the one that the schedule chooses.
 */
export function takeNext<T>(queue: RingQueue<T>, schedule: Schedule | null): T {
  if (schedule === null || queue.size === 1) return queue.shift()
  return queue.take(choose(schedule, queue.size))
}

/**
 * The choice of a schedule.
 *
 * @throws RangeError if the schedule chooses a way that does not exist
 */
export function choose(schedule: Schedule, n: number): number {
  const way = schedule.choose(n)
  if (Number.isInteger(way) && way >= 0 && way < n) return way
  throw new RangeError(`schedule.choose(${n}): expected an integer of 0 to ${n - 1}, got ${inspect(way)}`)
}

/**
 * The same schedule until it fails, then the usual order: the run is over then, and its clean-ups
 * still need their steps.
 */
export function untilItFails(schedule: Schedule | undefined): Schedule | null {
  if (schedule === undefined) return null
  let failed = false
  return {
    choose(n) {
      if (failed) return 0
      failed = true
      const way = choose(schedule, n)
      failed = false
      return way
    },
  }
}
