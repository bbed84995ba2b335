/**
 * The disposal of a value that its waiter will not receive: by the value itself, and within a grace
 * period.
 */

import type { Runtime } from '../core/protocol.js'
import { AbandonedError } from '../errors.js'

/**
 * Disposes of a value: calls its `Symbol.dispose`, or else its `Symbol.asyncDispose`. A value that
 * has neither is left alone.
 *
 * @returns the promise of an asynchronous disposal
 */
export function dispose(value: unknown): void | PromiseLike<void> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return
  // Older engines have neither symbol.
  const { dispose, asyncDispose } = Symbol as { readonly dispose?: symbol; readonly asyncDispose?: symbol }
  const methods = value as Record<symbol, unknown>
  const close = (dispose && methods[dispose]) ?? (asyncDispose && methods[asyncDispose])
  if (typeof close === 'function') return close.call(value) as void | PromiseLike<void>
}

/** A disposal that takes time. */
export interface Disposal {
  /** Lets it take at most so many milliseconds from now on, if it is not done. */
  hasten(grace: number): void
}

/**
 * Gives a value back, and calls `done` once it is disposed of: at once, or when the promise of the
 * disposal has settled. Until then the run is held open. A disposal that takes longer than the
 * grace period is abandoned, in an error.
 *
 * @param grace milliseconds
 * @param discard gives the value back, and may throw
 * @param done called once, with the errors of the disposal
 * @returns the disposal; undefined if it is done
 */
export function giveBack(
  scheduler: Runtime,
  grace: number,
  discard: () => unknown,
  done: (errors: readonly unknown[]) => void,
): Disposal | undefined {
  let promise: unknown
  const errors: unknown[] = []
  try {
    promise = discard()
    if (!isPromise(promise)) promise = undefined
  } catch (error) {
    errors.push(error)
  }
  if (promise === undefined) {
    done(errors)
    return undefined
  }
  let pending = true
  const finish = (errors: readonly unknown[]): void => {
    if (!pending) return
    pending = false
    scheduler.timers.remove(timer)
    scheduler.unref('promise')
    done(errors)
  }
  const expire = (grace: number): void =>
    finish([
      new AbandonedError(
        `a value that its waiter could not receive was not disposed of within ${grace} ms; the scheduler has abandoned it`,
      ),
    ])
  let timer = scheduler.timers.add(scheduler.now() + grace, expire, grace)
  scheduler.ref('promise')
  try {
    ;(promise as PromiseLike<unknown>).then(
      () => finish([]),
      (error: unknown) => finish([error]),
    )
  } catch (error) {
    finish([error])
  }
  return {
    hasten(grace) {
      const deadline = scheduler.now() + grace
      if (!pending || deadline >= timer.deadline) return
      scheduler.timers.remove(timer)
      timer = scheduler.timers.add(deadline, expire, grace)
    },
  }
}

function isPromise(value: unknown): boolean {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}
