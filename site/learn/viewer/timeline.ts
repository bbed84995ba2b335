/**
 * What the panels look up in a trace: its steps, its tasks, and in which state each task was when.
 * It is made once for each trace. What a moment looks like is `stateAt`.
 *
 * A *step* is a `resume`; the steps are numbered from 1, as people count. An *index* is a place in
 * `trace.events`.
 */

import type { LogEvent, PacketEvent, ResumeEvent, Trace, TraceEvent } from '@bluelet/scheduler/trace'

/** What a task does for a while. */
export type PieceKind = 'run' | 'ready' | 'wait'

/** A while in the life of a task: from one index to another. */
export interface Piece {
  readonly kind: PieceKind
  readonly from: number
  readonly to: number
  /** The task is being cancelled. */
  readonly cleaning: boolean
}

/** A task, as the lanes show it. */
export interface Lane {
  readonly id: number
  /** `name#id`. */
  readonly label: string
  readonly library: boolean
  readonly pieces: readonly Piece[]
  /** The numbers of its steps. */
  readonly steps: readonly number[]
  /** Where it ended, and how. */
  readonly end: { readonly index: number; readonly outcome: 'returned' | 'threw' | 'killed' } | null
}

/** A packet, from its sending to its end. */
export interface Flight {
  readonly sent: PacketEvent
  /** Its arrival or its loss; null if it is still on its way when the trace ends. */
  readonly over: PacketEvent | null
}

interface OpenLane {
  id: number
  label: string
  library: boolean
  pieces: Piece[]
  steps: number[]
  end: Lane['end']
  /** The piece that has not ended, and where it began. */
  open: PieceKind | null
  from: number
  cleaning: boolean
}

/** What the panels look up in a trace. */
export class Timeline {
  readonly trace: Trace
  readonly lanes: readonly Lane[]
  readonly logs: readonly LogEvent[]
  readonly flights: readonly Flight[]
  readonly #steps: readonly number[]
  readonly #ends: readonly number[]
  readonly #byId: ReadonlyMap<number, Lane>
  readonly #first: number

  constructor(trace: Trace) {
    const { lanes, steps, ends, logs, flights } = scan(trace)
    this.trace = trace
    this.lanes = lanes
    this.logs = logs
    this.flights = flights
    this.#steps = steps
    this.#ends = ends
    this.#byId = new Map(lanes.map((lane) => [lane.id, lane]))
    this.#first = trace.events[0]?.n ?? 0
  }

  /** The number of steps. */
  get stepCount(): number {
    return this.#steps.length
  }

  lane(id: number): Lane | undefined {
    return this.#byId.get(id)
  }

  /** `name#id`, also of a task that began before the recording. */
  label(id: number): string {
    return this.#byId.get(id)?.label ?? `task#${id}`
  }

  /** The event with this number; undefined if it was dropped. */
  event(n: number | null | undefined): TraceEvent | undefined {
    return n === null || n === undefined ? undefined : this.trace.events[n - this.#first]
  }

  /** The `resume` of a step. */
  resume(step: number): ResumeEvent {
    return this.trace.events[this.indexOf(step)] as ResumeEvent // What the steps consist of.
  }

  /** The index at which a step begins. */
  indexOf(step: number): number {
    return this.#steps[step - 1] ?? 0
  }

  /** The index after the last event of a step, where the next one begins. */
  endOf(step: number): number {
    return this.#steps[step] ?? this.trace.events.length
  }

  /** The index at which the task of a step stopped running. */
  ranUntil(step: number): number {
    return this.#ends[step - 1] ?? this.indexOf(step)
  }

  /** The step in which an event happened, or after which; 0 before the first. */
  stepAt(index: number): number {
    let [low, high] = [0, this.#steps.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#steps[middle] as number) <= index) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The step of the event with this number; 0 if it was dropped or is before the first. */
  stepOf(n: number | null | undefined): number {
    return n === null || n === undefined || n < this.#first ? 0 : this.stepAt(n - this.#first)
  }

  /** What a step ended with: the task's yield, call, return or exit. */
  result(step: number): TraceEvent | undefined {
    const { co } = this.resume(step)
    for (let i = this.indexOf(step) + 1; i < this.endOf(step); i++) {
      const event = this.trace.events[i] as TraceEvent
      if (/^(yield|call|return|exit)$/.test(event.e) && 'co' in event && event.co === co) return event
    }
    return undefined
  }

  /** The last step that begins at this time or before; 1 if none does. */
  stepAtTime(t: number): number {
    let [low, high] = [0, this.#steps.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.trace.events[this.#steps[middle] as number] as TraceEvent).t <= t) low = middle + 1
      else high = middle
    }
    return Math.max(1, low)
  }
}

function scan(trace: Trace): {
  lanes: Lane[]
  steps: number[]
  ends: number[]
  logs: LogEvent[]
  flights: Flight[]
} {
  const lanes = new Map<number, OpenLane>()
  const steps: number[] = []
  const ends: number[] = []
  const logs: LogEvent[] = []
  const flights = new Map<number, { sent: PacketEvent; over: PacketEvent | null }>()

  const open = (id: number, name: string, library: boolean, kind: PieceKind | null): OpenLane => {
    const lane: OpenLane = {
      ...{ id, label: `${name}#${id}`, library, pieces: [], steps: [], end: null },
      ...{ open: kind, from: 0, cleaning: false },
    }
    lanes.set(id, lane)
    return lane
  }
  const laneOf = (id: number): OpenLane => lanes.get(id) ?? open(id, 'task', false, null)
  const turn = (lane: OpenLane, kind: PieceKind | null, index: number): void => {
    if (lane.open === 'run') ends[(lane.steps.at(-1) ?? 1) - 1] = index
    if (lane.open !== null && index > lane.from) {
      lane.pieces.push({ kind: lane.open, from: lane.from, to: index, cleaning: lane.cleaning })
    }
    lane.open = kind
    lane.from = index
  }

  for (const { id, name, state } of trace.header.begin ?? []) {
    const waits = state === 'parked' || state === 'withdrawing'
    open(id, name, false, waits ? 'wait' : 'ready').cleaning = state === 'withdrawing'
  }
  trace.events.forEach((event, i) => {
    switch (event.e) {
      case 'spawn':
        open(event.co, event.name, event.library === true, 'ready').from = i
        break
      case 'resume':
        steps.push(i)
        laneOf(event.co).steps.push(steps.length)
        turn(laneOf(event.co), 'run', i)
        break
      case 'yield':
      case 'call':
      case 'return':
      case 'wake':
        turn(laneOf(event.co), 'ready', i)
        break
      case 'park':
        turn(laneOf(event.co), 'wait', i)
        break
      case 'cancel': {
        const lane = laneOf(event.co)
        turn(lane, lane.open, i)
        lane.cleaning = true
        break
      }
      case 'exit': {
        const lane = laneOf(event.co)
        turn(lane, null, i)
        lane.end = { index: i, outcome: event.outcome }
        break
      }
      case 'log':
        logs.push(event)
        break
      case 'packet':
        if (event.op === 'sent') flights.set(event.id, { sent: event, over: null })
        else {
          const flight = flights.get(event.id)
          if (flight !== undefined && flight.over === null) flight.over = event
        }
        break
    }
  })
  for (const lane of lanes.values()) turn(lane, null, trace.events.length)
  return { lanes: [...lanes.values()], steps, ends, logs, flights: [...flights.values()] }
}
