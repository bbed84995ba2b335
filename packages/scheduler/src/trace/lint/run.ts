/**
 * Rules about how tasks run.
 */

import type { Trace, YieldEvent } from '../schema.js'
import { type Step, steps } from '../steps.js'
import type { TraceIndex } from '../trace-index.js'
import type { Finding, Limits } from './finding.js'

/** Tasks that pause over and over. */
export function* busyLoops(trace: Trace, index: TraceIndex, { pauses }: Limits): Generator<Finding> {
  const rows = new Map<number, { readonly t: number; count: number }>()
  for (const event of trace.events) {
    if (event.e === 'io' && event.step !== null) rows.delete(index.find('resume', event.step)?.co ?? -1)
    if (event.e !== 'yield') continue
    const row = rows.get(event.co)
    // In real time a task that computes may pause, too: it takes its time.
    const passed = row === undefined ? 0 : event.t - row.t
    if (!isIdle(event) || row === undefined || passed > (trace.header.clock === 'virtual' ? 0 : pauses)) {
      rows.set(event.co, { t: event.t, count: isIdle(event) ? 1 : 0 })
    } else if (++row.count === pauses) {
      yield {
        rule: 'busy-loop',
        n: event.n,
        t: event.t,
        co: event.co,
        tasks: [event.co],
        msg: `${index.nameOf(event.co)} has yielded ${event.ev} ${pauses} times in a row, and nothing else: wait for what it waits for, such as a latch or a channel`,
      }
    }
  }
}

/** Whether a task waits for nothing. */
function isIdle({ op, ev }: YieldEvent): boolean {
  return op === 'pause' || ev === 'sleep(0)'
}

/** Tasks that ended without a yield, unless a task of the same name has yielded. */
export function* withoutYield(trace: Trace, index: TraceIndex): Generator<Finding> {
  const yielding = new Set<string>()
  const library = new Set<number>()
  for (const event of trace.events) {
    if (event.e === 'spawn' && event.library) library.add(event.co)
    if (event.e === 'yield') yielding.add(index.names.get(event.co) ?? '')
  }
  for (const event of trace.events) {
    if (event.e !== 'exit' || event.outcome !== 'returned' || library.has(event.co)) continue
    const name = index.names.get(event.co)
    // Tasks that were there before may have yielded before.
    if (name === undefined || yielding.has(name) || index.firstOf.has(event.co)) continue
    yield {
      rule: 'no-yield',
      n: event.n,
      t: event.t,
      co: event.co,
      tasks: [event.co],
      msg: `${index.nameOf(event.co)} ended without a yield, so it waited for nothing: an event that it made and did not yield has done nothing`,
    }
  }
}

/** Steps that took long. */
export function* longSteps(trace: Trace, index: TraceIndex, { longStep }: Limits): Generator<Finding> {
  if (trace.header.clock === 'virtual') return
  for (const { n, t, co, result } of steps(trace)) {
    const took = (index.event(result)?.t ?? t) - t
    if (took < longStep) continue
    yield {
      rule: 'long-step',
      n,
      t,
      co,
      tasks: [co],
      msg: `${index.nameOf(co)} took a step of ${Math.round(took)} ms, in which no other task could run: divide its work, and yield pause() between the parts`,
    }
  }
}

/** Tasks that were ready while another one took many steps. */
export function* starved(trace: Trace, index: TraceIndex, { overtaken }: Limits): Generator<Finding> {
  const all = steps(trace)
  /** The number of steps before each task became ready. */
  const since = new Map<number, number>()
  const told = new Set<number>()
  for (const [position, event] of trace.events.entries()) {
    const before = index.stepNumber(event.n)
    if (event.e === 'spawn' || event.e === 'wake') since.set(event.co, before)
    else if (event.e === 'yield' && !index.parks(position)) since.set(event.co, before)
    if (event.e !== 'resume') continue
    const from = since.get(event.co)
    since.delete(event.co)
    // The step that begins is the task's own.
    if (from === undefined || before - 1 - from < overtaken || told.has(event.co)) continue
    const other = mostSteps(all, from, before - 1, event.co)
    if (other.count < overtaken) continue
    told.add(event.co)
    yield {
      rule: 'starvation',
      n: event.n,
      t: event.t,
      co: event.co,
      tasks: [event.co, other.co],
      msg: `${index.nameOf(event.co)} was ready while ${index.nameOf(other.co)} took ${other.count} steps`,
    }
  }
}

/** Which other task took the most steps in a part of the trace, and how many. */
function mostSteps(
  all: readonly Step[],
  from: number,
  to: number,
  but: number,
): { co: number; count: number } {
  const counts = new Map<number, number>()
  let most = { co: -1, count: 0 }
  for (let i = from; i < to; i++) {
    const { co } = all[i] as Step // It is a part of the steps.
    if (co === but) continue
    const count = (counts.get(co) ?? 0) + 1
    counts.set(co, count)
    if (count > most.count) most = { co, count }
  }
  return most
}
