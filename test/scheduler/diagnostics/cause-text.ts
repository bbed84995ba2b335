import type { WakeCause } from '@bluelet/scheduler/lowlevel'

/** What woke a task, in a few words. */
export function causeText(cause: WakeCause): string {
  if (cause.kind === 'task') return `${cause.by}`
  if (cause.kind === 'timer') return `timer of ${cause.deadline}`
  return cause.source
}
