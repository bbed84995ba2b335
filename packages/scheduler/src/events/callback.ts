/** Event: whatever calls back. */

import { inspect } from '../core/coroutine.js'
import type { Event, EventHandler, Waiter } from '../core/protocol.js'
import { event } from '../event/event-object.js'

/**
 * Starts something that calls back, once the event is yielded.
 *
 * @typeParam T what it gives
 * @param resume ends the wait with a value; the first call of `resume` or `fail` counts, later ones are ignored
 * @param fail ends the wait with an error
 * @returns stops it, when it is no longer wanted; may be left out
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is meant too.
export type Register<T> = (resume: (value: T) => void, fail: (error: unknown) => void) => (() => void) | void

/**
 * Event: turns an interface of callbacks into an event. It holds the run open while it is waited for.
 *
 * @example
 * const click = callback<MouseEvent>((resume) => {
 *   button.addEventListener('click', resume)
 *   return () => button.removeEventListener('click', resume)
 * })
 *
 * @param register called at each yield
 */
export function callback<T>(register: Register<T>): Event<T> {
  if (typeof register !== 'function') {
    throw new TypeError(`callback(register): expected a function, got ${inspect(register)}`)
  }
  return event(CALLBACK, register) as Event<T> // What the function resumes with is a T.
}

/** One wait; `waiter` is null once it is over. */
interface Registration {
  waiter: Waiter<unknown> | null
  stop: (() => void) | undefined
}

const CALLBACK: EventHandler<Register<unknown>, Registration, unknown> = {
  name: 'callback',
  external: 'callback',
  enter(waiter, register) {
    const registration: Registration = { waiter, stop: undefined }
    const stop = register(
      (value) => finish(registration)?.resume(value),
      (error) => finish(registration)?.throw(error),
    )
    registration.stop = stop ?? undefined
    return registration
  },
  withdraw(_waiter, _register, registration) {
    finish(registration)
    registration.stop?.()
  },
}

/** Ends a wait; only the first who asks gets the waiter. */
function finish(registration: Registration): Waiter<unknown> | null {
  const { waiter } = registration
  registration.waiter = null
  return waiter
}
