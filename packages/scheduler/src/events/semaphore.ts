/** The class Semaphore: permits that tasks take and give back. */

import { checkCount } from '../check.js'
import type { Event, EventHandler, Waiter } from '../core/protocol.js'
import { event } from '../event/event-object.js'
import { type Place, WaitQueue } from '../stores/wait-queue.js'

/** Options of a {@link Semaphore}. */
export interface SemaphoreOptions {
  /**
   * Whether permits are given back from outside the scheduler, as when several runs share the
   * semaphore. A task that waits for one then holds its run open, and is never part of a deadlock.
   * The default is false.
   */
  readonly external?: boolean
}

/**
 * A number of permits. With one permit it is a lock.
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
  readonly #max: number
  readonly #waiters = new WaitQueue<Waiter<void>>()
  readonly #handler: EventHandler<undefined, Place<Waiter<void>> | undefined, void>

  /**
   * Creates a semaphore whose permits are all free.
   *
   * @param permits the number of tasks that may hold a permit at the same time: a positive integer;
   *   the default is 1
   * @throws RangeError if it is not a positive integer
   */
  constructor(permits: number = 1, options: SemaphoreOptions = {}) {
    this.#permits = checkCount(permits, 'new Semaphore(permits)')
    this.#max = permits
    this.#handler = {
      name: 'semaphore.acquire',
      ...(options.external ? { external: 'semaphore' } : {}),
      on: () => this,
      enter: (waiter) => {
        if (this.#permits === 0) return this.#waiters.join(waiter, undefined)
        this.#permits--
        waiter.resume()
        return undefined
      },
      withdraw: (_waiter, _argument, place) => {
        if (place !== undefined) this.#waiters.leave(place)
      },
      discard: () => this.release(),
    }
  }

  /** The number of free permits. */
  get permits(): number {
    return this.#permits
  }

  /**
   * Event: takes a permit, and waits for one if none is free. Tasks get permits in the order in
   * which they came.
   */
  acquire(): Event<void> {
    return event(this.#handler, undefined)
  }

  /**
   * Gives a permit back, to the task that has waited for longest: a plain call that acts at once,
   * so that nothing can happen between a `finally` and its release.
   *
   * @throws RangeError if all permits are free
   */
  release(): void {
    const place = this.#waiters.take()
    if (place !== undefined) place.waiter.resume()
    else if (this.#permits < this.#max) this.#permits++
    else throw new RangeError(`release(): expected a taken permit, but all ${this.#max} are free`)
  }
}
