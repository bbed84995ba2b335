// Promise 9: what keeps a run open although every task waits.

import {
  all,
  Channel,
  callback,
  DeadlockError,
  type Event,
  join,
  kill,
  Latch,
  pause,
  race,
  run,
  Scheduler,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { internals } from '../../../support/internals.js'
import { waitFor } from '../../coroutines.js'
import { fromOutside, withResolvers } from '../../outside.js'
import { failure, rejection, virtually, world } from '../../world.js'
import { deadlockOf } from './deadlock-of.js'

/** A task of a scheduler that never runs. */
function foreignTask(): Task {
  return new Scheduler({ host: new VirtualHost({ manual: true }) }).spawn(() => waitFor(pause()))
}

describe('a run is not in a deadlock while a task', () => {
  it('waits for a timer', async () => {
    const latch = new Latch()

    const value = await virtually(function* () {
      yield spawn(function* () {
        yield sleep(1e9)
        latch.open()
      })
      yield latch.wait()
      return 'opened'
    })

    expect(value).toBe('opened')
  })

  it('waits for a promise', async () => {
    const { promise, resolve } = withResolvers<string>()

    const outcome = virtually(function* () {
      return (yield promise) as string
    })
    fromOutside(() => resolve('kept'))

    expect(await outcome).toBe('kept')
  })

  it('waits for a promise as one branch of a race, an all and a timeout', async () => {
    const { promise, resolve } = withResolvers<string>()

    const outcome = virtually(() =>
      waitFor(race([all([timeout(Number.POSITIVE_INFINITY, promise)]), new Latch().wait()])),
    )
    fromOutside(() => resolve('kept'))

    expect(await outcome).toEqual(['kept'])
  })

  it('waits for a callback', async () => {
    let call: ((value: string) => void) | undefined

    const called = callback<string>((resume) => {
      call = resume
    })
    const outcome = virtually(() => waitFor(called))
    fromOutside(() => call?.('called'))

    expect(await outcome).toBe('called')
  })

  it('waits for an external channel', async () => {
    const channel = new Channel<string>({ external: true })

    const outcome = virtually(() => waitFor(channel.receive()))
    fromOutside(() => channel.trySend('sent'))

    expect(await outcome).toBe('sent')
  })

  it('waits for an external event of its own handler', async () => {
    let answer: ((value: string) => void) | undefined
    const signalled = event<string>(
      {
        name: 'signal',
        external: 'signal',
        enter(waiter) {
          answer = (value) => waiter.resume(value)
        },
        withdraw() {},
      },
      undefined,
    )

    const outcome = virtually(() => waitFor(signalled))
    fromOutside(() => answer?.('answered'))

    expect(await outcome).toBe('answered')
  })

  it('waits for another task that waits for a promise', async () => {
    const { promise, resolve } = withResolvers<string>()

    const outcome = virtually(function* () {
      const task = yield* spawn(function* () {
        return (yield promise) as string
      })
      return yield* join(task)
    })
    fromOutside(() => resolve('kept'))

    expect(await outcome).toBe('kept')
  })

  it('waits for a task of another scheduler', async () => {
    const other = world().scheduler
    const { promise, resolve } = withResolvers<string>()
    const foreign = other.spawn(() => waitFor(promise as unknown as Event))

    const outcome = virtually(() => waitFor(join(foreign)))
    const others = other.run(function* () {})
    fromOutside(() => resolve('kept'))

    await others
    expect(await outcome).toBe('kept')
  })

  it('runs while something holds the scheduler', async () => {
    const { scheduler } = world()
    const latch = new Latch()

    const outcome = scheduler.run(function* () {
      internals(scheduler).ref()
      yield latch.wait()
      return 'opened'
    })
    fromOutside(() => {
      latch.open()
      internals(scheduler).unref()
    })

    expect(await outcome).toBe('opened')
  })
})

describe('a hold', () => {
  it('keeps a run open after all of its tasks have ended', async () => {
    const { scheduler } = world()
    let released = false

    const outcome = scheduler.run(function* () {
      internals(scheduler).ref()
      return 'returned'
    })
    fromOutside(() => {
      released = true
      internals(scheduler).unref()
    })

    expect([await outcome, released]).toEqual(['returned', true])
  })

  it('that is released without waking a task ends in a deadlock', async () => {
    const { scheduler } = world()

    const outcome = rejection(
      scheduler.run(function* () {
        internals(scheduler).ref()
        yield new Latch().wait()
      }),
    )
    fromOutside(() => internals(scheduler).unref())

    expect(await outcome).toBeInstanceOf(DeadlockError)
  })

  const withdrawn: readonly (readonly [string, () => Event])[] = [
    ['a promise', () => race([new Promise(() => {}), pause()])],
    ['a callback', () => race([callback(() => {}), pause()])],
    ['a callback that is called at once', () => all([callback<void>((resume) => resume())])],
    ['an external channel', () => race([new Channel({ external: true }).receive(), pause()])],
    ['a promise in an all that failed', () => all([new Promise(() => {}), Promise.reject(failure())])],
    ['a join of a task of another scheduler', () => race([join(foreignTask()), pause()])],
    ['a promise whose timeout has expired', () => timeout(10, new Promise(() => {}))],
  ]
  it.each(withdrawn)('by %s ends with the wait', async (_name, make) => {
    const error = await deadlockOf(function* main() {
      try {
        yield make()
      } catch {}
      yield new Latch().wait()
    })

    expect(error.waits).toEqual(['main#1 waits for latch.wait()'])
  })

  it('by a promise ends when the waiting task is killed', async () => {
    const error = await deadlockOf(function* main() {
      const task = yield* spawn(() => waitFor(callback(() => {})))
      yield pause()
      yield kill(task)
      yield new Latch().wait()
    })

    expect(error.waits).toEqual(['main#1 waits for latch.wait()'])
  })

  it('is not made by an AbortSignal', async () => {
    const { signal } = new AbortController()

    const error = await rejection(run(() => waitFor(new Latch().wait()), { host: new VirtualHost(), signal }))

    expect(error).toBeInstanceOf(DeadlockError)
  })
})
