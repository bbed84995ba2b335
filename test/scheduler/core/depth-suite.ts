// Promise 3, to a given depth; the long suite runs it with a million.
import { type Coroutine, call, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from '../world.js'

/**
 * After the stack has been built, since that many steps in a row take some time even on a virtual
 * host.
 */
const LATER = 1e6

type Bottom = () => Coroutine<number>

function* byYield(n: number, bottom: Bottom): Coroutine<number> {
  if (n === 0) return yield bottom()
  const value: number = yield byYield(n - 1, bottom)
  return value + 1
}

function* byCall(n: number, bottom: Bottom): Coroutine<number> {
  if (n === 0) return yield bottom()
  const value: number = yield call(byCall, n - 1, bottom)
  return value + 1
}

export function* byDelegatedCall(n: number, bottom: Bottom): Coroutine<number> {
  if (n === 0) return yield bottom()
  return (yield* call(byDelegatedCall, n - 1, bottom)) + 1
}

export function depthSuite(depth: number): void {
  describe.each([
    ['yield coroutine()', byYield],
    ['yield call(...)', byCall],
    ['yield* call(...)', byDelegatedCall],
  ])(`%s, ${depth} deep,`, (_way, descend) => {
    it('is returned through', async () => {
      const value = await virtually(() =>
        descend(depth, function* () {
          yield pause()
          return 0
        }),
      )

      expect(value).toBe(depth)
    })

    it('is killed through', async () => {
      const state = await virtually(function* () {
        const task = yield* spawn(descend, depth, function* () {
          yield sleep(1e9)
          return 0
        })
        yield sleep(LATER)
        yield kill(task)
        return task.outcome
      })

      expect(state).toEqual({ kind: 'killed' })
    })
  })

  describe.each([
    ['yield coroutine()', byYield],
    ['yield call(...)', byCall],
  ])(`%s, ${depth} deep,`, (_way, descend) => {
    it('is thrown through', async () => {
      const error = failure()

      const caught = await rejection(
        virtually(() =>
          descend(depth, function* () {
            yield pause()
            throw error
          }),
        ),
      )

      expect(caught).toBe(error)
    })
  })

  describe(`a stack of ${depth} callees`, () => {
    it('runs each finally block on a kill, innermost first', async () => {
      let ran = 0
      let inOrder = true
      function* guarded(n: number): Coroutine<void> {
        try {
          yield n === 0 ? sleep(1e9) : guarded(n - 1)
        } finally {
          inOrder &&= n === ran
          ran++
        }
      }

      await virtually(function* () {
        const task = yield* spawn(guarded, depth)
        yield sleep(LATER)
        yield kill(task)
      })

      expect(ran).toBe(depth + 1)
      expect(inOrder).toBe(true)
    })

    it('may yield in each finally block', async () => {
      let ran = 0
      function* guarded(n: number): Coroutine<void> {
        try {
          yield n === 0 ? sleep(1e9) : guarded(n - 1)
        } finally {
          yield pause()
          ran++
        }
      }

      await virtually(function* () {
        const task = yield* spawn(guarded, depth)
        yield sleep(LATER)
        yield kill(task, { grace: 1e9 })
      })

      expect(ran).toBe(depth + 1)
    })

    it('is ended by return() after the grace period', async () => {
      let ran = 0
      function* stubborn(n: number): Coroutine<void> {
        try {
          yield n === 0 ? sleep(1e9) : stubborn(n - 1)
        } finally {
          ran++
          if (n === 0) yield sleep(1e9)
        }
      }
      const { scheduler, host } = world()

      await scheduler.run(function* () {
        const task = yield* spawn(stubborn, depth)
        yield sleep(LATER)
        yield kill(task, { grace: 10 })
      })

      expect(ran).toBe(depth + 1)
      // The steps of the unwinding take some virtual time, too.
      expect(host.now() - LATER).toBeGreaterThanOrEqual(10)
      expect(host.now() - LATER).toBeLessThan(2000)
    })

    it('catches an error half-way', async () => {
      let level = 0
      function* descend(n: number): Coroutine<number> {
        if (n === 0) throw failure()
        if (n !== depth / 2) return yield descend(n - 1)
        try {
          return yield descend(n - 1)
        } catch {
          level = n
          return n
        }
      }

      const value = await virtually(() => descend(depth))

      expect(value).toBe(depth / 2)
      expect(level).toBe(depth / 2)
    })

    it('adds nothing to the cost of a step: a hundred thousand steps at the bottom take linear time', async () => {
      const value = await virtually(() =>
        byYield(depth, function* () {
          let steps = 0
          for (; steps < 100_000; steps++) yield pause()
          return steps
        }),
      )

      expect(value).toBe(depth + 100_000)
    })
  })
}
