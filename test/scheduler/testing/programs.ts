// Programs whose outcome depends on the order of their steps.
import { all, type Coroutine, pause } from '@bluelet/scheduler'
import { ScheduleError } from '@bluelet/scheduler/testing'
import { rejection } from '../world.js'

/** A counter that two tasks read, and write a step later: the second may write what the first has made obsolete. */
export function* lostUpdate(): Coroutine<void> {
  let count = 0
  function* increment(): Coroutine<void> {
    // One that has all its steps after the other loses nothing.
    yield* pause()
    const seen = count
    yield* pause()
    count = seen + 1
  }
  yield* all([increment(), increment()])
  if (count !== 2) throw new Error(`expected a count of 2, got ${count}`)
}

/** Fails if the second task takes its first step first: only under an unusual schedule. */
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

export async function errorOf(promise: Promise<unknown>): Promise<ScheduleError> {
  const error = await rejection(promise)
  if (!(error instanceof ScheduleError)) throw error
  return error
}

/** Takes one step. */
export function* lastly(): Coroutine<void> {}
