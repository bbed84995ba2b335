import { all, allSettled, type Coroutine, kill, pause, race, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { failure, virtually } from '../world.js'

eventSuite('allSettled', {
  *fulfilled() {
    return allSettled([pause()])
  },
  value: [{ status: 'fulfilled', value: undefined }],
  awaited: () => allSettled([pause()]),
  *waiting() {
    return allSettled([sleep(1e9), sleep(1e9)])
  },
})

function* failing(ms: number, error: unknown): Coroutine<never> {
  yield* sleep(ms)
  throw error
}

describe('allSettled', () => {
  it('gives a result for each yieldable, in their order', async () => {
    const error = failure()

    const results = await virtually(function* () {
      return yield* allSettled([failing(2, error), sleep(5), 42 as never, Promise.resolve('p')])
    })

    expect(results).toEqual([
      { status: 'rejected', reason: error },
      { status: 'fulfilled', value: undefined },
      { status: 'rejected', reason: expect.any(TypeError) },
      { status: 'fulfilled', value: 'p' },
    ])
  })

  it('gives an empty array for an empty array', async () => {
    expect(
      await virtually(function* () {
        return yield* allSettled([])
      }),
    ).toEqual([])
  })

  it('receives the error of each of two clean-ups', async () => {
    function* worker(name: string) {
      try {
        yield* sleep(1e6)
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what this is about.
        throw failure(name)
      }
    }

    const reasons = await virtually(function* () {
      const a = yield* spawn(worker, 'a')
      const b = yield* spawn(worker, 'b')
      yield* sleep(1)
      const results = yield* allSettled([kill(a), kill(b)])
      return results.map((result) => (result.status === 'rejected' ? result.reason.message : result))
    })

    expect(reasons).toEqual(['a', 'b'])
  })

  it('gives back the values that have come when it loses a race', async () => {
    let closed = 0
    function* making() {
      yield* pause()
      return { [Symbol.dispose]: () => void closed++ }
    }

    await virtually(function* () {
      yield* race([sleep(5), allSettled([making(), failing(1, failure()), sleep(100)])])
    })

    expect(closed).toBe(1)
  })

  it('rejects what is not an array', () => {
    expect(() => allSettled(sleep(1) as never)).toThrow(
      'allSettled(yieldables): expected an array, got an event (sleep)',
    )
  })
})

describe.each([
  ['all', all],
  ['allSettled', allSettled],
] as const)('%s with a limit', (name, combine) => {
  it('performs so many at once, and begins the next one when one is done', async () => {
    let running = 0
    let most = 0
    const order: number[] = []
    function* job(i: number): Coroutine<number> {
      order.push(i)
      most = Math.max(most, ++running)
      yield* sleep(10 - i)
      running--
      return i
    }

    const values = await virtually(function* () {
      return yield* combine([0, 1, 2, 3, 4, 5, 6].map(job), { limit: 3 })
    })

    expect(most).toBe(3)
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(values.map((value) => (typeof value === 'object' ? (value as any).value : value))).toEqual(order)
  })

  it('performs events that are done at once, however many', async () => {
    const values = await virtually(function* () {
      return yield* combine(
        Array.from({ length: 10_000 }, () => pause()),
        { limit: 2 },
      )
    })

    expect(values).toHaveLength(10_000)
  })

  it('does not begin the rest when it is withdrawn', async () => {
    let begun = 0
    function* job() {
      begun++
      yield* sleep(100)
    }

    await virtually(function* () {
      yield* race([combine([job(), job(), job()], { limit: 1 }), sleep(150)])
    })

    expect(begun).toBe(2)
  })

  it.each([[null], [2], ['limit']])('rejects %o in place of options', (options) => {
    expect(() => combine([], options as never)).toThrow(
      `${name}(yieldables, options): expected an object such as { limit }, got `,
    )
  })

  it.each([[0], [-1], [1.5], [Number.NaN], ['2']])('rejects a limit of %s', (limit) => {
    expect(() => combine([], { limit: limit as number })).toThrow(
      `${name}: limit: expected a positive integer`,
    )
  })
})

describe('all with a limit', () => {
  it('does not begin the rest when one has failed', async () => {
    let begun = 0
    function* job() {
      begun++
      yield* failing(1, failure())
    }

    await virtually(function* () {
      yield* allSettled([all([job(), job(), job()], { limit: 1 })])
    })

    expect(begun).toBe(1)
  })
})
