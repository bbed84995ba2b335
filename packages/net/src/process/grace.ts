/** The part of a grace period that is a process's. */

import type { Waiter } from '@bluelet/scheduler/lowlevel'

/** The rest of it is for the process to be reaped, and for the clean-up of the task. */
const SHARE = 0.8

/** How long a process may take to end by itself on behalf of a waiter. */
export function graceWithin(grace: number, waiter: Pick<Waiter, 'grace'>): number {
  return Math.min(grace, waiter.grace * SHARE)
}
