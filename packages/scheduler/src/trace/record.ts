/**
 * `record`: the recording of a scheduler.
 */

import { checkCount, inspect } from '../check.js'
import type { Kernel } from '../core/kernel.js'
import type { TaskHandle } from '../core/protocol.js'
import type { TaskSnapshot } from '../diagnostics/snapshot.js'
import { runtimeOf, Scheduler } from '../loop/scheduler.js'
import { type DumpReason, dumpProbe } from './dumps.js'
import { eventOf } from './entries.js'
import type { RecordedNetwork } from './network.js'
import { guarded, type Preview, preview } from './preview.js'
import { Recorder } from './recorder.js'
import { Ring } from './ring.js'
import { SCHEMA, type Trace, type TraceHeader, type TraceInput } from './schema.js'

/** The number of events that are kept by default: some 3 MB. */
const DEFAULT_LIMIT = 50_000

/** Options of {@link record}. */
export interface RecordOptions {
  /**
   * The number of events that are kept: a positive integer. The oldest is dropped first. The
   * default is 50,000.
   */
  readonly limit?: number
  /**
   * Whether values are recorded, as texts of at most 80 characters: what tasks are entered with,
   * what they return and throw, and the bytes of sockets. Errors are recorded by their class in any
   * case. A function makes the texts, in order to redact them. The default is true in a virtual
   * world and false in the real one, where they may be secrets.
   */
  readonly values?: boolean | ((value: unknown) => string)
  /**
   * Whether the tasks that the library makes for itself are recorded, such as the loop that accepts
   * connections. What they do then has the cause that they have. The default is false.
   */
  readonly library?: boolean
  /** The network that is recorded, too: that of `recordNetwork` in `@bluelet/net/trace`. */
  readonly network?: RecordedNetwork
  /** The seed of the world's random choices, for the header of the trace. */
  readonly seed?: number
  /** The choices of the schedule, as in `replaySchedule`, for the header of the trace. */
  readonly schedule?: string
  /** The source files by their names, for the header of the trace. */
  readonly sources?: Readonly<Record<string, string>>
}

/** Where a task is about to yield; see {@link Recording.mark}. */
export interface YieldSite {
  /** The place, as `file:line`. */
  readonly at: string
  /** The local variables by their names. They are recorded as values are. */
  readonly locals?: Readonly<Record<string, unknown>>
  /** The name of the function whose coroutine is yielded. */
  readonly callee?: string
}

/** What happened in a scheduler, from the moment at which {@link record} was called. */
export interface Recording {
  /** The number of events that are kept. */
  readonly size: number
  /** The number of older events that were dropped. */
  readonly dropped: number
  /** The trace up to now. */
  trace(): Trace
  /** Ends the recording and gives the trace. Calling it again gives the same trace. */
  stop(): Trace
  /**
   * Ends the recording and gives the trace in pieces, each of which is made when it is asked for.
   * A trace of 50,000 events takes a quarter of a second to make, for which a server should not
   * stop.
   *
   * @param events the number of events in a piece: a positive integer. There is at least one piece
   */
  stopInPieces(events: number): Iterable<Trace>
  /**
   * Gives the trace up to now whenever something goes wrong, as a flight recorder does: within the
   * step in which it is noticed, and at most once a second for the same reason. An error that `to`
   * throws is reported.
   *
   * @example
   * record(new Scheduler()).dumpOn('error', (trace) => saveTrace(trace, 'error.html'))
   *
   * @param when `error`: a task has failed, and no task was joining it. `deadlock`: every task
   *   waits, and nothing is left that could wake one. `longStep`: a step took more than so many
   *   milliseconds
   * @param to receives the trace
   * @throws TypeError or RangeError if an argument is invalid
   */
  dumpOn(when: DumpReason, to: (trace: Trace) => void): this
  /**
   * Records where the running task is about to yield: a plain call for a program that a tool has
   * rewritten, from `yield E` to `yield at(E, line, { locals })`. The next yield of the step has
   * this place.
   */
  mark(site: YieldSite): void
  /** Records a line that the program has printed; it belongs to the step that is under way. */
  log(text: string): void
  /** Records what is typed into the program from outside. */
  input(id: string, data: string): void
  /** Records that something looks wrong, and which task it is about. */
  warn(rule: string, message: string, task?: TaskHandle): void
}

/**
 * Records what the tasks of a scheduler do, and why: from now on, until `stop()`.
 *
 * The latest events are kept, so that a server can record all the time and give a trace when it is
 * needed. A recording changes no step. Several recordings of one scheduler are independent of each
 * other.
 *
 * @example
 * const scheduler = new Scheduler()
 * const recording = record(scheduler)
 * await scheduler.run(main)
 * console.log(stringify(recording.stop()))
 *
 * @param target the scheduler, which may be running
 * @throws TypeError if the target is not a scheduler or an option has a wrong type; RangeError if
 *   the limit is invalid
 */
export function record(target: Scheduler, options: RecordOptions = {}): Recording {
  if (!(target instanceof Scheduler)) {
    throw new TypeError(`record(scheduler): expected a Scheduler, got ${inspect(target)}`)
  }
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `record(scheduler, options): expected an object such as { limit }, got ${inspect(options)}`,
    )
  }
  return new SchedulerRecording(target, options)
}

