/**
 * A trace for Perfetto and for the Performance panel of Chrome: the Trace Event Format.
 *
 * https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */

import { causeOfResume } from '../cause.js'
import type { LogEvent, Trace } from '../schema.js'
import { type Instant, type Lane, lanesOf, type Stretch } from '../stretches.js'
import { indexOf, type TraceIndex } from '../trace-index.js'

/** In virtual time a step takes no time: it is drawn with this length, in microseconds. */
const STEP_US = 1000

const PID = 1

/**
 * A trace as JSON in Chrome's Trace Event Format, which Perfetto (https://ui.perfetto.dev) and the
 * Performance panel open: a thread for each task, with what it does and waits for, and arrows from
 * causes to effects.
 *
 * Times are in microseconds. A trace in virtual time gets a clock of its own, in which each step
 * takes a millisecond, because virtual time does not pass in a step; `args.t` has the virtual time.
 *
 * @throws TypeError if it is no trace
 */
export function toChrome(trace: Trace): string {
  const index = indexOf(trace)
  const clock = trace.header.clock === 'virtual' ? logical : real
  const lanes = lanesOf(trace)
  const events = [
    { ph: 'M', pid: PID, tid: 0, ts: 0, name: 'process_name', args: { name: 'bluelet' } },
    ...lanes.flatMap((lane) => laneEvents(lane, clock, index)),
    ...flows(index, clock),
    ...logs(trace, index, clock),
  ]
  // The text may be embedded in a page.
  return `${JSON.stringify({ traceEvents: events, displayTimeUnit: 'ms' }).replaceAll('<', '\\u003c')}\n`
}

type Clock = (instant: Instant) => number

function logical({ step }: Instant): number {
  return step * STEP_US
}

function real({ t }: Instant): number {
  return Math.round(t * 1e6) / 1000
}

function laneEvents({ co, name, stretches }: Lane, clock: Clock, index: TraceIndex): object[] {
  return [
    { ph: 'M', pid: PID, tid: co, ts: 0, name: 'thread_name', args: { name } },
    { ph: 'M', pid: PID, tid: co, ts: 0, name: 'thread_sort_index', args: { sort_index: co } },
    ...stretches.flatMap((stretch) => sliceOf(stretch, co, clock, index)),
  ]
}

function sliceOf(stretch: Stretch, tid: number, clock: Clock, index: TraceIndex): object[] {
  const { kind, label, from, to, n, cleansUp } = stretch
  const ts = clock(from)
  const dur = clock(to) - ts
  // What takes no time would only be clutter.
  if (kind !== 'runs' && dur <= 0) return []
  const resume = index.find('resume', n)
  const because = resume === undefined ? {} : { because: causeOfResume(index, resume).text }
  const step = kind === 'runs' ? { step: index.stepNumber(n) } : {}
  const cleanUp = cleansUp ? { cleansUp } : {}
  return [
    {
      ph: 'X',
      pid: PID,
      tid,
      ts,
      dur: Math.max(0, dur),
      name: kind === 'ready' ? 'ready' : kind === 'waits' ? `waits for ${label}` : label || 'runs',
      cat: kind,
      args: { t: from.t, n, ...step, ...because, ...cleanUp },
    },
  ]
}

/** The arrows. They begin within the step that is the cause, and end where the effect begins. */
function flows(index: TraceIndex, clock: Clock): object[] {
  return index.resumes.flatMap((resume, i) => {
    const { step, kind } = causeOfResume(index, resume)
    const cause = index.find('resume', step)
    if (cause === undefined || cause.co === resume.co) return []
    const arrow = { pid: PID, id: i + 1, name: kind, cat: 'cause' }
    const from = clock({ t: cause.t, step: index.stepNumber(cause.n) - 1 })
    return [
      { ph: 's', ...arrow, tid: cause.co, ts: from },
      { ph: 'f', bp: 'e', ...arrow, tid: resume.co, ts: clock({ t: resume.t, step: i }) },
    ]
  })
}

function logs({ events }: Trace, index: TraceIndex, clock: Clock): object[] {
  const printed = events.filter((event): event is LogEvent => event.e === 'log')
  return printed.map(({ n, t, text, co }) => ({
    ph: 'i',
    pid: PID,
    tid: co ?? 0,
    ts: clock({ t, step: Math.max(0, index.stepNumber(n) - 1) }),
    s: co === null ? 'p' : 't',
    name: text,
    cat: 'log',
    args: { t, n },
  }))
}
