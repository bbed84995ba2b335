/**
 * The steps of a trace.
 */

import type { Trace } from './schema.js'
import { indexOf, type TraceIndex } from './trace-index.js'

/** One step of one task: from where it was entered to its next yield or its end. */
export interface Step {
  /** Its number as people count: 1 is the first step in the trace. */
  readonly number: number
  /** The number of the `resume` event by which it began. */
  readonly n: number
  /** The number of the last event before the next step. */
  readonly last: number
  /** When it began, in milliseconds on the clock of the trace. */
  readonly t: number
  /** The id of the task. */
  readonly co: number
  /**
   * The number of the event by which it ended: its `yield`, its `exit`, or the `return` of a
   * callee; null if that is not in the trace.
   */
  readonly result: number | null
}

const lists = new WeakMap<Trace, readonly Step[]>()

/**
 * The steps of a trace, in order. A step whose yield was answered at once is followed by another
 * one of the same task.
 *
 * @throws TypeError if it is no trace
 */
export function steps(trace: Trace): readonly Step[] {
  let list = lists.get(trace)
  if (list === undefined) {
    list = stepsOf(indexOf(trace))
    lists.set(trace, list)
  }
  return list
}

function stepsOf(index: TraceIndex): Step[] {
  return index.resumes.map(({ n, t, co }, i) => {
    const last = (index.resumes[i + 1]?.n ?? index.end + 1) - 1
    return { number: i + 1, n, last, t, co, result: resultOf(index, co, n, last) }
  })
}

function resultOf(index: TraceIndex, co: number, first: number, last: number): number | null {
  for (let n = first + 1; n <= last; n++) {
    const event = index.event(n)
    if (event?.e !== 'yield' && event?.e !== 'exit' && event?.e !== 'return') continue
    if (event.co === co) return n
  }
  return null
}
