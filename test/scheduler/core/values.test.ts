// Promise 4: values that coroutines return and throw. events/end.test.ts tests `end`.
import { type Coroutine, call, join, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from '../world.js'

describe('return', () => {
  it('gives its value to run', async () => {
    const value = await virtually(function* () {
      yield pause()
      return 42
    })

    expect(value).toBe(42)
  })

  it('gives its value to the caller', async () => {
    const value = await virtually(function* () {
      const value: number = yield (function* () {
        yield pause()
        return 42
      })()
      return value
    })

    expect(value).toBe(42)
  })

  it('gives its value to the joiner', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(function* () {
        return 42
      })
      return yield* join(task)
    })

    expect(value).toBe(42)
  })

  it('without a value gives undefined', async () => {
    const value = await virtually(function* () {})

    expect(value).toBe(undefined)
  })

  it.each([undefined, null, 0, '', false, Number.NaN])('gives %o unchanged', async (given) => {
    const values = await virtually(function* () {
      const task = yield* spawn(function* () {
        return given
      })
      const called = yield* call(function* () {
        return given
      })
      return [yield* join(task), called]
    })

    expect(values).toEqual([given, given])
  })

  it('gives an event as a value without performing it', async () => {
    const { scheduler, host } = world()
    const nap = sleep(1000)

    const given = await scheduler.run(function* () {
      const given: unknown = yield (function* () {
        return nap
      })()
      return given === nap
    })

    expect(given).toBe(true)
    expect(host.now()).toBe(0)
  })

  it('runs the finally block first', async () => {
    const { scheduler, log, note } = world()

    const value = await scheduler.run(function* () {
      try {
        return 42
      } finally {
        yield sleep(10)
        note('finally')
      }
    })

    expect(value).toBe(42)
    expect(log).toEqual(['10: finally'])
  })

  it('in a finally block replaces an error', async () => {
    const value = await virtually(function* (): Coroutine<number> {
      try {
        throw failure()
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        return 42
      }
    })

    expect(value).toBe(42)
  })
})

describe('throw', () => {
  it('reaches the caller at its yield, and the caller goes on if it catches', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      try {
        yield (function* () {
          yield pause()
          throw error
        })()
      } catch (caught) {
        yield pause()
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('passes through callers that do not catch, and runs each finally block from the inside out', async () => {
    const { scheduler, log, note } = world()
    function* level(n: number): Coroutine<void> {
      try {
        if (n === 0) throw failure()
        yield level(n - 1)
      } finally {
        yield sleep(1)
        note(`finally ${n}`)
      }
    }

    await rejection(scheduler.run(() => level(2)))

    expect(log).toEqual(['1: finally 0', '2: finally 1', '3: finally 2'])
  })

  it.each([undefined, null, 0, 'a string'])('throws %o unchanged', async (thrown) => {
    const caught = await rejection(
      virtually(function* () {
        yield (function* () {
          yield pause()
          throw thrown
        })()
      }),
    )

    expect(caught).toBe(thrown)
  })

  it('in a finally block replaces the error before it', async () => {
    const second = failure('second')

    const caught = await rejection(
      virtually(function* () {
        try {
          yield pause()
          throw failure('first')
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
          throw second
        }
      }),
    )

    expect(caught).toBe(second)
  })
})
