/**
 * Runs a program once, and records it. Module state, time and chance are new in each run.
 */

import type { NetworkHost } from '@bluelet/net/driver'
import type { SimulationOptions } from '@bluelet/net/testing'
import { recordNetwork } from '@bluelet/net/trace'
import type { Budget, Scheduler, TaskHandle } from '@bluelet/scheduler'
import type { Host } from '@bluelet/scheduler/lowlevel'
import { type Schedule, seeded } from '@bluelet/scheduler/testing'
import {
  type LogEvent,
  type RecordedNetwork,
  type Recording,
  record,
  stringify,
  type Trace,
  type YieldSite,
} from '@bluelet/scheduler/trace'
import type { Environment } from './globals.js'
import type { Stage } from './libraries.js'
import type { End, Input, Report, Request, TerminalLine } from './protocol.js'
import { World } from './world.js'

/** The number of events that are kept. */
const MAX_EVENTS = 200_000
/** The number of lines that a program may print. */
const MAX_LINES = 5_000
/** A step may take this many milliseconds. */
const MAX_STEP = 1_000
/** Whatever else gives no other code a turn may take this many. */
const MAX_TURN = 2_000
/** The clock is read at every so many ticks. */
const TICKS = 1_024
/** Milliseconds of the real clock without any turn, after which nothing is expected to come. */
const QUIET = 400
/** Milliseconds that a run may take on the real clock. */
const MAX_RUN = 15_000

/** The real clock and the real timers: a program has others. */
export interface Real {
  now(): number
  every(ms: number, call: () => void): () => void
  soon(): Promise<void>
}

/** A scheduler of the program. */
interface Watched {
  readonly scheduler: Scheduler
  readonly recording: Recording
  /** By task. */
  readonly marks: WeakMap<object, YieldSite>
}

/** One run. */
export class Runner implements Stage, Environment {
  /** How it ended; is settled once. */
  readonly end: Promise<End>
  readonly budget: Budget | undefined
  readonly #request: Request
  readonly #schedule: Schedule | undefined
  readonly #records: boolean
  readonly #real: Real
  readonly #chance: Schedule
  readonly #watched: Watched[] = []
  readonly #networks = new WeakMap<Host, RecordedNetwork>()
  readonly #logs: LogEvent[] = []
  readonly #terminals: TerminalLine[] = []
  #lines = 0
  #world: World | null = null
  #active: { watched: Watched; task: TaskHandle } | null = null
  #marked: YieldSite | null = null
  #turns = 0
  /** The number of root tasks that have not ended. */
  #rootsLeft = 0
  #busy = 0
  #ticks = 0
  #since: number
  #settle: (end: End) => void = () => {}
  #over = false

