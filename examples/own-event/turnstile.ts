// An event of your own: a turnstile, which lets one task through every so many milliseconds. To see it at work, run
// `node --import tsx examples/own-event/visitors.ts`.

import type { Event } from '@bluelet/scheduler'
import { type EventHandler, event, type Timer, type Waiter } from '@bluelet/scheduler/lowlevel'

export class Turnstile {
  /** When the next one to come may pass. */
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

  /** Event: waits for its turn, first come, first served. */
  pass(): Event<void> {
    return event(this.#handler, undefined)
  }

  #enter(waiter: Waiter<void>): Timer | undefined {
    const { scheduler } = waiter
    const now = scheduler.now()
    const turn = Math.max(now, this.#next)
    this.#next = turn + this.#ms
    if (turn > now) return scheduler.timers.add(turn, wake, waiter)
    waiter.resume()
    return undefined
  }

  /** A turn that is given up stays empty, unless nobody is behind. */
  #leave({ scheduler }: Waiter<void>, timer: Timer | undefined): void {
    if (timer === undefined) return
    scheduler.timers.remove(timer)
    if (timer.deadline + this.#ms === this.#next) this.#next = timer.deadline
  }
}

function wake(waiter: Waiter<void>): void {
  waiter.resume()
}
