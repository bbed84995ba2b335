/**
 * The wait for a promise. A promise cannot be cancelled: a withdrawn wait ignores its outcome.
 *
 * A promise keeps each callback that it is given for as long as it lives. So all the waits for one
 * promise share a queue and one callback, and a wait that is withdrawn leaves nothing behind. A
 * thenable of another kind is called for each wait, because its `then` may mean something else each
 * time.
 */

import { type Place, WaitQueue } from '../stores/wait-queue.js'
import type { EventHandler, Request, Waiter } from './protocol.js'

/** The tasks that wait for each promise that has not settled. */
const queues = new WeakMap<PromiseLike<unknown>, WaitQueue<Waiter<unknown>>>()

/** The wait for a thenable that is not a promise of the engine. */
interface ThenableWait {
  /** Null once the wait is over. */
  waiter: Waiter<unknown> | null
  /** The thenable has answered; it may do so again, and must be ignored. */
  answered: boolean
}

/** Waits for a promise. */
export const WAIT: EventHandler<PromiseLike<unknown>, Place<Waiter<unknown>> | ThenableWait> = {
  name: 'wait',
  external: 'promise',
  enter: (waiter, promise) =>
    promise instanceof Promise && promise.then === Promise.prototype.then
      ? queueOf(promise).join(waiter, undefined)
      : waitForThenable(waiter, promise),
  notEntered,
  withdraw(_waiter, promise, wait) {
    const queue = queues.get(promise)
    if (queue !== undefined)
      queue.leave(wait as Place<Waiter<unknown>>) // Only promises have a queue.
    else (wait as ThenableWait).waiter = null
  },
}

function queueOf(promise: Promise<unknown>): WaitQueue<Waiter<unknown>> {
  const known = queues.get(promise)
  if (known !== undefined) return known
  const queue = new WaitQueue<Waiter<unknown>>()
  queues.set(promise, queue)
  promise.then(
    (value) => settle(promise, queue, (waiter) => waiter.resume(value as never)), // A waiter for any value.
    (error: unknown) => settle(promise, queue, (waiter) => waiter.throw(error)),
  )
  return queue
}

/**
 * Answers those that wait, in their order. One that is answered may withdraw another, or let one
 * begin to wait.
 */
function settle(
  promise: Promise<unknown>,
  queue: WaitQueue<Waiter<unknown>>,
  answer: (waiter: Waiter<unknown>) => void,
): void {
  const errors: unknown[] = []
  for (let place = queue.take(); place !== undefined; place = queue.take()) {
    try {
      answer(place.waiter)
    } catch (error) {
      errors.push(error) // The others must not miss their answer.
    }
  }
  queues.delete(promise)
  if (errors.length > 0) throw errors[0]
}

function waitForThenable(waiter: Waiter<unknown>, thenable: PromiseLike<unknown>): ThenableWait {
  const wait: ThenableWait = { waiter, answered: false }
  const fail = (error: unknown) => takeWaiter(wait)?.throw(error)
  const first = <V>(answer: (value: V) => void) => {
    return (value: V) => {
      if (wait.answered) return
      wait.answered = true
      answer(value)
    }
  }
  const failFirst = first(fail)
  try {
    thenable.then(
      first((value) => {
        try {
          // As `await` does, a promise in place of a value is waited for.
          if (isThenable(value)) Promise.resolve(value).then((inner) => takeWaiter(wait)?.resume(inner), fail)
          else takeWaiter(wait)?.resume(value)
        } catch (error) {
          fail(error) // Thrown by the getter of a foreign `then`.
        }
      }),
      failFirst,
    )
  } catch (error) {
    failFirst(error) // Thrown by a foreign `then`. If it has answered before, the error is ignored.
  }
  return wait
}

/** Takes the waiter. Only the first call gets it. */
function takeWaiter(wait: ThenableWait): Waiter<unknown> | null {
  const { waiter } = wait
  wait.waiter = null
  return waiter
}

/**
 * A yieldable is not entered: a kill has come in its place, or the combination of which it is a
 * branch is decided, or its limit is reached for now. A promise in it may reject meanwhile, which
 * the engine must not take for unhandled.
 */
export function notEntered(yieldable: unknown): void {
  if (yieldable instanceof Promise) {
    yieldable.catch(() => {})
    return
  }
  const request = yieldable as Partial<Request> | null | undefined
  request?.$handler?.notEntered?.(request.$argument)
}

/** Whether a value can be waited for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    value !== undefined &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  )
}
