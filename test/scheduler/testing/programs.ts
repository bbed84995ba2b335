// Programs whose outcome depends on the order of their steps.
import { all, type Coroutine, pause } from '@bluelet/scheduler'
import { ScheduleError } from '@bluelet/scheduler/testing'
import { rejection } from '../world.js'

/**
 * Two tasks read a counter and write it a step later, so the second may overwrite the update of the
 * first.
 */
export function* lostUpdate(): Coroutine<void> {
  let count = 0
  function* increment(): Coroutine<void> {
    // A task that takes all of its steps after the other one loses no update.
    yield* pause()
    const seen = count
    yield* pause()
    count = seen + 1
  }
  yield* all([increment(), increment()])
  if (count !== 2) throw new Error(`expected a count of 2, got ${count}`)
}

/**
 * Fails if the second task takes its first step first, which happens only under an unusual
 * schedule.
 */
export function* overtaken(): Coroutine<void> {
  let done = false
  function* writer(): Coroutine<void> {
    done = true
    yield* pause()
  }
  function* reader(): Coroutine<void> {
    if (!done) throw new Error('nothing is there yet')
    yield* pause()
  }
  yield* all([writer(), reader()])
}

/** Returns the ScheduleError that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<ScheduleError> {
  const error = await rejection(promise)
  if (!(error instanceof ScheduleError)) throw error
  return error
}

/** Takes one step. */
export function* lastly(): Coroutine<void> {}
