/**
 * What each task was doing in a trace, as stretches one after the other: what pictures of a whole
 * trace are drawn from.
 */

import { stateAt } from './fold.js'
import type { Trace, TraceEvent } from './schema.js'
import { indexOf, type TraceIndex } from './trace-index.js'

/** A time, and the number of steps that had ended by then. */
export interface Instant {
  readonly t: number
  readonly step: number
}

/** A task does one thing. */
export interface Stretch {
  readonly kind: 'runs' | 'ready' | 'waits'
  /** The task is being cancelled, and cleans up. */
  readonly cleansUp: boolean
  /** The event that it waits for, or what comes of the step, as in `sleep(10)`. */
  readonly label: string
  /** The number of the event with which it begins; that of the first one if it began before. */
  readonly n: number
  readonly from: Instant
  readonly to: Instant
}

/** What one task was doing. */
export interface Lane {
  readonly co: number
  readonly name: string
  readonly library: boolean
  /** The number of the task that spawned it; null for a root, and if it is not known. */
  readonly parent: number | null
  readonly stretches: readonly Stretch[]
  /** How it ended; undefined until then. */
  readonly outcome: 'returned' | 'threw' | 'killed' | undefined
}

/** The lanes of all tasks, by id. */
export function lanesOf(trace: Trace): Lane[] {
  const index = indexOf(trace)
  const lanes = new Map<number, OpenLane>()
  for (const { id, name, library, state, waitsFor, parent } of stateAt(trace, index.start - 1).tasks) {
    const lane = new OpenLane(id, `${name}#${id}`, library, parent)
    lanes.set(id, lane)
    const kind = state === 'parked' || state === 'withdrawing' ? 'waits' : 'ready'
    lane.open(kind, waitsFor ?? '', index.start, { t: trace.events[0]?.t ?? 0, step: 0 })
  }
  let now: Instant = { t: 0, step: 0 }
  for (const [position, event] of trace.events.entries()) {
    const step = event.e === 'resume' ? index.stepNumber(event.n) - 1 : index.stepNumber(event.n)
    now = { t: event.t, step }
    if (event.e === 'spawn') {
      lanes.set(
        event.co,
        new OpenLane(event.co, index.nameOf(event.co), event.library === true, event.parent),
      )
    }
    if ('co' in event && event.co !== null) lanes.get(event.co)?.add(index, event, position, now)
  }
  // The step that is under way takes up its place.
  const end = { t: now.t, step: index.resumes.length }
  for (const lane of lanes.values()) lane.close(end)
  return [...lanes.values()].sort((a, b) => a.co - b.co)
}

/** A lane to which stretches are added. */
class OpenLane implements Lane {
  readonly co: number
  readonly name: string
  readonly library: boolean
  readonly parent: number | null
  readonly stretches: Stretch[] = []
  outcome: Lane['outcome'] = undefined
  #cleansUp = false
  #last: Omit<Stretch, 'to'> | null = null

  constructor(co: number, name: string, library: boolean, parent: number | null) {
    this.co = co
    this.name = name
    this.library = library
    this.parent = parent
  }

  add(index: TraceIndex, event: TraceEvent, position: number, now: Instant): void {
    const { e, n } = event
    if (e === 'spawn' || e === 'wake') this.open('ready', '', n, now)
    else if (e === 'resume') this.open('runs', '', n, now)
    else if (e === 'yield') this.#end(event.ev, n, now, index.parks(position) ? 'waits' : 'ready')
    else if (e === 'return') this.#end('returns', n, now, 'ready')
    else if (e === 'cancel') this.#cleansUp = true
    else if (e === 'exit') {
      this.outcome = event.outcome
      this.close(now, event.outcome === 'returned' ? 'ends' : event.outcome)
    }
  }

  open(kind: Stretch['kind'], label: string, n: number, from: Instant): void {
    this.close(from)
    this.#last = { kind, cleansUp: this.#cleansUp, label, n, from }
  }

  close(to: Instant, label?: string): void {
    const last = this.#last
    this.#last = null
    if (last !== null) this.stretches.push({ ...last, label: label ?? last.label, to })
  }

  /** The end of a step, with what came of it. */
  #end(label: string, n: number, now: Instant, next: 'waits' | 'ready'): void {
    this.close(now, label)
    this.open(next, next === 'waits' ? label : '', n, now)
  }
}
