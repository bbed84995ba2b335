/** The class Latch: a condition that becomes true once. */

import type { Event, EventHandler, Waiter } from '../core/protocol.js'
import { event } from '../event/event-object.js'
import { type Place, WaitQueue } from '../stores/wait-queue.js'

/** Options of a {@link Latch}. */
export interface LatchOptions {
  /**
   * Whether it is opened from outside the scheduler, by a callback or by another run. A task that
   * waits for it then holds its run open, and is never part of a deadlock. The default is false.
   */
  readonly external?: boolean
}

/**
 * A latch opens once and stays open: tasks wait until something has happened.
 */
export class Latch {
  #opened = false
  readonly #waiters = new WaitQueue<Waiter<void>>()
  readonly #handler: EventHandler<undefined, Place<Waiter<void>> | undefined, void>

  /** Creates a latch that is not open. */
  constructor(options: LatchOptions = {}) {
    this.#handler = {
      name: 'latch.wait',
      ...(options.external ? { external: 'latch' } : {}),
      on: () => this,
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

  /** Event: waits until the latch is open. */
  wait(): Event<void> {
    return event(this.#handler, undefined)
  }

  /**
   * Opens the latch and wakes the waiting tasks in the order in which they came: a plain call.
   * Opening it again does nothing.
   */
  open(): void {
    this.#opened = true
    for (let place = this.#waiters.take(); place !== undefined; place = this.#waiters.take())
      place.waiter.resume()
  }
}
