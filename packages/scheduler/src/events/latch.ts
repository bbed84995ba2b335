/** Latch: a door that opens once. */

import type { Event, EventHandler } from '../core/protocol.js'
import { event } from '../event/event-object.js'
import { type Place, Waiters } from '../stores/wait-queue.js'

/**
 * A door that opens once and stays open: tasks wait until something has happened.
 */
export class Latch {
  #opened: boolean
  readonly #waiters: Waiters
  readonly #handler: EventHandler<undefined, Place<void, undefined> | undefined, void>

  /** Makes a latch, shut. */
  constructor() {
    this.#opened = false
    this.#waiters = new Waiters()
    this.#handler = {
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
  }

  /** Whether it has been opened. */
  get opened(): boolean {
    return this.#opened
  }

  /** Event: waits until the latch is open; at once if it is. */
  wait(): Event<void> {
    return event(this.#handler, undefined)
  }

  /** Opens it and lets everybody through, in the order in which they came; a plain call. Opening it again does nothing. */
  open(): void {
    this.#opened = true
    for (let place = this.#waiters.take(); place !== undefined; place = this.#waiters.take())
      place.waiter.resume()
  }
}
