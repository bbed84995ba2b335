/**
 * A run in a simulated world whose trace is written into a file if it fails.
 */

import { type Coroutine, type RunOptions, Scheduler, type SchedulerOptions } from '@bluelet/scheduler'
import type { RecordedWorld } from '@bluelet/scheduler/testing'
import { shown } from '../check.js'
import { reasonOf } from '../errors.js'

/** The world of the run. */
interface World {
  readonly reports: readonly unknown[]
  recorded(): RecordedWorld
}

interface RecordedRunOptions extends RunOptions, Omit<SchedulerOptions, 'host'> {
  readonly trace: string
  readonly seed?: number
}

/** @throws TypeError if a trace cannot be written into a file of that name */
export function checkTraceFile(file: unknown): void {
  if (typeof file === 'string' && /.\.(html|jsonl)$/.test(file)) return
  throw new TypeError(
    `simulate: trace: expected the name of a file that ends in .html or .jsonl, got ${shown(file)}`,
  )
}

/** Runs a program, and gives its value. @throws its error, which names the file */
export async function recordedRun<T>(
  world: World,
  main: () => Coroutine<T>,
  options: RecordedRunOptions,
): Promise<T> {
  const { record, saveTrace } = await import('@bluelet/scheduler/trace') // Most tests need none.
  const { host, network } = world.recorded()
  const scheduler = new Scheduler({ ...options, host })
  const { seed } = options
  const recording = record(scheduler, { network, ...(seed === undefined ? {} : { seed }) })
  try {
    const value = await scheduler.run(main, options)
    if (world.reports.length > 0) throw world.reports[0]
    return value
  } catch (error) {
    let note: string
    try {
      note = `the trace of this run is in ${saveTrace(recording.stop(), options.trace)}`
    } catch (problem) {
      note = `the trace of this run could not be written: ${reasonOf(problem)}`
    }
    throw withNote(error, note)
  }
}

/** Adds a line to the message of an error, if it has one. A stack contains the message. */
function withNote(error: unknown, note: string): unknown {
  if (!(error instanceof Error)) return error
  const { message, stack } = error
  try {
    error.message = `${message}\n${note}`
    if (typeof stack === 'string') error.stack = stack.replace(message, () => error.message)
  } catch {
    // It is frozen.
  }
  return error
}
