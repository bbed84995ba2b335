import {
  all,
  type Coroutine,
  type Event,
  event,
  KilledError,
  kill,
  pause,
  race,
  sleep,
  spawn,
  timeout,
  type Waiter,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from './world.js'

function* sleeper(): Coroutine<void> {
  yield sleep(1000)
}

const combinations = [
  ['all', (branch: Coroutine) => all([branch, sleep(1)])],
  ['race', (branch: Coroutine) => race([branch, sleep(2000)])],
  ['timeout', (branch: Coroutine) => timeout(2000, branch)],
] as const

describe('a branch of', () => {
  it.each(combinations)('%s that somebody else kills throws KilledError', async (name, combine) => {
    const branch = sleeper()

    const error = await rejection(
      virtually(function* () {
        yield spawn(function* () {
          yield pause()
          yield kill(branch)
        })
        yield combine(branch)
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
    expect((error as Error).message).toBe(`${name}#3 was killed, so that this branch has no value`)
  })
})

describe('a handler of a branch', () => {
  /** An event whose handler throws when it is entered, after it has answered or instead. */
  function throwing(error: Error, answers: boolean): Event<void> {
    return event(
      {
        name: 'throwing',
        enter(waiter: Waiter<void>) {
          if (answers) waiter.resume()
          throw error
        },
      },
      undefined,
    )
  }

  /** An event whose handler cannot withdraw it. */
  function stubborn(error: Error): Event<void> {
    return event(
      {
        name: 'stubborn',
        enter() {},
        withdraw() {
          throw error
        },
      },
      undefined,
    )
  }

  it('that throws at once decides the combination, and the others are withdrawn', async () => {
    const { scheduler } = world()
    const error = failure()

    const [caught, timers] = await scheduler.run(function* () {
      try {
        yield race([sleep(1000), throwing(error, false)])
      } catch (caught) {
        return [caught, scheduler.timers.size]
      }
      return []
    })

    expect([caught, timers]).toEqual([error, 0])
  })

  it('that throws after it has answered makes the run fail with its error', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield race([throwing(error, true), sleep(1000)])
      }),
    )

    expect(caught).toBe(error)
  })

  it('whose withdraw throws makes that the error of the killed task, for its killer', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        const task = yield* spawn(function* () {
          yield all([stubborn(error), sleep(1000)])
        })
        yield pause()
        yield kill(task)
      }),
    )

    expect(caught).toBe(error)
  })

  it('whose withdraw throws adds its error to that which decided the combination', async () => {
    const errors = [failure('first'), failure('second')]

    const caught = await rejection(
      virtually(function* () {
        yield all([stubborn(errors[1]!), throwing(errors[0]!, false)])
      }),
    )

    expect(caught).toBeInstanceOf(AggregateError)
    expect((caught as AggregateError).errors).toEqual(errors)
    expect((caught as AggregateError).message).toBe('2 branches of all failed: Error: first; Error: second')
  })
})
