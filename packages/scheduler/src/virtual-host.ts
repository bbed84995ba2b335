/**
 * The virtual host: a world whose time jumps to the next deadline when nothing is ready, so that an hour of sleep takes no
 * time and every run takes the same steps.
 */

import { checkMs } from './coroutine.js'
import { defaultHost, type Host } from './host.js'

/** Options of a {@link VirtualHost}. */
export interface VirtualHostOptions {
  /**
   * Whether it calls nothing by itself: the scheduler is then driven by `step()`, and time by `advance`. By default false.
   */
  readonly manual?: boolean
}

interface Alarm {
  readonly deadline: number
  readonly callback: () => void
}

/**
 * A host for tests: `new Scheduler({ host: new VirtualHost() })`, or `run(main, { host: new VirtualHost() })`.
 *
 * When nothing is ready, time jumps to the next deadline, after the promises that are settled by then have been heard. A
 * promise that depends on the real world (a file, a real timer) is not waited for: virtual time overtakes it.
 */
export class VirtualHost implements Host {
  /** What was reported: errors that nobody else could be told. */
  readonly reports: unknown[]
  /** On: in a test it matters where, and microseconds do not. */
  readonly sites: boolean
  readonly #manual: boolean
  readonly #alarms: Set<Alarm>
  #now: number
  #jumping: boolean
  /** How many calls are due soon: time stands still until then. */
  #soon: number

  /** Makes a world whose time is 0. */
  constructor(options: VirtualHostOptions = {}) {
    this.reports = []
    this.sites = true
    this.#manual = options.manual ?? false
    this.#alarms = new Set()
    this.#now = 0
    this.#jumping = false
    this.#soon = 0
  }

  /** The virtual time, in milliseconds; it begins at 0. */
  now(): number {
    return this.#now
  }

  /** Calls back after promises and I/O of the real world had their turn; never, if the host is manual. */
  soon(callback: () => void): void {
    if (this.#manual) return
    this.#soon++
    defaultHost.soon(() => {
      this.#soon--
      callback()
    })
  }

  /** Calls back when the virtual time has come. */
  at(deadline: number, callback: () => void): unknown {
    const alarm = { deadline, callback }
    this.#alarms.add(alarm)
    this.#jumpSoon()
    return alarm
  }

  /** Takes back an `at`. */
  cancel(timer: unknown): void {
    this.#alarms.delete(timer as Alarm) // Every timer is made by at().
  }

  /** Keeps the error in `reports`. */
  report(error: unknown): void {
    this.reports.push(error)
  }

  /** @see Host.onExhausted */
  onExhausted(callback: () => void): () => void {
    return defaultHost.onExhausted?.(callback) ?? (() => {})
  }

  /**
   * Moves the virtual time on, calling what is due on the way, in order.
   *
   * @param ms how far: 0 or more
   * @throws RangeError if it is negative or no number
   */
  advance(ms: number): void {
    const end = this.#now + checkMs(ms, 'advance(ms)')
    for (
      let alarm = this.#earliest();
      alarm !== undefined && alarm.deadline <= end;
      alarm = this.#earliest()
    ) {
      this.#ring(alarm)
    }
    this.#now = end
  }

  /** The scheduler asks for a time only when nothing is ready: what is left is to let promises be heard, then to jump. */
  #jumpSoon(): void {
    if (this.#manual || this.#jumping) return
    this.#jumping = true
    defaultHost.soon(() => {
      this.#jumping = false
      const alarm = this.#earliest()
      if (alarm === undefined) return
      if (this.#soon === 0) this.#ring(alarm)
      if (this.#alarms.size > 0) this.#jumpSoon()
    })
  }

  #ring(alarm: Alarm): void {
    this.#alarms.delete(alarm)
    this.#now = Math.max(this.#now, alarm.deadline)
    alarm.callback()
  }

  #earliest(): Alarm | undefined {
    let earliest: Alarm | undefined
    for (const alarm of this.#alarms)
      if (earliest === undefined || alarm.deadline < earliest.deadline) earliest = alarm
    return earliest
  }
}
