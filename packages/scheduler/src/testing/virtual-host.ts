/**
 * The virtual host: a world whose time jumps to the next deadline when nothing is ready. An hour of
 * sleep takes no time, and every run takes the same steps.
 */

import { checkDuration } from '../check.js'
import { defaultHost } from '../host/default-host.js'
import type { Host } from '../host/host.js'
import { choose, type Schedule } from '../host/schedule.js'
import { HoldCounts } from '../stores/hold-counts.js'
import { type Timer, TimerHeap } from '../stores/timer-heap.js'

/**
 * The number of polls in a row, without a rest between them, after which spinning tasks are assumed
 * to wait for time to pass: 262,144 steps with the scheduler's usual budget, some seconds if it
 * records call sites. Less work takes no virtual time.
 */
const MAX_BUSY_POLLS = 256

/** Milliseconds by which time moves at each poll from then on. */
const BUSY_TIME = 1

/** Options of a {@link VirtualHost}. */
export interface VirtualHostOptions {
  /**
   * Whether it calls nothing by itself: the scheduler is then driven by `step()`, and time by
   * `advance`. The default is false.
   */
  readonly manual?: boolean
  /**
   * Decides which of the ready tasks steps next, and which of several callbacks that are due at the
   * same time comes first. The default is first in, first out.
   */
  readonly schedule?: Schedule
  /**
   * The sources that it simulates, such as `socket`, out of those that otherwise wake tasks from
   * outside. The default is none.
   */
  readonly simulates?: readonly string[]
}

interface Alarm {
  readonly deadline: number
  readonly callback: () => void
  /** Its place in the heap. */
  timer: Timer | undefined
}

/**
 * A host for tests: `new Scheduler({ host: new VirtualHost() })`, or
 * `run(main, { host: new VirtualHost() })`.
 *
 * When nothing is ready, time jumps to the next deadline, after the callbacks of settled promises
 * have run. It does not wait for a promise that depends on the real world (a file, a real timer):
 * virtual time overtakes it. Tasks that spin without end stop the time only for a while, so that
 * they starve no task here either.
 */
export class VirtualHost implements Host {
  /** The errors that were reported because no caller could receive them. */
  readonly reports: unknown[] = []
  /** On: in a test the call sites matter, and microseconds do not. */
  readonly sites: boolean = true
  /** On: its time is its own. */
  readonly virtual: boolean = true
  /** The sources that it simulates. */
  readonly simulates: readonly string[]
  readonly schedule?: Schedule
  readonly #manual: boolean
  readonly #alarms = new TimerHeap()
  readonly #idleListeners = new Set<() => void>()
  #now = 0
  #jumping = false
  /** The number of callbacks that are due soon. Time stands still until then. */
  #soon = 0
  /** The number of polls since the last rest. */
  #polls = 0
  /** The external waits. */
  readonly #awaited = new HoldCounts()

  /** Creates a world whose time is 0. */
  constructor(options: VirtualHostOptions = {}) {
    const { manual = false, schedule, simulates = [] } = options
    this.simulates = simulates
    if (schedule !== undefined) this.schedule = schedule
    this.#manual = manual
  }

  /** The virtual time in milliseconds, from 0. */
  now(): number {
    return this.#now
  }

  /**
   * Calls back after promises and I/O of the real world have had their turn; never, if the host is
   * manual.
   */
  soon(callback: () => void): void {
    if (this.#manual) return
    this.#soon++
    defaultHost.soon(() => this.#poll(callback))
  }

  /** Calls back at a virtual time. */
  at(deadline: number, callback: () => void): unknown {
    const alarm = { deadline, callback, timer: undefined }
    this.#set(alarm)
    this.#jumpSoon()
    return alarm
  }

  #set(alarm: Alarm): void {
    alarm.timer = this.#alarms.add(alarm.deadline, alarm.callback, alarm)
  }

  /** Takes back an `at`. */
  cancel(timer: unknown): void {
    const alarm = timer as Alarm // Every timer is made by at().
    this.#alarms.remove(alarm.timer as Timer) // It has had one.
  }

  /** Keeps the error in `reports`. */
  report(error: unknown): void {
    this.reports.push(error)
  }

  /** @see `Host.ref` */
  ref(source: string | undefined): void {
    this.#awaited.add(source)
  }

  /**
   * @see `Host.unref`
   * @throws RangeError if there was no `ref` for it
   */
  unref(source: string | undefined): void {
    this.#awaited.remove(source)
  }

  /** @see `Host.onIdle` */
  onIdle(callback: (simulated: boolean) => void): () => void {
    const listener = () => callback(true)
    const unlisten = defaultHost.onIdle?.(callback)
    this.#idleListeners.add(listener)
    return () => {
      unlisten?.()
      this.#idleListeners.delete(listener)
    }
  }

  /**
   * Moves the virtual time forward, and calls what is due on the way, in order.
   *
   * @param ms 0 or more
   * @throws RangeError if it is negative or not a number
   */
  advance(ms: number): void {
    const end = this.#now + checkDuration(ms, 'advance(ms)')
    while (this.#alarms.earliest <= end && this.#alarms.size > 0) this.#ring()
    this.#now = end
  }

  #poll(callback: () => void): void {
    this.#soon--
    const others = this.#soon
    callback()
    if (this.#soon === others) this.#polls = 0
    else if (++this.#polls > MAX_BUSY_POLLS) this.advance(BUSY_TIME)
    else this.#interfere()
    this.#lookIdle()
  }

  /**
   * Lets the schedule call what is due while tasks are still ready. By default it is called once
   * they all wait.
   */
  #interfere(): void {
    while (this.schedule !== undefined && this.#isDue() && choose(this.schedule, 2) === 1) this.#ring()
  }

  #isDue(): boolean {
    return this.#alarms.earliest <= this.#now
  }

  /**
   * The scheduler sets a time only when nothing is ready: time jumps, after the callbacks of
   * promises have run.
   */
  #jumpSoon(): void {
    if (this.#manual || this.#jumping) return
    this.#jumping = true
    defaultHost.soon(() => {
      this.#jumping = false
      if (this.#alarms.size > 0 && this.#soon === 0) this.#ring()
      if (this.#alarms.size > 0) this.#jumpSoon()
      this.#lookIdle()
    })
  }

  /**
   * Calls the earliest callback: of several at the same time, the one that the schedule chooses.
   */
  #ring(): void {
    const { schedule } = this
    const alarm = schedule === undefined ? this.#take() : this.#choose(schedule)
    this.#now = Math.max(this.#now, alarm.deadline)
    alarm.callback()
  }

  /** Takes the earliest callback. There must be one. */
  #take(): Alarm {
    return this.#alarms.shift() as Alarm // The subject of every timer is its alarm.
  }

  #choose(schedule: Schedule): Alarm {
    const { earliest } = this.#alarms
    const due: Alarm[] = []
    while (this.#alarms.earliest === earliest) due.push(this.#take())
    const [chosen] = due.splice(due.length > 1 ? choose(schedule, due.length) : 0, 1)
    for (const alarm of due) this.#set(alarm)
    return chosen as Alarm // One was due.
  }

  #isSimulated(source: string | undefined): boolean {
    return source !== undefined && this.simulates.includes(source)
  }

  #lookIdle(): void {
    if (this.#soon > 0 || this.#alarms.size > 0) return
    for (const source of this.#awaited.sources) if (!this.#isSimulated(source)) return
    for (const listener of [...this.#idleListeners]) listener()
  }
}
