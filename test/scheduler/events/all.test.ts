import { all, join, KilledError, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { after, failAfter } from '../coroutines.js'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

eventSuite('all', {
  *fulfilled() {
    return all([sleep(10), Promise.resolve(42)])
  },
  value: [undefined, 42],
  awaited: () => all([pause(), Promise.resolve(42)]),
  *waiting() {
    return all([pause(), sleep(1e12), new Promise(() => {})])
  },
  *failing(error) {
    return all([sleep(1e9), Promise.reject(error), sleep(1e9)])
  },
})

describe('all', () => {
  it('gives the values in the order of the yieldables', async () => {
    const values = await virtually(function* () {
      return yield* all([after(30, 'a'), after(10, 'b'), after(20, 'c')])
    })

    expect(values).toEqual(['a', 'b', 'c'])
  })

  it('takes as long as the slowest yieldable', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      yield all([after(30, 'a'), sleep(10), after(20, 'c')])
    })

    expect(host.now()).toBe(30)
  })

  it('of an empty array gives an empty array', async () => {
    const values = await virtually(function* () {
      return yield* all([])
    })

    expect(values).toEqual([])
  })

  it('gives the value of a task each time that it joins the task', async () => {
    const values = await virtually(function* () {
      const task = yield* spawn(after, 10, 42)
      return yield* all([task, join(task)])
    })

    expect(values).toEqual([42, 42])
  })

  it('throws the first error', async () => {
    const first = failure('first')

    const caught = await rejection(
      virtually(function* () {
        yield all([after(5, 1), failAfter(20, failure('second')), failAfter(10, first)])
      }),
    )

    expect(caught).toBe(first)
  })

  it('withdraws the other branches at the first error', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      try {
        yield all([sleep(1000), failAfter(10, failure())])
      } catch {}
    })

    expect(host.now()).toBe(10)
  })

  it('waits for the clean-up of the other branches before it throws', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      try {
        yield all([
          failAfter(10, failure()),
          (function* () {
            try {
              yield sleep(1000)
            } finally {
              yield sleep(5)
              note('cleaned up')
            }
          })(),
        ])
      } catch {
        note('caught')
      }
    })

    expect(log).toEqual(['15: cleaned up', '15: caught'])
  })

  it('throws an AggregateError of the error and those of the clean-ups', async () => {
    const first = failure('first')
    const second = failure('second')

    const caught = await rejection(
      virtually(function* () {
        yield all([
          failAfter(10, first),
          (function* () {
            try {
              yield sleep(1000)
            } finally {
              // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
              throw second
            }
          })(),
        ])
      }),
    )

    expect((caught as AggregateError).errors).toEqual([first, second])
  })

  it('enters no branch after one that throws at once', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      try {
        yield all([
          42 as never,
          (function* () {
            note('entered')
          })(),
        ])
      } catch {}
    })

    expect(log).toEqual([])
  })

  it('throws KilledError when one of its tasks is killed', async () => {
    const error = await rejection(
      virtually(function* () {
        const task = yield* spawn(after, 100, 1)
        yield spawn(function* () {
          yield kill(task)
        })
        yield all([task, sleep(10)])
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
  })

  it('rejects a coroutine that occurs twice', async () => {
    const error = await rejection(
      virtually(function* () {
        const coroutine = after(10, 1)
        yield all([coroutine, coroutine])
      }),
    )

    expect(error).toBeInstanceOf(TypeError)
  })

  it('of a hundred thousand gives all values', { tags: 'large' }, async () => {
    const values = await virtually(function* () {
      return yield* all(Array.from({ length: 100_000 }, (_, i) => after(i % 10, i)))
    })

    expect(values.every((value, i) => value === i)).toBe(true)
  })

  it('rejects a value that is not an array', () => {
    expect(() => all(sleep(1) as never)).toThrow(TypeError)
  })
})
