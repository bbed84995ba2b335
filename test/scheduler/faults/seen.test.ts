// Faults that users of Bluelet for Python met.
import { type Coroutine, join, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { after } from '../coroutines.js'
import { failure, rejection, virtually, world } from '../world.js'

describe('the known faults of the original, none of which exist here', () => {
  it('the kill of a finished coroutine does nothing, and no other coroutine is dropped', async () => {
    const value = await virtually(function* () {
      const coroutine = after(1, 1)
      yield spawn(coroutine)
      const other = yield* spawn(after<string>, 20, 'other')
      yield sleep(10)
      yield kill(coroutine)
      return yield* join(other)
    })

    expect(value).toBe('other')
  })

  it('a coroutine that is killed while it waits in join does not resume', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const child = yield* spawn(after, 10, 1)
      const joiner = yield* spawn(function* () {
        yield join(child)
        note('resumed')
      })
      yield sleep(1)
      yield kill(joiner)
      yield join(child)
      yield sleep(10)
    })

    expect(log).toEqual([])
  })

  it('a spinning coroutine lets the host poll, since its turns are limited by a budget', async () => {
    const { scheduler } = world({ budget: { steps: 8 } })
    let polled = 0
    let spun = 0

    await scheduler.run(function* () {
      for (; spun < 800; spun++) {
        if (spun % 8 === 0) setImmediate(() => polled++)
        yield pause()
      }
    })

    expect(polled).toBeGreaterThan(90)
  })

  it('an exception in a spawned coroutine reaches its joiner, and the other tasks go on', async () => {
    const error = failure()

    const [caught, value] = await virtually(function* () {
      const other = yield* spawn(after<string>, 20, 'other')
      const failing = yield* spawn(function* () {
        yield sleep(10)
        throw error
      })
      try {
        yield join(failing)
      } catch (caught) {
        return [caught, yield* join(other)]
      }
      return []
    })

    expect(caught).toBe(error)
    expect(value).toBe('other')
  })

  it('the join of a coroutine that was never spawned is an error at once', async () => {
    const error = await rejection(
      virtually(function* () {
        yield join(after(1, 1))
      }),
    )

    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toContain('never spawned')
  })

  it('calls a hundred times as deep as in the original are returned through', {
    tags: 'large',
  }, async () => {
    function* descend(n: number): Coroutine<number> {
      if (n === 0) return 0
      const value: number = yield descend(n - 1)
      return value + 1
    }

    const value = await virtually(() => descend(300_000))

    expect(value).toBe(300_000)
  })

  it('a finally block that yields at shutdown does not replace the error', async () => {
    const { scheduler, log, note } = world()
    const error = failure()

    const caught = await rejection(
      scheduler.run(function* () {
        yield spawn(function* () {
          try {
            yield sleep(1e9)
          } finally {
            yield sleep(5)
            note('cleaned up')
          }
        })
        yield sleep(10)
        throw error
      }),
    )

    expect(caught).toBe(error)
    expect(log).toEqual(['15: cleaned up'])
  })
})
