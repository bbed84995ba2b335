/**
 * Rules about how tasks end.
 */

import type { CancelEvent, ExitEvent, Trace, TraceEvent } from '../schema.js'
import type { TraceIndex } from '../trace-index.js'
import type { Finding } from './finding.js'

/** Tasks that were cancelled and did not end within their grace period. */
export function* cancellations(trace: Trace, index: TraceIndex): Generator<Finding> {
  const exits = new Map<number, ExitEvent>()
  for (const event of trace.events) if (event.e === 'exit') exits.set(event.co, event)
  for (const [co, cancels] of index.cancelsOf) {
    const until = Math.min(...cancels.map(({ t, grace }) => t + grace))
    const { grace, n } = cancels[0] as CancelEvent // There is at least one.
    const late = forcedAt(index, co, n, until) ?? lateEnd(exits.get(co), trace.events.at(-1), until)
    if (late === undefined) continue
    yield {
      rule: 'slow-cleanup',
      n: late.n,
      t: late.t,
      co,
      tasks: [co],
      msg: `${index.nameOf(co)} was cancelled and did not end within its grace period of ${grace} ms: its clean-up was cut off`,
    }
  }
}

/** The event by which a task was made to return at the end of its grace period. */
function forcedAt(index: TraceIndex, co: number, n: number, until: number): TraceEvent | undefined {
  for (let resume = index.nextResume(co, n); resume !== undefined; resume = index.nextResume(co, resume.n)) {
    if (resume.how === 'return' && resume.t >= until) return resume
  }
  return undefined
}

/** The end of a task, or of the trace, if that is after the grace period. */
function lateEnd(
  exit: ExitEvent | undefined,
  last: TraceEvent | undefined,
  until: number,
): TraceEvent | undefined {
  const end = exit ?? last
  return end !== undefined && end.t > until ? end : undefined
}

/** Tasks that failed while no task joined them. */
export function* errors(trace: Trace, index: TraceIndex): Generator<Finding> {
  const roots = new Set<number>()
  for (const event of trace.events) {
    if (event.e !== 'spawn') continue
    if (event.parent === null) roots.add(event.co)
  }
  for (const event of trace.events) {
    if (event.e !== 'exit' || event.outcome !== 'threw') continue
    const { co, n, t, error } = event
    // The error of a root is that of its run.
    if (roots.has(co) || !cancelsAll(index, event, roots)) continue
    yield {
      rule: 'unjoined-error',
      n,
      t,
      co,
      tasks: [co],
      msg: `${index.nameOf(co)} failed with ${error ?? 'an error'} while no task joined it, so every task was cancelled: join it, or run it in a group`,
    }
  }
}

/** Whether the end of a task cancelled a root, as an error does that no task has taken. */
function cancelsAll(index: TraceIndex, { co, n }: ExitEvent, roots: ReadonlySet<number>): boolean {
  for (let i = n + 1; ; i++) {
    const event = index.event(i)
    if (event === undefined || event.e === 'resume') return false
    if (event.e === 'cancel' && roots.has(event.co) && event.by.kind === 'task' && event.by.co === co)
      return true
  }
}
