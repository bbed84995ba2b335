/**
 * A trace for collectors of OpenTelemetry: OTLP in its JSON form.
 *
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */

import { checkDuration, inspect } from '../../check.js'
import { causeOfResume } from '../cause.js'
import { stateAt } from '../fold.js'
import type { Trace, TraceEvent } from '../schema.js'
import { indexOf, type TraceIndex } from '../trace-index.js'

/** Options of {@link toOTLP}. */
export interface OTLPOptions {
  /** The name of the service; the default is `bluelet`. */
  readonly service?: string
  /** The id of the trace: 32 hexadecimal digits, not all 0. The default is `0...01`. */
  readonly traceId?: string
  /**
   * The time at which the trace's clock was 0, in milliseconds since 1970: `Date.now() -
   * scheduler.now()` in the process that recorded. The default is 0.
   */
  readonly epoch?: number
}

/** The kind of a span, and the codes of a status. */
const INTERNAL = 1
const OK = 1
const ERROR = 2

/**
 * A trace as OTLP/JSON, as a collector of OpenTelemetry takes it at `/v1/traces`: a span for each
 * task, whose parent is the task that spawned it, with what the task yielded as events, and with
 * links to the tasks that made it run. The span of a task that has not ended ends with the trace.
 *
 * @throws TypeError if it is no trace, or the id is invalid; RangeError if the epoch is
 */
export function toOTLP(trace: Trace, options: OTLPOptions = {}): string {
  const index = indexOf(trace)
  const { service = 'bluelet', traceId = '1'.padStart(32, '0'), epoch = 0 } = options
  if (!/^(?!0{32}$)[0-9a-f]{32}$/.test(traceId)) {
    throw new TypeError(`toOTLP: traceId: expected 32 hexadecimal digits, not all 0, got ${inspect(traceId)}`)
  }
  const writer = new SpanWriter(trace, index, traceId, checkDuration(epoch, 'toOTLP: epoch'))
  const scopeSpans = [{ scope: { name: '@bluelet/scheduler' }, spans: writer.spans() }]
  const resource = { attributes: [attribute('service.name', service)] }
  return `${JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] })}\n`
}

/** What of a task is known so far. */
interface Span {
  readonly id: number
  readonly name: string
  readonly parent: number | null
  readonly start: number
  readonly attributes: object[]
  readonly events: object[]
  /** The tasks that made it run, and how often. */
  readonly causes: Map<number, number>
  end: number | undefined
  status: object
}

class SpanWriter {
  readonly #trace: Trace
  readonly #index: TraceIndex
  readonly #traceId: string
  readonly #epoch: number
  readonly #spans = new Map<number, Span>()

  constructor(trace: Trace, index: TraceIndex, traceId: string, epoch: number) {
    this.#trace = trace
    this.#index = index
    this.#traceId = traceId
    this.#epoch = epoch
  }

  spans(): object[] {
    const { events } = this.#trace
    const start = events[0]?.t ?? 0
    for (const { id, name, parent } of stateAt(this.#trace, this.#index.start - 1).tasks) {
      this.#begin(id, name, parent, start, [])
    }
    for (const event of events) this.#add(event)
    const end = events.at(-1)?.t ?? start
    return [...this.#spans.values()].map((span) => this.#written(span, end))
  }

  #add(event: TraceEvent): void {
    if (event.e === 'spawn') {
      const { co, name, parent, t, at, library } = event
      const place = at === undefined ? [] : [attribute('bluelet.spawned_at', at)]
      const mark = library === undefined ? [] : [attribute('bluelet.library', true)]
      this.#begin(co, name, parent, t, [...place, ...mark])
    }
    const span = 'co' in event && event.co !== null ? this.#spans.get(event.co) : undefined
    if (span === undefined) return
    if (event.e === 'resume') this.#cause(span, causeOfResume(this.#index, event).task)
    else if (event.e === 'yield') {
      this.#event(
        span,
        event.t,
        event.ev,
        event.at === undefined ? [] : [attribute('code.stacktrace', event.at)],
      )
    } else if (event.e === 'log') this.#event(span, event.t, 'log', [attribute('message', event.text)])
    else if (event.e === 'warn') this.#event(span, event.t, event.rule, [attribute('message', event.msg)])
    else if (event.e === 'cancel')
      this.#event(span, event.t, 'cancel', [attribute('bluelet.grace', `${event.grace} ms`)])
    else if (event.e === 'exit') {
      span.end = event.t
      span.status =
        event.outcome === 'threw' ? { code: ERROR, message: event.error ?? 'Error' } : { code: OK }
      span.attributes.push(attribute('bluelet.outcome', event.outcome))
    }
  }

  #begin(id: number, name: string, parent: number | null, start: number, attributes: object[]): void {
    this.#spans.set(id, {
      id,
      name,
      parent,
      start,
      attributes: [attribute('bluelet.task', id), ...attributes],
      events: [],
      causes: new Map(),
      end: undefined,
      status: {},
    })
  }

  #cause(span: Span, task: number | null): void {
    if (task === null || task === span.id || !this.#spans.has(task)) return
    span.causes.set(task, (span.causes.get(task) ?? 0) + 1)
  }

  #event({ events }: Span, t: number, name: string, attributes: readonly object[]): void {
    events.push({ timeUnixNano: this.#nanoseconds(t), name, attributes })
  }

  #written({ id, name, parent, start, end, attributes, events, causes, status }: Span, last: number): object {
    return {
      traceId: this.#traceId,
      spanId: spanId(id),
      ...(parent === null || !this.#spans.has(parent) ? {} : { parentSpanId: spanId(parent) }),
      name,
      kind: INTERNAL,
      startTimeUnixNano: this.#nanoseconds(start),
      endTimeUnixNano: this.#nanoseconds(end ?? last),
      attributes,
      events,
      links: [...causes].map(([task, times]) => ({
        traceId: this.#traceId,
        spanId: spanId(task),
        attributes: [attribute('bluelet.steps', times)],
      })),
      status,
    }
  }

  /** As a string, since it does not fit a number. */
  #nanoseconds(t: number): string {
    return `${BigInt(Math.round((t + this.#epoch) * 1000)) * 1000n}`
  }
}

/** An id that is not 0, which would be invalid. */
function spanId(task: number): string {
  return (task + 1).toString(16).padStart(16, '0')
}

function attribute(key: string, value: string | number | boolean): object {
  if (typeof value === 'string') return { key, value: { stringValue: value } }
  if (typeof value === 'boolean') return { key, value: { boolValue: value } }
  return { key, value: { intValue: `${value}` } }
}
