/** The event `call`: another coroutine on the same task. */

import { nameOf } from '../check.js'
import { type CoroutineSource, toCoroutine } from '../core/coroutine.js'
import type { Coroutine, Event } from '../core/protocol.js'
import { CALL } from '../core/yieldable.js'
import { event } from '../event/event-object.js'

/**
 * Event: runs another coroutine on the same task and gives what it returns, or throws what it
 * throws.
 *
 * `yield call(coroutine)` and plain `yield coroutine` are the same, a million deep and more, on the
 * task's own stack. `yield* coroutine` is the engine's own delegation: typed and quick, but each
 * level costs time on every step and JavaScript stack. It suits shallow helpers.
 *
 * @param coroutine a coroutine that has not run yet
 */
export function call<T>(coroutine: Coroutine<T>): Event<T>
/**
 * Event: the same for a function that makes the coroutine, each time the event is yielded.
 *
 * @param makes the function
 * @param args its arguments
 */
export function call<A extends unknown[], T>(makes: (...args: A) => Coroutine<T>, ...args: A): Event<T>
export function call(source: CoroutineSource, ...args: unknown[]): Event<unknown> {
  const start = () => toCoroutine(source, args, 'call').coroutine
  if (typeof source !== 'function') return event(CALL, start())
  return event(CALL, Object.defineProperty(start, 'name', { value: nameOf(source, 'anonymous') }))
}
