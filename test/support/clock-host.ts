// A host of the real world but for the time, which stands still until the test moves it on. (The
// virtual host jumps as soon as no task is ready, and so would overtake the kernel.)
import { defaultHost, type Host } from '@bluelet/scheduler/lowlevel'

interface Alarm {
  readonly deadline: number
  readonly callback: () => void
}

export class ClockHost implements Host {
  /** The errors that were reported because no caller could receive them. */
  readonly reports: unknown[] = []
  readonly #alarms = new Set<Alarm>()
  #now = 0

  now(): number {
    return this.#now
  }

  soon(callback: () => void): void {
    defaultHost.soon(callback)
  }

  at(deadline: number, callback: () => void): unknown {
    const alarm = { deadline, callback }
    this.#alarms.add(alarm)
    if (deadline <= this.#now) defaultHost.soon(() => this.advance(0))
    return alarm
  }

  cancel(timer: unknown): void {
    this.#alarms.delete(timer as Alarm)
  }

  report(error: unknown): void {
    this.reports.push(error)
  }

  /** How many alarms are set. */
  get alarms(): number {
    return this.#alarms.size
  }

  /** Moves the time on, ringing what is due. */
  advance(ms: number): void {
    const end = this.#now + ms
    while (true) {
      const [first] = [...this.#alarms].sort((a, b) => a.deadline - b.deadline)
      if (first === undefined || first.deadline > end) break
      this.#alarms.delete(first)
      this.#now = Math.max(this.#now, first.deadline)
      first.callback()
    }
    this.#now = end
  }
}
