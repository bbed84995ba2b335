// Promise 3 of the design: depth.
import { type Coroutine, call, end, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it, vi } from 'vitest'
import { failure, rejection, virtually, world } from './world.js'

const DEPTH = 1_000_000

/** After the stack has been built: so many steps without a rest take some time even on a virtual host. */
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

function* byDelegatedCall(n: number, bottom: Bottom): Coroutine<number> {
  if (n === 0) return yield bottom()
  return (yield* call(byDelegatedCall, n - 1, bottom)) + 1
}

// Seconds each on a machine that does something else as well.
vi.setConfig({ testTimeout: 60_000 })

describe.each([
  ['yield coroutine()', byYield],
  ['yield call(...)', byCall],
  ['yield* call(...)', byDelegatedCall],
])('%s, a million deep,', (_way, descend) => {
  it('is returned through', async () => {
    const value = await virtually(() =>
      descend(DEPTH, function* () {
        yield pause()
        return 0
      }),
    )

    expect(value).toBe(DEPTH)
  })

  it('is killed through', async () => {
    const state = await virtually(function* () {
      const task = yield* spawn(descend, DEPTH, function* () {
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
])('%s, a million deep,', (_way, descend) => {
  it('is thrown through', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(() =>
        descend(DEPTH, function* () {
          yield pause()
          throw error
        }),
      ),
    )

    expect(caught).toBe(error)
  })
})

describe('yield* call(...)', () => {
  // A million deep: depth.long.ts.
  it('thrown through ten thousand deep adds no more lines to the stack than people read', async () => {
    const error = failure()

    await rejection(
      virtually(() =>
        byDelegatedCall(10_000, function* () {
          yield pause()
          throw error
        }),
      ),
    )

    expect(error.stack?.split('\n').length).toBeLessThan(1000)
  })
})

describe('a stack of a million callees', () => {
  it('runs each finally on a kill, innermost first', async () => {
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
      const task = yield* spawn(guarded, DEPTH)
      yield sleep(LATER)
      yield kill(task)
    })

    expect(ran).toBe(DEPTH + 1)
    expect(inOrder).toBe(true)
  })

  it('may yield in each finally', async () => {
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
      const task = yield* spawn(guarded, DEPTH)
      yield sleep(LATER)
      yield kill(task, { grace: 1e9 })
    })

    expect(ran).toBe(DEPTH + 1)
  })

  it('is ended by force when the grace period is over', async () => {
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
      const task = yield* spawn(stubborn, DEPTH)
      yield sleep(LATER)
      yield kill(task, { grace: 10 })
    })

    expect(ran).toBe(DEPTH + 1)
    // The steps of the unwinding take some virtual time as well.
    expect(host.now() - LATER).toBeGreaterThanOrEqual(10)
    expect(host.now() - LATER).toBeLessThan(2000)
  })

  it('catches an error half-way', async () => {
    let level = 0
    function* descend(n: number): Coroutine<number> {
      if (n === 0) throw failure()
      if (n !== DEPTH / 2) return yield descend(n - 1)
      try {
        return yield descend(n - 1)
      } catch {
        level = n
        return n
      }
    }

    const value = await virtually(() => descend(DEPTH))

    expect(value).toBe(DEPTH / 2)
    expect(level).toBe(DEPTH / 2)
  })

  it('costs a step nothing: a hundred thousand steps at the bottom are taken one by one', async () => {
    const value = await virtually(() =>
      byYield(DEPTH, function* () {
        let steps = 0
        for (; steps < 100_000; steps++) yield pause()
        return steps
      }),
    )

    expect(value).toBe(DEPTH + 100_000)
  })

  it('is not needed by a loop of calls', async () => {
    const { scheduler } = world()

    const callees = await scheduler.run(function* () {
      let most = 0
      for (let i = 0; i < 100_000; i++) {
        yield call(function* () {
          yield end(i)
        })
        if (i % 10_000 === 0) most = Math.max(most, scheduler.snapshot()[0]?.callees ?? 0)
      }
      return most
    })

    expect(callees).toBe(0)
  })
})

describe('yield* of a plain helper', () => {
  it('a hundred deep works as the engine does it', async () => {
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
