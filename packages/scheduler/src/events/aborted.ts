/** The event `aborted`: the abort of an AbortSignal. */

import { inspect } from '../check.js'
import type { Event, EventHandler } from '../core/protocol.js'
import { event } from '../event/event-object.js'
import type { AbortSignalLike } from '../loop/options.js'

/**
 * Event: waits until a signal is aborted and gives its reason. The run stays open while a task waits for it.
 *
 * @example
 * const line = yield* race([conn.readline(), aborted(signal)])
 *
 * @param signal an AbortSignal of any platform
 * @throws TypeError if it is not an AbortSignal
 */
export function aborted(signal: AbortSignalLike): Event<unknown> {
  if (typeof signal?.addEventListener !== 'function') {
    throw new TypeError(`aborted(signal): expected an AbortSignal, got ${inspect(signal)}`)
  }
  return event(internal.has(signal) ? ABORTED_WITHIN : ABORTED, signal)
}

/** The signals of `abortedWithin`. */
const internal = new WeakSet<AbortSignalLike>()

/**
 * Marks a signal that only tasks of the run abort: waiting for it does not keep the run open, so that a deadlock is found.
 *
 * @returns the signal
 */
export function abortedWithin<S extends AbortSignalLike>(signal: S): S {
  internal.add(signal)
  return signal
}

type Aborted = EventHandler<AbortSignalLike, (() => void) | undefined, unknown>

const ABORTED_WITHIN = {
  name: 'aborted',
  enter(waiter, signal) {
    if (signal.aborted) {
      waiter.resume(signal.reason)
      return undefined
    }
    const listener = () => {
      signal.removeEventListener('abort', listener)
      waiter.resume(signal.reason)
    }
    signal.addEventListener('abort', listener)
    return listener
  },
  withdraw(_waiter, signal, listener) {
    if (listener !== undefined) signal.removeEventListener('abort', listener)
  },
} satisfies Aborted

const ABORTED: Aborted = { ...ABORTED_WITHIN, external: 'signal' }