  constructor(request: Request, real: Real, records: boolean, schedule?: Schedule) {
    this.#request = request
    this.#real = real
    this.#records = records
    this.#schedule = schedule
    this.#chance = seeded(request.settings.seed ?? 1)
    this.#since = real.now()
    // What a simulated world sends may arrive between any two steps, and that takes a poll.
    this.budget = schedule === undefined ? undefined : { steps: 1 }
    this.end = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** Whether the run has ended. */
  get over(): boolean {
    return this.#over
  }

  /**
   * Loads the program and waits until nothing of it is left.
   *
   * @param load gives what the evaluation of the program gives
   * @param pending the number of timers that are set
   */
  async perform(load: () => Promise<unknown>, pending: () => number): Promise<void> {
    let loaded = false
    const begun = this.#real.now()
    let [seen, quietSince] = [-1, begun]
    const stop = this.#real.every(100, () => {
      const now = this.#real.now()
      if (seen !== this.#turns || this.#busy > (loaded ? 0 : this.#watched.length)) quietSince = now
      seen = this.#turns
      if (now - begun > MAX_RUN) this.finish({ how: 'slow' })
      else if (now - quietSince > QUIET && !(loaded && pending() > 0)) this.finish({ how: 'quiet' })
    })
    void this.end.then(stop)
    try {
      await load()
      loaded = true
      // The rejection of a promise that nothing awaits is told a little later.
      for (let rests = 0; rests < 2 && !this.#over; rests++) {
        await this.#real.soon()
        if (this.#busy > 0 || pending() > 0) rests = -1
      }
      this.finish({ how: 'returned' })
    } catch (error) {
      this.failed(error)
    }
  }

  /** The program has thrown, or a promise that it does not await has been rejected. */
  failed(error: unknown): void {
    const how = error instanceof SyntaxError && this.#turns === 0 ? 'failed' : 'threw'
    this.finish({ how, message: messageOf(error), ...this.#lineOf(error) })
  }

  /** The run is over; what the program does from now on is ignored. */
  finish(end: End): void {
    if (this.#over) return
    this.#over = true
    for (const { recording } of this.#watched) recording.stop()
    this.#settle(end)
  }

  /** What is to be reported. */
  report(end: End): Report {
    const traces = this.#watched.map(({ recording }) => recording.stop())
    // A program may run several schedulers: the one that did most is shown.
    const trace = traces.reduce((a, b) => (b.events.length > a.events.length ? b : a), this.#empty())
    const listens = this.#world?.listens ?? false
    return { end, trace: stringify(trace), terminals: this.#terminals, listens }
  }

  #empty(): Trace {
    const { sources } = this.#request
    return {
      header: { schema: 'bluelet-trace/1', clock: 'virtual', unit: 'ms', dropped: 0, sources },
      events: this.#logs,
    }
  }

  // The stage.

  world(own: SimulationOptions = {}): World {
    const { seed, latency, fragment, shuffle } = this.#request.settings
    const schedule = this.#schedule ?? own.schedule
    const inputs = this.#world === null ? this.#request.inputs : []
    const world = new World(
      {
        ...own,
        ...(seed === undefined ? {} : { seed }),
        ...(latency === undefined ? {} : { latency }),
        ...(fragment === undefined ? {} : { fragment }),
        ...(shuffle === undefined ? {} : { shuffle }),
        ...(schedule === undefined ? {} : { schedule }),
      },
      this.#request.limits.time,
      inputs,
      {
        // Only its timers are left, such as those that end idle connections.
        late: (waits) => this.finish({ how: waits && this.#rootsLeft > 0 ? 'waits' : 'time' }),
        waits: () => {
          // Servers whose program has returned are ended.
          if (this.#rootsLeft > 0) this.finish({ how: 'waits' })
          return this.#rootsLeft > 0
        },
        typed: ({ id, data }: Input) => this.#recording?.input(id, data ?? ''),
        shown: (line) => void this.#terminals.push(line),
      },
    )
    this.#world = world
    return world
  }

  recorded(host: Host): Host {
    if (!this.#records || !('driver' in host)) return host
    const { host: recorded, network } = recordNetwork(host as NetworkHost) // It has a driver.
    this.#networks.set(recorded, network)
    return recorded
  }

  began(scheduler: Scheduler): void {
    this.#watchRoots(scheduler)
    if (!this.#records) {
      scheduler.attach({ resume: () => this.#step(scheduler) })
      return
    }
    const { settings, schedule, sources } = this.#request
    let watched: Watched | null = null
    const marks: Watched['marks'] = new WeakMap()
    // Before the recording: what it is told must be there when it looks.
    scheduler.attach({
      resume: (task) => {
        if (watched !== null) this.#active = { watched, task }
        this.#marked = null
        this.#step(scheduler)
      },
      yield: (task) => {
        // An event that a library's coroutine yields is waited for where that was called.
        const mark = this.#marked ?? marks.get(task)
        if (mark === undefined) return
        marks.set(task, mark)
        watched?.recording.mark(mark)
      },
    })
    const network = this.#networks.get(scheduler.host)
    const recording = record(scheduler, {
      ...(network === undefined ? {} : { network }),
      limit: MAX_EVENTS,
      values: true,
      sources,
      seed: settings.seed ?? 1,
      ...(schedule === undefined ? {} : { schedule }),
    })
    watched = { scheduler, recording, marks }
    this.#watched.push(watched)
  }

  #watchRoots(scheduler: Scheduler): void {
    const roots = new WeakSet<TaskHandle>()
    scheduler.attach({
      spawn: (task, spawner) => {
        if (spawner !== null) return
        roots.add(task)
        this.#rootsLeft++
      },
      exit: (task) => {
        if (roots.has(task)) this.#rootsLeft--
      },
    })
  }

  async busy<T>(work: Promise<T>): Promise<T> {
    this.#busy++
    try {
      return await work
    } finally {
      this.#busy--
      this.turn()
    }
  }

  // The environment.

  now(): number {
    return this.#hosting().now()
  }

  soon(callback: () => void): void {
    this.#hosting().soon(callback)
  }

  at(deadline: number, callback: () => void): unknown {
    return this.#hosting().at(deadline, callback)
  }

  cancel(timer: unknown): void {
    this.#hosting().cancel(timer)
  }

  #hosting(): World {
    return this.#world ?? this.world()
  }

  print(text: string): void {
    if (this.#over || ++this.#lines > MAX_LINES) return
    const line = this.#lines === MAX_LINES ? 'there are more lines, which are not shown' : text
    this.#recording?.log(line)
    const t = this.#world?.now() ?? 0
    this.#logs.push({ n: this.#logs.length, t, e: 'log', text: line, co: null })
  }

  random(): number {
    return this.#chance.choose(2 ** 30) / 2 ** 30
  }

  turn(): void {
    this.#since = this.#real.now()
    this.#count(this.#world?.now() ?? 0)
  }

  // What the rewritten program calls.

  /** @see instrument.ts */
  at_(value: unknown, line: number, locals: () => Record<string, unknown>, callee?: string): unknown {
    // Without a scheduler of the library there is nothing to mark.
    if (this.#active !== null && !this.#over) {
      this.#marked = {
        at: `${this.#file}:${line}`,
        ...this.#localsOf(locals),
        ...(callee !== undefined && isCoroutine(value) ? { callee } : {}),
      }
    }
    return value
  }

  /** @see instrument.ts */
  tick(line: number): void {
    if (++this.#ticks % TICKS !== 0) return
    const max = this.#active === null ? MAX_TURN : MAX_STEP
    if (this.#over || this.#real.now() - this.#since < max) return
    const task = this.#active?.task
    const end: End = { how: 'hang', line, ...(task === undefined ? {} : { task: `${task}` }) }
    this.finish(end)
    this.onHang?.(end)
  }

  /** Is called within a step that does not end: no other code will run. */
  onHang: ((end: End) => void) | undefined

  #localsOf(locals: () => Record<string, unknown>): Pick<YieldSite, 'locals'> {
    try {
      return { locals: locals() }
    } catch {
      return {} // A variable has no value yet.
    }
  }

  get #file(): string {
    return this.#request.modules.at(-1)?.name ?? ''
  }

  get #recording(): Recording | undefined {
    return (this.#active?.watched ?? this.#watched[0])?.recording
  }

  #step(scheduler: Scheduler): void {
    this.#since = this.#real.now()
    this.#count(scheduler.now())
  }

  #count(t: number): void {
    const { steps, time } = this.#request.limits
    if (++this.#turns > steps) this.finish({ how: 'steps' })
    else if (t > time) this.finish({ how: 'time' })
  }

  #lineOf(error: unknown): { line?: number } {
    const stack = error instanceof Error ? String(error.stack) : ''
    const place = stack.split(`${this.#file}:`)[1]
    const line = Number.parseInt(place ?? '', 10)
    return Number.isSafeInteger(line) ? { line } : {}
  }
}

function isCoroutine(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'next' in value && !('$handler' in value)
}

function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : `the program threw ${String(error)}`
  } catch {
    return 'the program threw something that cannot be shown'
  }
}
