/**
 * The trace of a run that may fail: a test that fails leaves a file that shows why.
 */

import { inspectThrown } from '../check.js'
import type { Scheduler } from '../loop/scheduler.js'
import { type RecordOptions, record } from './record.js'
import { saveTrace } from './save.js'

/**
 * Records a scheduler, in case that its run fails.
 *
 * @returns writes the trace, which must not hide the failure, and gives a sentence for the message
 *   of its error
 */
export function recordFailure(scheduler: Scheduler, file: string, options: RecordOptions): () => string {
  const recording = record(scheduler, options)
  return () => {
    try {
      return `the trace of this run is in ${saveTrace(recording.stop(), file)}`
    } catch (error) {
      return `the trace of this run could not be written: ${inspectThrown(error)}`
    }
  }
}
