/** The deadline of a question about a name. */

import { type Coroutine, type Event, TimeoutError, timeout } from '@bluelet/scheduler'
import { DnsError } from '../errors.js'

/** Waits for an event, whose own errors are no TimeoutErrors, within a time. */
export function* inTime<T>(ms: number, event: Event<T>, what: string): Coroutine<T> {
  try {
    return (yield* timeout(ms, event)) as T // The value of the event.
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    throw new DnsError(`${what}: no answer within ${ms} ms (ETIMEDOUT)`, 'ETIMEDOUT', { cause: error })
  }
}
