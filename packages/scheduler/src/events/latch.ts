/** The class Latch: a condition that becomes true once. */

import type { Event, EventHandler, Waiter } from '../core/protocol.js'
import { event } from '../event/event-object.js'
import { type Place, WaitQueue } from '../stores/wait-queue.js'

/**
 * A latch opens once and stays open: tasks wait until something has happened.
 */
export class Latch {
  #opened = false
  readonly #waiters = new WaitQueue<Waiter<void>>()
  readonly #handler: EventHandler<undefined, Place<Waiter<void>> | undefined, void> = {
    name: 'latch.wait',
    enter: (waiter) => {
      if (!this.#opened) return this.#waiters.join(waiter, undefined)
      waiter.resume()
      return undefined
    },
    withdraw: (_waiter, _argument, place) => {
      if (place !== undefined) this.#waiters.leave(place)
    },
  }

  /** Whether it has been opened. */
  get opened(): boolean {
    return this.#opened
  }

  /** Event: waits until the latch is open. */
  wait(): Event<void> {
    return event(this.#handler, undefined)
  }

  /** Opens the latch and wakes the waiting tasks in the order in which they came: a plain call. Opening it again does nothing. */
  open(): void {
    this.#opened = true
    for (let place = this.#waiters.take(); place !== undefined; place = this.#waiters.take())
      place.waiter.resume()
  }
}
