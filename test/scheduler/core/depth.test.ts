// Promise 3: depth far beyond the engine's stack. depth.long.ts tests a million.
import { type Coroutine, call, end, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from '../world.js'
import { byDelegatedCall, depthSuite } from './depth-suite.js'

depthSuite(30_000)

describe('yield* call(...)', () => {
  it('adds only a readable number of lines to the stack of an error thrown through two thousand calls', async () => {
    const error = failure()

    await rejection(
      virtually(() =>
        byDelegatedCall(2000, function* () {
          yield pause()
          throw error
        }),
      ),
    )

    expect(error.stack?.split('\n').length).toBeLessThan(1000)
  })
})

it('needs no stack when it is called in a loop', async () => {
  const { scheduler } = world()

  const callees = await scheduler.run(function* () {
    let most = 0
    for (let i = 0; i < 20_000; i++) {
      yield call(function* () {
        yield end(i)
      })
      if (i % 2000 === 0) most = Math.max(most, scheduler.snapshot()[0]?.callees ?? 0)
    }
    return most
  })

  expect(callees).toBe(0)
})

describe('yield* of a plain helper', () => {
  it('works as in the engine, a hundred levels deep', async () => {
    function* helper(n: number): Coroutine<number> {
      if (n === 0) {
        yield* pause()
        return 0
      }
      return (yield* helper(n - 1)) + 1
    }

    const value = await virtually(() => helper(100))

    expect(value).toBe(100)
  })

  it('is killed from the inside out', async () => {
    const { scheduler, log, note } = world()
    function* helper(n: number): Coroutine<void> {
      try {
        if (n === 0) yield* sleep(1e9)
        else yield* helper(n - 1)
      } finally {
        yield* sleep(1)
        note(`finally ${n}`)
      }
    }

    await scheduler.run(function* () {
      const task = yield* spawn(helper, 2)
      yield pause()
      yield kill(task)
    })

    expect(log).toEqual(['1: finally 0', '2: finally 1', '3: finally 2'])
  })
})
