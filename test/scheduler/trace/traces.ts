// Traces that are written by hand, so that a test says all of what it reads.
import { SCHEMA, type Trace, type TraceEvent, type TraceHeader } from '@bluelet/scheduler/trace'

/** An event without its number; the time is 0 unless it says otherwise. */
export type Written = TraceEvent extends infer E
  ? E extends TraceEvent
    ? Omit<E, 'n' | 't'> & { t?: number }
    : never
  : never

/** A trace of these events, numbered from 0, or from the number of those that were dropped. */
export function traceOf(events: readonly Written[], header: Partial<TraceHeader> = {}): Trace {
  const { dropped = 0 } = header
  let t = 0
  return {
    header: { schema: SCHEMA, clock: 'virtual', unit: 'ms', dropped, ...header },
    events: events.map((event, i) => {
      t = event.t ?? t
      return { n: dropped + i, ...event, t } as TraceEvent // It has a number and a time now.
    }),
  }
}

/** A task was spawned. */
export function spawn(
  co: number,
  name: string,
  parent: number | null = null,
  by: number | null = null,
): Written {
  return { e: 'spawn', co, name, parent, by }
}

/** A task began a step. */
export function resume(co: number, because: number | null, more: object = {}): Written {
  return { e: 'resume', co, how: 'value', because, ...more }
}

/** A task yielded an event, such as `sleep(10)`. */
export function yields(co: number, ev: string, more: object = {}): Written {
  return { e: 'yield', co, ev, op: ev.replace(/\(.*/, ''), ...more }
}

/** What it yielded was not answered at once. */
export function park(co: number): Written {
  return { e: 'park', co }
}

/** A timer made a task ready. */
export function expire(co: number, due: number): Written {
  return { e: 'wake', co, by: { kind: 'timer', due }, t: due }
}

/** A task made another one ready, in its step. */
export function wake(co: number, by: number, step: number): Written {
  return { e: 'wake', co, by: { kind: 'task', co: by, step } }
}

/** A task ended. */
export function exit(
  co: number,
  outcome: 'returned' | 'threw' | 'killed' = 'returned',
  more: object = {},
): Written {
  return { e: 'exit', co, outcome, ...more }
}

/** `main` sleeps for 10 ms, `child` for 5 ms; `main` joins it. */
export const TWO_TASKS: Trace = traceOf([
  spawn(1, 'main'), // 0
  resume(1, 0),
  yields(1, 'spawn(child)', { at: 'main (a.ts:3:5)' }),
  spawn(2, 'child', 1, 1), // 3
  resume(2, 3),
  yields(2, 'sleep(5)'), // 5
  park(2),
  resume(1, 2), // 7
  yields(1, 'join(child#2)', { on: { tasks: [2] } }),
  park(1),
  expire(2, 5), // 10
  resume(2, 10),
  exit(2, 'returned', { value: '"done"' }), // 12
  wake(1, 2, 11),
  resume(1, 13),
  exit(1), // 15
])
