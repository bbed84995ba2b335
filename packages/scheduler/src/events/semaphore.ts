/** Semaphore: permits that tasks take and give back. */

import type { Event, EventHandler } from '../core/protocol.js'
import { event } from '../event/event-object.js'
import { type Place, Waiters } from '../stores/wait-queue.js'

/**
 * A number of permits. With one it is a lock.
 *
 * @example
 * yield* semaphore.acquire()
 * try {
 *   yield* work()
 * } finally {
 *   semaphore.release()
 * }
 */
export class Semaphore {
  #permits: number
  readonly #most: number
  readonly #waiters: Waiters
  readonly #handler: EventHandler<undefined, Place<void, undefined> | undefined, void>

  /**
   * Makes a semaphore, all its permits free.
   *
   * @param permits how many tasks may hold one at the same time: a positive integer; by default 1
   * @throws RangeError if it is anything else
   */
  constructor(permits: number = 1) {
    if (!Number.isInteger(permits) || permits < 1) {
      throw new RangeError(`new Semaphore(permits): expected a positive integer, got ${permits}`)
    }
    this.#permits = permits
    this.#most = permits
    this.#waiters = new Waiters()
    this.#handler = {
      name: 'semaphore.acquire',
      enter: (waiter) => {
        if (this.#permits === 0) return this.#waiters.join(waiter, undefined)
        this.#permits--
        waiter.resume()
        return undefined
      },
      withdraw: (_waiter, _argument, place) => {
        if (place !== undefined) this.#waiters.leave(place)
      },
    }
  }

  /** How many permits are free. */
  get permits(): number {
    return this.#permits
  }

  /** Event: takes a permit, waiting for one if none is free; first come, first served. */
  acquire(): Event<void> {
    return event(this.#handler, undefined)
  }

  /**
   * Gives a permit back, to whoever has waited longest; a plain call that acts at once, so that nothing can come between
   * a `finally` and its release.
   *
   * @throws RangeError if none has been taken
   */
  release(): void {
    const place = this.#waiters.take()
    if (place !== undefined) place.waiter.resume()
    else if (this.#permits < this.#most) this.#permits++
    else throw new RangeError(`release(): expected a permit to be taken, but all ${this.#most} are free`)
  }
}
