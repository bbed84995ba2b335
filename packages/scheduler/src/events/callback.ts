/** The event `callback`: a callback interface. */

import { checkFunction } from '../check.js'
import type { Event, EventHandler, Waiter } from '../core/protocol.js'
import { event } from '../event/event-object.js'

/**
 * Starts an operation that calls back. It is called when the event is yielded.
 *
 * @typeParam T the value of the event
 * @param resume ends the wait with a value; the first call of `resume` or `fail` counts, and later
 *   ones are ignored
 * @param fail ends the wait with an error
 * @returns stops the operation when its outcome is no longer wanted; optional
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is allowed, too.
export type Register<T> = (resume: (value: T) => void, fail: (error: unknown) => void) => (() => void) | void

/**
 * Event: turns a callback interface into an event. The run stays open while a task waits for it.
 *
 * `stop` is called only if the wait is withdrawn. Once the event has its value, nothing is left to
 * stop: register a listener that is called once.
 *
 * @example
 * const click = callback<MouseEvent>((resume) => {
 *   button.addEventListener('click', resume, { once: true })
 *   return () => button.removeEventListener('click', resume)
 * })
 *
 * @param register starts the operation, at each yield
 * @throws TypeError if `register` is not a function
 */
export function callback<T>(register: Register<T>): Event<T> {
  checkFunction(register, 'callback(register)')
  return event(CALLBACK, register) as Event<T> // What the function resumes with is a T.
}

/** One wait. `waiter` is null once it is over. */
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

/** Ends a wait. Only the first call gets the waiter. */
function finish(registration: Registration): Waiter<unknown> | null {
  const { waiter } = registration
  registration.waiter = null
  return waiter
}
