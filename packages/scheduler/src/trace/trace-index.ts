/**
 * What is found in a trace by one pass over it, so that questions about one moment cost little.
 *
 * An index is made once for each trace, and kept as long as the trace is. A trace must not change
 * once a question about it was answered.
 */

import { inspect } from '../check.js'
import type { CancelEvent, ResumeEvent, Trace, TraceEvent, WakeEvent, YieldEvent } from './schema.js'

const indexes = new WeakMap<Trace, TraceIndex>()

/** The index of a trace. @throws TypeError if it is no trace */
export function indexOf(trace: Trace): TraceIndex {
  if (!Array.isArray(trace?.events) || typeof trace.header !== 'object' || trace.header === null) {
    throw new TypeError(`expected a trace, such as parse(text) gives, got ${inspect(trace)}`)
  }
  let index = indexes.get(trace)
  if (index === undefined) {
    index = new TraceIndex(trace)
    indexes.set(trace, index)
  }
  return index
}

/** Where in a trace things are. A position is an index into `trace.events`. */
export class TraceIndex {
  readonly events: readonly TraceEvent[]
  /** The number of the first event; for a trace without events, of the one that would be next. */
  readonly start: number
  /** The number of the last event; `start - 1` if there is none. */
  readonly end: number
  /** The events by which steps began. */
  readonly resumes: ResumeEvent[] = []
  /** For each task, the events by which its steps began. */
  readonly resumesOf: Map<number, ResumeEvent[]> = new Map()
  /** For each task, the events that made it ready. */
  readonly wakesOf: Map<number, WakeEvent[]> = new Map()
  /** For each task that was there before, its first event. */
  readonly firstOf: Map<number, TraceEvent> = new Map()
  /** The names of tasks. */
  readonly names: Map<number, string> = new Map()
  /** For each end of a connection the other end, if both are in the trace. */
  readonly peers: Map<number, number> = new Map()
  /** For each packet, when it arrived or was lost; the latest if its number was used again. */
  readonly packetEnds: Map<number, number> = new Map()
  /** For each wake, by its number: the yield that ended. */
  readonly waitOf: Map<number, YieldEvent> = new Map()
  /** For each task, the events by which it was cancelled. */
  readonly cancelsOf: Map<number, CancelEvent[]> = new Map()
  /** For each return, by its number: the name of the coroutine that ended, if it is known. */
  readonly calleeOf: Map<number, string | undefined> = new Map()
  /** For each task, the names of the coroutines that it has called and that have not ended. */
  readonly #callees: Map<number, (string | undefined)[]> = new Map()
  /** For each position, whether it is a yield that is followed by a park. */
  readonly #parks: Uint8Array
  /** For each task, the position of its yield that was not answered yet. */
  readonly #open: Map<number, number> = new Map()

  constructor(trace: Trace) {
    const { header, events } = trace
    this.events = events
    this.start = events[0]?.n ?? header.dropped
    this.end = this.start + events.length - 1
    this.#parks = new Uint8Array(events.length)
    for (const { id, name } of header.begin ?? []) this.names.set(id, name)
    for (const [position, event] of events.entries()) this.#add(event, position)
  }

  /** The event of a number; undefined if it is not in the trace. */
  event(n: number | null | undefined): TraceEvent | undefined {
    return n === null || n === undefined ? undefined : this.events[n - this.start]
  }

  /** The event of a kind with a number; undefined if there is none. */
  find<E extends TraceEvent['e']>(kind: E, n: number | null | undefined): EventOf<E> | undefined {
    const event = this.event(n)
    return event?.e === kind ? (event as EventOf<E>) : undefined // Its kind says which it is.
  }

  /** A task as people call it: `echoer#3`. */
  nameOf(co: number): string {
    return `${this.names.get(co) ?? 'task'}#${co}`
  }

  /** Whether the yield at a position was followed by a park. */
  parks(position: number): boolean {
    return this.#parks[position] === 1
  }

  /**
   * The number of the step that contains an event, as people count: 1 is the first one in the
   * trace, 0 is before it.
   */
  stepNumber(n: number): number {
    return position(this.resumes, n)
  }