type Begin = Pick<TraceHeader, 'begin'>

class SchedulerRecording implements Recording {
  readonly #scheduler: Scheduler
  readonly #kernel: Kernel
  readonly #ring: Ring
  readonly #recorder: Recorder
  readonly #preview: Preview | null
  readonly #header: Omit<TraceHeader, 'dropped' | 'inputs'>
  readonly #inputs: TraceInput[] = []
  readonly #detach: (() => void)[] = []
  #stopped: Trace | null = null

  constructor(scheduler: Scheduler, options: RecordOptions) {
    const { host } = scheduler
    const { limit = DEFAULT_LIMIT, library = false, values = host.virtual ?? false, network } = options
    this.#scheduler = scheduler
    this.#kernel = runtimeOf(scheduler) as Kernel // The scheduler's own, which is one.
    this.#ring = new Ring(checkCount(limit, 'record: limit'))
    this.#preview = previewIn(values)
    if (typeof library !== 'boolean') {
      throw new TypeError(`record: library: expected a boolean, got ${inspect(library)}`)
    }
    if (network !== undefined && typeof network?.attach !== 'function') {
      throw new TypeError(
        `record: network: expected what recordNetwork(host) gives as network, got ${inspect(network)}`,
      )
    }
    this.#header = headerOf(host.virtual ?? false, options, scheduler.snapshot())
    this.#recorder = new Recorder({
      kernel: this.#kernel,
      ring: this.#ring,
      preview: this.#preview,
      library,
      network,
    })
    if (network !== undefined) this.#detach.push(network.attach(this.#recorder.sockets))
    this.#detach.push(scheduler.attach(this.#recorder))
  }

  get size(): number {
    return this.#ring.size
  }

  get dropped(): number {
    return this.#ring.dropped
  }

  trace(): Trace {
    return this.#stopped ?? this.#piece(0, this.#ring.size)
  }

  stopInPieces(events: number): Iterable<Trace> {
    const length = checkCount(events, 'stopInPieces(events)')
    for (const detach of this.#detach.splice(0)) detach()
    return this.#pieces(length, this.#begin())
  }

  *#pieces(length: number, begin: Begin): Generator<Trace, void, void> {
    const { size } = this.#ring
    for (let from = 0; from === 0 || from < size; from += length) {
      yield this.#piece(from, Math.min(length, size - from), begin)
    }
  }

  #piece(from: number, length: number, begin = this.#begin()): Trace {
    const ring = this.#ring
    const events = Array.from({ length }, (_, i) => eventOf(ring.entry(ring.dropped + from + i)))
    const inputs = this.#inputs.length === 0 ? {} : { inputs: [...this.#inputs] }
    return { header: { ...this.#header, ...begin, ...inputs, dropped: ring.dropped }, events }
  }

  /** Once events have been dropped, the header names the tasks of which the first ones were. */
  #begin(): Begin {
    if (this.#ring.dropped === 0) return {}
    const alive = this.#scheduler.snapshot().filter(({ id }) => !this.#recorder.leavesOut(id))
    return { begin: this.#recorder.ended.begin(alive) }
  }

  stop(): Trace {
    for (const detach of this.#detach.splice(0)) detach()
    this.#stopped = this.trace()
    return this.#stopped
  }

  dumpOn(when: DumpReason, to: (trace: Trace) => void): this {
    const probe = dumpProbe(this.#kernel, when, to, () => to(this.trace()))
    if (this.#stopped === null) this.#detach.push(this.#scheduler.attach(probe))
    return this
  }

  mark({ at, locals, callee }: YieldSite): void {
    this.#recorder.mark({ at, locals: this.#localsShown(locals), callee })
  }

  log(text: string): void {
    if (this.#stopped === null) this.#recorder.log(text)
  }

  input(id: string, data: string): void {
    if (this.#stopped !== null) return
    this.#inputs.push({ t: this.#scheduler.now(), id, data })
    this.#recorder.input(id, data)
  }

  warn(rule: string, message: string, task?: TaskHandle): void {
    if (this.#stopped === null) this.#recorder.warn(rule, task ?? null, message)
  }

  #localsShown(locals: YieldSite['locals']): Readonly<Record<string, string>> | undefined {
    const shown = this.#preview
    if (locals === undefined || shown === null) return undefined
    return Object.fromEntries(Object.entries(locals).map(([name, value]) => [name, shown(value)]))
  }
}

function previewIn(values: unknown): Preview | null {
  if (typeof values === 'function') return guarded(values as Preview)
  if (typeof values === 'boolean') return values ? preview : null
  throw new TypeError(
    `record: values: expected a boolean or a function that makes a text of a value, got ${inspect(values)}`,
  )
}

function headerOf(
  virtual: boolean,
  { seed, schedule, sources }: RecordOptions,
  begin: readonly TaskSnapshot[],
): Omit<TraceHeader, 'dropped' | 'inputs'> {
  return {
    schema: SCHEMA,
    clock: virtual ? 'virtual' : 'real',
    unit: 'ms',
    ...(seed === undefined ? {} : { seed }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(sources === undefined ? {} : { sources }),
    ...(begin.length === 0 ? {} : { begin }),
  }
}
