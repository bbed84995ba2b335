/**
 * What is found in a trace by one pass over it, so that questions about one moment cost little.
 *
 * An index is made once for each trace, and kept as long as the trace is. A trace must not change
 * once a question about it was answered.
 */

import { inspect } from '../check.js'
import type { ResumeEvent, Trace, TraceEvent, WakeEvent } from './schema.js'

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

  /** The event by which the next step of a task began after an event. */
  nextResume(co: number, n: number): ResumeEvent | undefined {
    return after(this.resumesOf.get(co), n)
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
        return
      case 'io':
        this.#link(event.res, event.op === 'accept' ? event.made : event.res, event.cause)
        return
      case 'packet':
        if (event.op !== 'sent') this.packetEnds.set(event.id, event.t)
        return
      case 'call':
      case 'return':
      case 'exit':
        this.#meet(event)
    }
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
  if (list === undefined) return undefined
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] as E).n > n)
      high = middle // It is within the list.
    else low = middle + 1
  }
  return list[low]
}