  /** The event by which the step began that contains an event; undefined before the first one. */
  resumeBefore(n: number): ResumeEvent | undefined {
    return this.resumes[this.stepNumber(n) - 1]
  }

  /** The event by which the next step of a task began after an event. */
  nextResume(co: number, n: number): ResumeEvent | undefined {
    return after(this.resumesOf.get(co), n)
  }

  /** The event by which the latest step of a task began before an event. */
  previousResume(co: number, n: number): ResumeEvent | undefined {
    const list = this.resumesOf.get(co)
    return list?.[position(list, n - 1) - 1]
  }

  /** The event that made a task ready next after an event. */
  nextWake(co: number, n: number): WakeEvent | undefined {
    return after(this.wakesOf.get(co), n)
  }

  /** Checks the number of an event. @throws RangeError if it is not in the trace */
  check(n: number, what: string, first: number = this.start): void {
    if (Number.isInteger(n) && n >= first && n <= this.end) return
    if (this.end < first) throw new RangeError(`${what}: the trace has no events, got n ${inspect(n)}`)
    const dropped =
      n < this.start && n >= 0 ? ': older events were dropped, since a recording has a limit' : ''
    throw new RangeError(`${what}: expected n from ${first} to ${this.end}, got ${inspect(n)}${dropped}`)
  }

  #add(event: TraceEvent, position: number): void {
    switch (event.e) {
      case 'spawn':
        this.names.set(event.co, event.name)
        this.firstOf.delete(event.co)
        this.#open.set(event.co, -1)
        return
      case 'resume':
        this.#meet(event)
        this.#open.set(event.co, -1)
        this.resumes.push(event)
        push(this.resumesOf, event.co, event)
        return
      case 'yield':
        this.#meet(event)
        this.#open.set(event.co, position)
        return
      case 'park':
        this.#parks[this.#open.get(event.co) ?? -1] = 1
        this.#meet(event)
        return
      case 'wake':
        this.#meet(event)
        push(this.wakesOf, event.co, event)
        this.#endWait(event)
        return
      case 'cancel':
        push(this.cancelsOf, event.co, event)
        return
      case 'io':
        this.#link(event.res, event.op === 'accept' ? event.made : event.res, event.cause)
        return
      case 'packet':
        if (event.op !== 'sent') this.packetEnds.set(event.id, event.t)
        return
      case 'call':
        this.#meet(event)
        push(this.#callees, event.co, event.name)
        return
      case 'return':
        this.#meet(event)
        this.calleeOf.set(event.n, this.#callees.get(event.co)?.pop())
        return
      case 'exit':
        this.#meet(event)
    }
  }

  #endWait({ n, co }: WakeEvent): void {
    const waited = this.events[this.#open.get(co) ?? -1]
    if (waited?.e === 'yield') this.waitOf.set(n, waited)
  }

  /** Keeps the first event of a task whose spawn is not in the trace. */
  #meet(event: TraceEvent & { readonly co: number }): void {
    if (this.#open.has(event.co)) return
    this.firstOf.set(event.co, event)
    this.#open.set(event.co, -1)
  }

  /** Notes that what happened to a connection is due to what happened at its other end. */
  #link(res: number, made: number | undefined, cause: number | null): void {
    const origin = this.event(cause)
    if (made === undefined || (origin?.e !== 'io' && origin?.e !== 'res')) return
    if (origin.res === res || origin.res === made) return
    this.peers.set(made, origin.res)
    this.peers.set(origin.res, made)
  }
}

/** The event of a kind. */
export type EventOf<E extends TraceEvent['e']> = Extract<TraceEvent, { readonly e: E }>

function push<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** The first event of a list after a number. */
function after<E extends TraceEvent>(list: readonly E[] | undefined, n: number): E | undefined {
  return list?.[position(list, n)]
}

/** How many events of a list are not after a number. */
function position(list: readonly TraceEvent[], n: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] as TraceEvent).n > n)
      high = middle // It is within the list.
    else low = middle + 1
  }
  return low
}
