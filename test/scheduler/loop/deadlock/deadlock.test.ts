// Promise 9: when a run ends in a deadlock, and what the error says.
import {
  all,
  Cancelled,
  Channel,
  DeadlockError,
  type Event,
  group,
  join,
  Latch,
  race,
  Semaphore,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { waitFor } from '../../coroutines.js'
import { failure, rejection, virtually, world } from '../../world.js'
import { deadlockOf } from './deadlock-of.js'

describe('deadlock', () => {
  const stuck: readonly (readonly [string, () => Event])[] = [
    ['a latch that no task opens', () => new Latch().wait()],
    ['a channel that no task sends to', () => new Channel().receive()],
    ['a full channel that no task receives from', () => new Channel({ capacity: 0 }).send(1)],
    ['a race between two of these', () => race([new Latch().wait(), new Channel().receive()])],
    ['all of two of these', () => all([new Latch().wait(), new Channel().receive()])],
    ['a group whose body waits for one of these', () => group(() => waitFor(new Latch().wait()))],
    ['a sleep that never ends', () => sleep(Number.POSITIVE_INFINITY)],
    ['a timeout that never comes', () => timeout(Number.POSITIVE_INFINITY, new Latch().wait())],
    ['a race of a latch and a sleep that never ends', () => race([new Latch().wait(), sleep(Infinity)])],
  ]
  it.each(stuck)('is detected when the only task waits for %s', async (_name, make) => {
    const error = await rejection(virtually(() => waitFor(make())))

    expect(error).toBeInstanceOf(DeadlockError)
  })

  it('is detected when a permit is never given back', async () => {
    const error = await deadlockOf(function* () {
      const semaphore = new Semaphore()
      yield semaphore.acquire()
      yield semaphore.acquire()
    })

    expect(error.waits).toEqual(['anonymous#1 waits for semaphore.acquire()'])
  })

  it('lists each task, in spawn order, with what it waited for', async () => {
    const latch = new Latch()
    const channel = new Channel()

    const error = await deadlockOf(function* main() {
      const first = yield* spawn(function first() {
        return waitFor(latch.wait())
      })
      yield spawn.with({ name: 'second' }, waitFor(channel.receive()))
      yield join(first)
    })

    expect(error.waits).toEqual([
      'main#1 waits for join(first#2)',
      'first#2 waits for latch.wait()',
      'second#3 waits for channel.receive()',
    ])
    expect(error.message.split('\n  ')).toEqual([
      'every task waits, and nothing is left that could wake one:',
      ...error.waits,
    ])
  })

  it('shows the first twenty tasks of many and lists all of them', async () => {
    const error = await deadlockOf(function* () {
      for (let i = 0; i < 30; i++) yield spawn(waitFor, new Latch().wait())
      yield new Latch().wait()
    })

    expect(error.waits).toHaveLength(31)
    expect(error.message.split('\n')).toHaveLength(22)
    expect(error.message).toMatch(/\n {2}and 11 more$/)
  })

  it('leaves out the tasks that have ended', async () => {
    const error = await deadlockOf(function* main() {
      yield spawn(function* short() {})
      yield new Latch().wait()
    })

    expect(error.waits).toEqual(['main#1 waits for latch.wait()'])
  })

  it('runs the finally blocks of every task before the run rejects', async () => {
    const { scheduler, log, note } = world()
    function* cleaner(name: string) {
      try {
        yield new Latch().wait()
      } finally {
        yield sleep(10)
        note(`${name} has cleaned up`)
      }
    }

    const error = await rejection(
      scheduler.run(function* () {
        yield spawn(cleaner, 'child')
        yield* cleaner('main')
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
    expect(log).toEqual(['10: main has cleaned up', '10: child has cleaned up'])
  })

  it('is thrown at no yield: the tasks are cancelled', async () => {
    let thrown: unknown

    await deadlockOf(function* () {
      try {
        yield new Latch().wait()
      } catch (error) {
        thrown = error
        throw error
      }
    })

    expect(thrown).toBeInstanceOf(Cancelled)
  })

  it('does not hide the error of a clean-up', async () => {
    const broken = failure('clean-up')

    const error = await rejection(
      virtually(function* () {
        try {
          yield new Latch().wait()
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: the clean-up fails.
          throw broken
        }
      }),
    )

    expect(error).toBeInstanceOf(AggregateError)
    expect((error as AggregateError).errors).toEqual([expect.any(DeadlockError), broken])
  })

  it('is detected only after the last sleeper has woken and ended', async () => {
    const { scheduler, host } = world()

    const error = await rejection(
      scheduler.run(function* () {
        yield spawn(waitFor, sleep(1000))
        yield new Latch().wait()
      }),
    )

    expect((error as DeadlockError).waits).toEqual(['anonymous#1 waits for latch.wait()'])
    expect(host.now()).toBe(1000)
  })

  it('is detected after a join of a task that waits for its joiner by another event', async () => {
    const latch = new Latch()

    const error = await deadlockOf(function* main() {
      const task = yield* spawn(waitFor, latch.wait())
      yield task
      latch.open()
    })

    expect(error.waits).toEqual(['main#1 waits for join(waitFor#2)', 'waitFor#2 waits for latch.wait()'])
  })

  it('leaves the scheduler usable for another run', async () => {
    const { scheduler } = world()
    await rejection(scheduler.run(() => waitFor(new Latch().wait())))

    const value = await scheduler.run(function* () {
      yield sleep(10)
      return 42
    })

    expect(value).toBe(42)
  })
})
