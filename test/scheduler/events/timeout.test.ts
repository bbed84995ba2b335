import {
  Cancelled,
  type Coroutine,
  call,
  DeadlockError,
  join,
  kill,
  Latch,
  pause,
  sleep,
  spawn,
  type Task,
  TimeoutError,
  timeout,
  type Yieldable,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { after } from '../coroutines.js'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

eventSuite('timeout', {
  *fulfilled() {
    return timeout(1e9, Promise.resolve(42))
  },
  value: 42,
  awaited: () => timeout(1e6, Promise.resolve(42)),
  *waiting() {
    return timeout(1e9, sleep(1e12))
  },
  *failing(error) {
    return timeout(1e9, Promise.reject(error))
  },
})

describe('timeout', () => {
  it('gives the value of an event that is done in time', async () => {
    const value = await virtually(function* () {
      return yield* timeout(20, after(10, 42))
    })

    expect(value).toBe(42)
  })

  it('throws TimeoutError when the time is up first', async () => {
    const { scheduler, host } = world()

    const error = await rejection(
      scheduler.run(function* () {
        yield timeout(10, sleep(20))
      }),
    )

    expect(error).toBeInstanceOf(TimeoutError)
    expect(host.now()).toBe(10)
  })

  it('names the unfinished event and the time limit in its error', async () => {
    const error = await rejection(
      virtually(function* () {
        yield timeout(10, sleep(20))
      }),
    )

    expect((error as Error).message).toBe('sleep(20) was not done within 10 ms')
  })

  it.each<[string, boolean, () => Yieldable]>([
    ['slow()', false, () => call(slow)],
    ['anonymous()', false, () => call(() => slow())],
    ['a coroutine', false, () => slow()],
    ['slow()', true, () => slow()],
    ['delegating()', true, () => delegating()],
    ['join(slow#2)', true, () => join(slowTask)],
    ['a coroutine', true, () => unborn()],
  ])('names %s in its error, with sites: %s', async (name, sites, make) => {
    const { scheduler } = world({ sites })

    const error = await rejection(
      scheduler.run(function* () {
        slowTask = yield* spawn(slow)
        yield timeout(10, make())
      }),
    )

    expect((error as Error).message).toBe(`${name} was not done within 10 ms`)
  })

  let slowTask: Task<void>
  function* slow(): Coroutine<void> {
    yield* sleep(20)
  }
  function* delegating(): Coroutine<void> {
    yield* slow()
  }
  /** It has not yielded an event. */
  function* unborn(): Coroutine<void> {
    yield new Promise(() => {})
  }

  it('throws an error that comes in time', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield timeout(
          10,
          (function* () {
            yield pause()
            throw error
          })(),
        )
      }),
    )

    expect(caught).toBe(error)
  })

  it('kills a coroutine, and waits for its clean-up before it throws', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      try {
        yield timeout(
          10,
          (function* () {
            try {
              yield sleep(1000)
            } finally {
              yield sleep(5)
              note('cleaned up')
            }
          })(),
        )
      } catch (error) {
        note((error as Error).name)
      }
    })

    expect(log).toEqual(['15: cleaned up', '15: TimeoutError'])
  })

  it('gives the value that a coroutine returns although the time is up', async () => {
    const value = await virtually(function* () {
      return yield* timeout(
        10,
        (function* () {
          try {
            yield sleep(1000)
          } catch {}
          return 'partial'
        })(),
      )
    })

    expect(value).toBe('partial')
  })

  it('throws the error that a coroutine throws although the time is up', async () => {
    const error = failure('of the clean-up')

    const caught = await rejection(
      virtually(function* () {
        yield timeout(
          10,
          (function* () {
            try {
              yield sleep(1000)
            } finally {
              // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
              throw error
            }
          })(),
        )
      }),
    )

    expect(caught).toBe(error)
  })

  it('does not turn the cancellation of its own task into a TimeoutError', async () => {
    const caught: unknown[] = []

    await virtually(function* () {
      const task = yield* spawn(function* () {
        try {
          yield timeout(1000, sleep(2000))
        } catch (error) {
          caught.push(error)
          throw error
        }
      })
      yield sleep(10)
      yield kill(task)
    })

    expect(caught).toEqual([expect.any(Cancelled)])
  })

  it('does not turn the TimeoutError of an inner timeout into its own', async () => {
    const error = await rejection(
      virtually(function* () {
        yield timeout(1000, timeout(10, sleep(20)))
      }),
    )

    expect((error as Error).message).toBe('sleep(20) was not done within 10 ms')
  })

  it('withdraws an inner timeout', async () => {
    const { scheduler, host } = world()

    const error = await rejection(
      scheduler.run(function* () {
        yield timeout(10, timeout(1000, sleep(2000)))
      }),
    )

    expect((error as Error).message).toContain('within 10 ms')
    expect(host.now()).toBe(10)
  })

  it('cancels a task that was killed when the time was up, although the task catches the TimeoutError', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield timeout(
            10,
            (function* () {
              try {
                yield sleep(1000)
              } finally {
                yield sleep(10)
              }
            })(),
          )
        } catch (error) {
          note((error as Error).name)
        }
        yield sleep(1000)
        note('went on')
      })
      yield sleep(15)
      yield kill(task)
      note('killed')
    })

    expect(log).toEqual(['20: TimeoutError', '20: killed'])
  })

  it('leaves a joined task running', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(after, 20, 42)
      try {
        yield timeout(10, task)
      } catch {}
      return yield* join(task)
    })

    expect(value).toBe(42)
  })

  it('of 0 lets an immediate value through', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(after, 0, 42)
      yield sleep(1)
      return yield* timeout(0, task)
    })

    expect(value).toBe(42)
  })

  it('of Infinity is no limit', async () => {
    const value = await virtually(function* () {
      return yield* timeout(Number.POSITIVE_INFINITY, after(1e9, 42))
    })

    expect(value).toBe(42)
  })

  it('leaves no timer when it is done, so that a deadlock is detected at once', async () => {
    const { scheduler, host } = world()

    const error = await rejection(
      scheduler.run(function* () {
        yield timeout(3_600_000, pause())
        yield new Latch().wait()
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
    expect(host.now()).toBe(0)
  })

  it('leaves no timer after a hundred thousand that were done in time', { tags: 'large' }, async () => {
    const { scheduler } = world()

    const timers = await scheduler.run(function* () {
      for (let i = 0; i < 100_000; i++) yield timeout(30_000, pause())
      return internals(scheduler).timers.size
    })

    expect(timers).toBe(0)
  })

  it.each([-1, Number.NaN])('rejects %d', (ms) => {
    expect(() => timeout(ms, pause())).toThrow(RangeError)
  })

  it('makes a value that cannot be yielded an error at its yield', async () => {
    const error = await rejection(
      virtually(function* () {
        yield timeout(10, 42 as never)
      }),
    )

    expect(String(error)).toContain('cannot yield 42')
  })
})
