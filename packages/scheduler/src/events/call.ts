/** Event: runs another coroutine on the same task. */

import { begin } from '../coroutine.js'
import { event } from '../event.js'
import type { Coroutine, Event } from '../protocol.js'
import { CALL } from '../yieldable.js'

/**
 * Event: runs another coroutine on the same task and gives what it returns, or throws what it throws.
 *
 * `yield call(coroutine)` and plain `yield coroutine` are the same, a million deep and more, on the task's own stack.
 * `yield* coroutine` is the engine's own delegation: typed and quick, but each level costs time on every step and
 * JavaScript stack; fine for shallow helpers.
 *
 * @param target a coroutine, or a function that makes one, called anew each time the event is yielded
 * @param args the function's arguments
 */
export function call<A extends unknown[], T>(
  target: Coroutine<T> | ((...args: A) => Coroutine<T>),
  ...args: A
): Event<T> {
  const callee =
    typeof target === 'function'
      ? () => begin(target, args, 'call').coroutine
      : begin(target, args, 'call').coroutine
  return event(CALL, callee) as Event<T> // What the coroutine returns is a T.
}
