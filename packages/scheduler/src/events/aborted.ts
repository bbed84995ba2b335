/** The event `aborted`: the abort of an AbortSignal. */

import { inspect } from '../check.js'
import type { Event, EventHandler, Waiter } from '../core/protocol.js'
import { event } from '../event/event-object.js'
import { onAbort } from '../loop/on-abort.js'
import type { AbortSignalLike } from '../loop/options.js'

/**
 * Event: waits until a signal is aborted and gives its reason. The run stays open while a task
 * waits for it.
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
 * Marks a signal that only tasks of the run abort: waiting for it does not keep the run open, so
 * that a deadlock is found.
 *
 * @returns the signal
 */
export function abortedWithin<S extends AbortSignalLike>(signal: S): S {
  internal.add(signal)
  return signal
}

const ABORTED_WITHIN: EventHandler<AbortSignalLike, (() => void) | undefined, unknown> = {
  name: 'aborted',
  enter: listen,
  withdraw: unlisten,
}

const ABORTED: EventHandler<AbortSignalLike, (() => void) | undefined, unknown> = {
  name: 'aborted',
  external: 'signal',
  enter: listen,
  withdraw: unlisten,
}

function listen(waiter: Waiter<unknown>, signal: AbortSignalLike): (() => void) | undefined {
  if (signal.aborted) {
    waiter.resume(signal.reason)
    return undefined
  }
  return onAbort(signal, () => waiter.resume(signal.reason))
}

function unlisten(_waiter: Waiter<unknown>, _signal: AbortSignalLike, stop: (() => void) | undefined): void {
  stop?.()
}
