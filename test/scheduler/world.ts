// The world in which the scheduler's tests run: virtual time, and the end of a run as a value.
// `sites` is off, although the virtual host turns it on, since it captures a stack for each event
// and some tests make millions of them.
import { type Coroutine, type RunOptions, run, Scheduler, type SchedulerOptions } from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'

export { rejection } from '../support/rejection.js'

/** A scheduler in virtual time, with a log. */
export interface World {
  readonly scheduler: Scheduler
  readonly host: VirtualHost
  readonly log: string[]
  /** Adds a line to the log, with the virtual time: `10: woke`. */
  note(line: string): void
}

export function world(options: SchedulerOptions = {}): World {
  const host = new VirtualHost()
  const log: string[] = []
  return {
    scheduler: new Scheduler({ host, sites: false, ...options }),
    host,
    log,
    note: (line) => void log.push(`${host.now()}: ${line}`),
  }
}

/** A scheduler that the test drives by hand, in virtual time. */
export function manualScheduler(options: SchedulerOptions = {}): Scheduler {
  return new Scheduler({ host: new VirtualHost({ manual: true }), ...options })
}

/** Steps until no task is ready, and counts the steps. */
export function stepAll(scheduler: Scheduler): number {
  let steps = 0
  while (scheduler.step()) steps++
  return steps
}

/** Runs a coroutine in virtual time. */
export function virtually<T>(
  main: Coroutine<T> | (() => Coroutine<T>),
  options: SchedulerOptions & RunOptions = {},
): Promise<T> {
  return run(main, { host: new VirtualHost(), sites: false, ...options })
}

/** An error that a test recognizes by identity. */
export function failure(message = 'failure'): Error {
  return new Error(message)
}
