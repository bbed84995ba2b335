// An event of your own: a turnstile, which lets one task through every so many milliseconds. To see it in use, run
// `node --import tsx examples/own-event/visitors.ts`.

import type { Event } from '@bluelet/scheduler'
import { type EventHandler, event, type Timer, type Waiter } from '@bluelet/scheduler/lowlevel'

export class Turnstile {
  /** The time of the next free slot. */
  #next = Number.NEGATIVE_INFINITY
  readonly #ms: number
  readonly #handler: EventHandler<undefined, Timer | undefined, void>

  constructor(ms: number) {
    this.#ms = ms
    this.#handler = {
      name: 'turnstile.pass',
      enter: (waiter) => this.#enter(waiter),
      withdraw: (waiter, _argument, timer) => this.#leave(waiter, timer),
    }
  }

  /** Event: waits for the next free slot, first come, first served. */
  pass(): Event<void> {
    return event(this.#handler, undefined)
  }

  #enter(waiter: Waiter<void>): Timer | undefined {
    const { scheduler } = waiter
    const now = scheduler.now()
    const slot = Math.max(now, this.#next)
    this.#next = slot + this.#ms
    if (slot > now) return scheduler.timers.add(slot, wake, waiter)
    waiter.resume()
    return undefined
  }

  /** Gives up a slot, which stays empty unless it is the last one. */
  #leave({ scheduler }: Waiter<void>, timer: Timer | undefined): void {
    if (timer === undefined) return
    scheduler.timers.remove(timer)
    if (timer.deadline + this.#ms === this.#next) this.#next = timer.deadline
  }
}

function wake(waiter: Waiter<void>): void {
  waiter.resume()
}
