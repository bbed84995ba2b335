import { all, Channel, type Coroutine, pause, spawn } from '@bluelet/scheduler'
import { randomSchedules } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { failure, rejection } from '../world.js'
import { errorOf, lastly, lostUpdate } from './programs.js'

describe('randomSchedules', () => {
  /** The orders in which `randomSchedules` runs a program. */
  async function ordersOf(options: { seed?: number; runs?: number }): Promise<string[]> {
    const orders: string[] = []
    await randomSchedules(function* () {
      let order = ''
      function* named(name: string): Coroutine<void> {
        for (let i = 0; i < 3; i++) {
          order += name
          yield* pause()
        }
      }
      yield* all([named('a'), named('b'), named('c'), named('d')])
      orders.push(order)
    }, options)
    return orders
  }

  it('runs a thousand schedules, nearly all of them different', async () => {
    const orders = await ordersOf({})

    expect(orders).toHaveLength(1000)
    expect(new Set(orders).size).toBeGreaterThan(950)
  })

  it('runs the same schedules each time', async () => {
    expect(await ordersOf({ runs: 50 })).toEqual(await ordersOf({ runs: 50 }))
  })

  it('starts from the given seed', async () => {
    const orders = await ordersOf({ seed: 1, runs: 30 })

    expect(await ordersOf({ seed: 11, runs: 20 })).toEqual(orders.slice(10))
  })

  it('returns the number of runs', async () => {
    expect(await randomSchedules(lastly, { runs: 7 })).toBe(7)
  })

  it('names the seed of the failure, which fails again at once', async () => {
    const rare = (): Coroutine<void> => rarely(5)

    const error = await errorOf(randomSchedules(rare))

    const seed = Number(/found by seed (\d+);/.exec(error.message)?.[1])
    expect(seed).toBeGreaterThan(1)
    expect((await errorOf(randomSchedules(rare, { seed, runs: 1 }))).schedule).toBe(error.schedule)
    expect(await randomSchedules(rare, { seed: 1, runs: seed - 1 })).toBe(seed - 1)
  })

  it('rejects a seed that leaves too few seeds after it', async () => {
    const error = await rejection(randomSchedules(lastly, { seed: Number.MAX_SAFE_INTEGER, runs: 1 }))

    expect(error).toBeInstanceOf(RangeError)
  })

  it.each([0, -1, 1.5, Number.NaN])('rejects %d runs', async (runs) => {
    const error = await rejection(randomSchedules(lostUpdate, { runs }))

    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).message).toBe(`runs: expected a positive integer, got ${runs}`)
  })

  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, '1'])('rejects the seed %s', async (seed) => {
    const error = await rejection(randomSchedules(lastly, { seed: seed as number }))

    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).message).toContain('expected an integer, got')
  })
})

/** Fails when the last of the tasks steps first. */
function* rarely(tasks: number): Coroutine<void> {
  const first = new Channel<number>()
  for (let n = 0; n < tasks; n++) {
    yield* spawn(function* () {
      first.trySend(n)
    })
  }
  const n = yield* first.receive()
  if (n === tasks - 1) throw failure('the last was first')
}
