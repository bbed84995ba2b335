/**
 * The virtual host: a world whose time jumps to the next deadline when nothing is ready, so that an hour of sleep takes no
 * time and every run takes the same steps.
 */

import { checkMs } from '../core/coroutine.js'
import { defaultHost, type Host } from '../host/host.js'
import { choose, type Schedule } from '../host/schedule.js'

/**
 * After so many polls with no rest between them, tasks that spin are taken to wait for time to pass: 262,144 steps with the
 * scheduler's usual budget, some seconds when it notes sites. Work that is less takes no time in a virtual world.
 */
const BUSY_POLLS = 256

/** How far time moves at each poll from then on. */
const BUSY_MS = 1

/** Options of a {@link VirtualHost}. */
export interface VirtualHostOptions {
  /**
   * Whether it calls nothing by itself: the scheduler is then driven by `step()`, and time by `advance`. By default false.
   */
  readonly manual?: boolean
  /**
   * Which of the ready tasks steps next, and which of the calls that are due at the same time comes first; by default first
   * in, first out.
   */
  readonly schedule?: Schedule
  /** What it simulates, of that which otherwise wakes tasks from outside; by default nothing. See {@link Host.simulates}. */
  readonly simulates?: readonly string[]
}

interface Alarm {
  readonly deadline: number
  readonly callback: () => void
}

/**
 * A host for tests: `new Scheduler({ host: new VirtualHost() })`, or `run(main, { host: new VirtualHost() })`.
 *
 * When nothing is ready, time jumps to the next deadline, after the promises that are settled by then have been heard. A
 * promise that depends on the real world (a file, a real timer) is not waited for: virtual time overtakes it. Tasks that spin
 * without end stop the time only for a while, so that they starve nobody here either.
 */
export class VirtualHost implements Host {
  /** What was reported: errors that nobody else could be told. */
  readonly reports: unknown[]
  /** On: in a test it matters where, and microseconds do not. */
  readonly sites: boolean
  /** @see `Host.simulates` */
  readonly simulates: readonly string[]
  readonly schedule?: Schedule
  readonly #manual: boolean
  /** By deadline, ties in the order in which they were set. */
  readonly #alarms: Alarm[]
  readonly #idleListeners: Set<() => void>
  #now: number
  #jumping: boolean
  /** How many calls are due soon: time stands still until then. */
  #soon: number
  /** How many polls there were since the last rest. */
  #polls: number

  /** Makes a world whose time is 0. */
  constructor(options: VirtualHostOptions = {}) {
    const { manual = false, schedule, simulates = [] } = options
    this.reports = []
    this.sites = true
    this.simulates = simulates
    if (schedule !== undefined) this.schedule = schedule
    this.#manual = manual
    this.#alarms = []
    this.#idleListeners = new Set()
    this.#now = 0
    this.#jumping = false
    this.#soon = 0
    this.#polls = 0
  }

  /** The virtual time, in milliseconds; it begins at 0. */
  now(): number {
    return this.#now
  }

  /** Calls back after promises and I/O of the real world had their turn; never, if the host is manual. */
  soon(callback: () => void): void {
    if (this.#manual) return
    this.#soon++
    defaultHost.soon(() => this.#poll(callback))
  }

  /** Calls back when the virtual time has come. */
  at(deadline: number, callback: () => void): unknown {
    const alarm = { deadline, callback }
    let index = this.#alarms.length
    while (index > 0 && (this.#alarms[index - 1] as Alarm).deadline > deadline) index--
    this.#alarms.splice(index, 0, alarm)
    this.#jumpSoon()
    return alarm
  }

  /** Takes back an `at`. */
  cancel(timer: unknown): void {
    const index = this.#alarms.indexOf(timer as Alarm) // Every timer is made by at().
    if (index >= 0) this.#alarms.splice(index, 1)
  }

  /** Keeps the error in `reports`. */
  report(error: unknown): void {
    this.reports.push(error)
  }

  /** @see `Host.onExhausted` */
  onExhausted(callback: () => void): () => void {
    return defaultHost.onExhausted?.(callback) ?? (() => {})
  }

  /** @see `Host.onIdle` */
  onIdle(callback: () => void): () => void {
    this.#idleListeners.add(callback)
    return () => this.#idleListeners.delete(callback)
  }

  /**
   * Moves the virtual time on, calling what is due on the way, in order.
   *
   * @param ms how far: 0 or more
   * @throws RangeError if it is negative or no number
   */
  advance(ms: number): void {
    const end = this.#now + checkMs(ms, 'advance(ms)')
    while (this.#alarms[0] !== undefined && this.#alarms[0].deadline <= end) this.#ring()
    this.#now = end
  }

  #poll(callback: () => void): void {
    this.#soon--
    const others = this.#soon
    callback()
    if (this.#soon === others) this.#polls = 0
    else if (++this.#polls > BUSY_POLLS) this.advance(BUSY_MS)
    else this.#interfere()
    this.#lookIdle()
  }

  /** What is due already may come while tasks are still at work; by default it comes once they rest. */
  #interfere(): void {
    while (this.schedule !== undefined && this.#isDue() && choose(this.schedule, 2) === 1) this.#ring()
  }

  #isDue(): boolean {
    return this.#alarms[0] !== undefined && this.#alarms[0].deadline <= this.#now
  }

  /** The scheduler asks for a time only when nothing is ready: what is left is to let promises be heard, then to jump. */
  #jumpSoon(): void {
    if (this.#manual || this.#jumping) return
    this.#jumping = true
    defaultHost.soon(() => {
      this.#jumping = false
      if (this.#alarms.length > 0 && this.#soon === 0) this.#ring()
      if (this.#alarms.length > 0) this.#jumpSoon()
      this.#lookIdle()
    })
  }

  /** Calls what is due first: of several at the same time, the one that the schedule chooses. */
  #ring(): void {
    const { deadline } = this.#alarms[0] as Alarm // Called only when there is one.
    const { schedule } = this
    let due = 1
    if (schedule !== undefined) while (this.#alarms[due]?.deadline === deadline) due++
    const [alarm] = this.#alarms.splice(schedule !== undefined && due > 1 ? choose(schedule, due) : 0, 1)
    this.#now = Math.max(this.#now, deadline)
    alarm?.callback()
  }

  #lookIdle(): void {
    if (this.#soon > 0 || this.#alarms.length > 0) return
    for (const listener of [...this.#idleListeners]) listener()
  }
}
