/**
 * Why something ran, and what it caused.
 */

import { type Cause, type CauseKind, causeOfCancel, causeOfResume, causeOfWake } from './cause.js'
import type { Trace, TraceEvent } from './schema.js'
import { indexOf, type TraceIndex } from './trace-index.js'

/** Why a step began, or why something happened between two steps. */
export interface Why {
  /** The number of the event that is explained: the `resume` by which the step began. */
  readonly n: number
  /**
   * The number of the `resume` by which the step began in which the reason is. Null if the reason
   * is in no step that was recorded: the beginning of the run, time, or something outside.
   */
  readonly step: number | null
  /** The id of the task in which the reason is, which may be the task itself; null if in none. */
  readonly task: number | null
  /**
   * What kind of reason it is. `root`: the task was spawned from outside. `spawn`: a task spawned
   * it. `answer`: what it yielded was answered at once. `call`, `return`: it called a coroutine, or
   * that ended. `task`: another task ended its wait, or cancelled it. `timer`: time passed. `read`,
   * `accept`, `connected`, `end`, `failed`, `writable`, `closed`: something happened to a socket.
   * `external`: something else outside of the scheduler. `unknown`: it is not in the recording.
   */
  readonly kind: CauseKind
  /** The reason is a cancellation of the task. */
  readonly cancels?: true
  /** For `read`: the number of bytes. */
  readonly bytes?: number
  /**
   * A sentence without its end: `client#3 ran because 9 bytes arrived that echoer#10 sent in step
   * 103`. Steps are counted from 1, as in `steps`.
   */
  readonly text: string
}

/**
 * Why an event happened: the reason of the step that contains it. What made a task ready between
 * two steps is explained by the step that follows from it.
 *
 * @param n the number of the event
 * @throws RangeError if the trace has no such event, also because it was dropped
 * @throws TypeError if it is no trace
 */
export function why(trace: Trace, n: number): Why {
  const index = indexOf(trace)
  index.check(n, 'why(trace, n)')
  return explain(index, index.event(n) as TraceEvent) // It is in the trace.
}

/**
 * The reasons of an event, back to the root, to a time, or to something outside: `why` of the
 * event, then `why` of the step in which that reason is, and so on.
 *
 * @param n the number of the event
 * @throws RangeError if the trace has no such event, also because it was dropped
 * @throws TypeError if it is no trace
 */
export function whyChain(trace: Trace, n: number): Why[] {
  const chain = [why(trace, n)]
  const index = indexOf(trace)
  // Each step is before the one that it explains, so that there is an end.
  for (let { step } = chain[0] as Why; step !== null; ) {
    const next = explain(index, index.event(step) as TraceEvent) // A reason names steps of the trace.
    chain.push(next)
    step = next.step
  }
  return chain
}

const effectsOf = new WeakMap<Trace, Map<number, number[]>>()

/**
 * What the step that contains an event caused: the numbers of the `resume` events of which `why`
 * names it.
 *
 * @param n the number of the event
 * @throws RangeError if the trace has no such event, also because it was dropped
 * @throws TypeError if it is no trace
 */
export function effects(trace: Trace, n: number): readonly number[] {
  const index = indexOf(trace)
  index.check(n, 'effects(trace, n)')
  let all = effectsOf.get(trace)
  if (all === undefined) {
    all = allEffects(index)
    effectsOf.set(trace, all)
  }
  return all.get(index.resumeBefore(n)?.n ?? -1) ?? []
}

function allEffects(index: TraceIndex): Map<number, number[]> {
  const all = new Map<number, number[]>()
  for (const resume of index.resumes) {
    const { step } = causeOfResume(index, resume)
    if (step === null) continue
    const list = all.get(step)
    if (list === undefined) all.set(step, [resume.n])
    else list.push(resume.n)
  }
  return all
}

function explain(index: TraceIndex, event: TraceEvent): Why {
  const resume = event.e === 'resume' ? event : isInStep(event) ? index.resumeBefore(event.n) : undefined
  if (resume !== undefined) return because(index, resume.n, resume.co, 'ran', causeOfResume(index, resume))
  if (event.e === 'wake') {
    const next = index.nextResume(event.co, event.n)
    if (next !== undefined) return explain(index, next)
    return because(index, event.n, event.co, 'is ready', causeOfWake(index, event))
  }
  if (event.e === 'cancel')
    return because(index, event.n, event.co, 'is cancelled', causeOfCancel(index, event))
  return { n: event.n, step: null, task: null, kind: 'external', text: 'this happened between two steps' }
}

/** Whether an event happened in the step of a task. */
function isInStep(event: TraceEvent): boolean {
  switch (event.e) {
    case 'wake':
    case 'cancel':
      return event.by.kind === 'task'
    case 'spawn':
      return event.parent !== null
    case 'io':
    case 'res':
      return event.step !== null
    case 'log':
      return event.co !== null
    default:
      return event.e !== 'packet' && event.e !== 'input' && event.e !== 'warn'
  }
}

function because(index: TraceIndex, n: number, co: number, does: string, cause: Cause): Why {
  const { text, ...rest } = cause
  return { n, ...rest, text: `${index.nameOf(co)} ${does} because ${text}` }
}
