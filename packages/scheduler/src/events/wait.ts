/** The event `wait`: the settling of a promise. */

import { inspect } from '../check.js'
import { WAIT } from '../core/promise-wait.js'
import type { Event } from '../core/protocol.js'
import { event } from '../event/event-object.js'

/**
 * Event: waits for a promise and gives its value, or throws its error. Plain `yield promise` does
 * the same.
 *
 * A promise cannot be cancelled. If the wait is withdrawn, the promise continues, and its outcome
 * is ignored, even an error.
 *
 * @param promise a promise, or anything with a `then`
 * @throws TypeError if it has no `then`
 */
export function wait<T>(promise: PromiseLike<T>): Event<T> {
  if (typeof (promise as Partial<PromiseLike<T>> | null | undefined)?.then !== 'function') {
    throw new TypeError(`wait(promise): expected a promise, got ${inspect(promise)}`)
  }
  return event(WAIT, promise) as Event<T> // What the promise gives is a T.
}
