import { type Coroutine, call, end, join, pause, race, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { rejection, virtually, world } from '../world.js'

eventSuite('end', {
  *fulfilled() {
    return end(42)
  },
  value: 42,
  awaited: () => end(42),
  combines: false,
})

describe('end', () => {
  it('gives its value to run', async () => {
    const value = await virtually(function* () {
      yield end(42)
    })

    expect(value).toBe(42)
  })

  it('gives its value to the caller', async () => {
    const value = await virtually(function* () {
      const value: number = yield call(function* () {
        yield end(42)
      })
      return value + 1
    })

    expect(value).toBe(43)
  })

  it('gives its value to the joiner', async () => {
    const value: unknown = await virtually(function* () {
      const task = yield* spawn(function* () {
        yield end(42)
      })
      return yield* join(task)
    })

    expect(value).toBe(42)
  })

  it('without a value gives undefined', async () => {
    const value = await virtually(function* () {
      yield end()
    })

    expect(value).toBe(undefined)
  })

  it('runs no line after it', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      note('before')
      yield end()
      note('after')
    })

    expect(log).toEqual(['0: before'])
  })

  it('runs the finally block, which may yield, and keeps its value', async () => {
    const { scheduler, log, note } = world()

    const value = await scheduler.run(function* () {
      try {
        yield end(42)
      } finally {
        yield sleep(10)
        note('finally')
      }
    })

    expect(value).toBe(42)
    expect(log).toEqual(['10: finally'])
  })

  it('ends the caller of a helper under yield*', async () => {
    function* helper() {
      yield end('of the helper')
    }

    const value: unknown = await virtually(function* (): Coroutine<string> {
      yield* helper()
      return 'of the caller'
    })

    expect(value).toBe('of the helper')
  })

  it('ends only the coroutine on top', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield call(function* () {
        yield end()
      })
      note('caller')
    })

    expect(log).toEqual(['0: caller'])
  })

  it('is replaced by an error of the finally block', async () => {
    const error = new Error('of finally')

    const caught = await rejection(
      virtually(function* () {
        try {
          yield end(42)
        } finally {
          yield pause()
          // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
          throw error
        }
      }),
    )

    expect(caught).toBe(error)
  })

  it('in a combination is an error at the yield', async () => {
    const error = await rejection(
      virtually(function* () {
        yield race([end(42)])
      }),
    )

    expect(error).toEqual(new TypeError('end(value): it cannot be part of a combination; yield it by itself'))
  })
})
