// What `yield`, `yield*` and `await` do with an event.

import { all, type Event, kill, pause, race, run, sleep, spawn } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'
import { ANSWER } from './answer.js'

/**
 * An event that gives each waiter its place in the order in which they entered, after some time.
 */
function counter(): { readonly count: Event<number>; entered: number; withdrawn: number } {
  const state = { entered: 0, withdrawn: 0 }
  const COUNT: EventHandler<undefined, { stop: () => void }, number> = {
    name: 'count',
    enter(waiter: Waiter<number>) {
      const place = ++state.entered
      const { scheduler } = waiter
      const timer = scheduler.timers.add(scheduler.now() + 10, (w: Waiter<number>) => w.resume(place), waiter)
      return { stop: () => scheduler.timers.remove(timer) }
    },
    withdraw(_waiter, _argument, { stop }) {
      state.withdrawn++
      stop()
    },
  }
  return Object.assign(state, { count: event<number>(COUNT, undefined) })
}

eventSuite('an event of your own', {
  *fulfilled() {
    return event<number>(ANSWER, 42)
  },
  value: 42,
  awaited: () => event<number>(ANSWER, 42),
  *waiting() {
    return event({ name: 'never', enter() {}, withdraw() {} }, undefined)
  },
  *failing(error) {
    return event(
      {
        name: 'failing',
        enter() {
          throw error
        },
        withdraw() {},
      },
      undefined,
    )
  },
})

describe('event', () => {
  it('whose handler has no enter gives its argument in the next turn', async () => {
    const { scheduler, log, note } = world()
    const value = () => event<number>({ name: 'value' }, 42)

    const values = await scheduler.run(function* () {
      yield spawn(function* () {
        note('the other')
      })
      const plain: number = yield value()
      note(`${plain}`)
      return [plain, yield* value(), yield* race([value(), sleep(1)]), ...(yield* all([value(), value()]))]
    })

    expect(values).toEqual([42, 42, 42, 42, 42])
    expect(log).toEqual(['0: the other', '0: 42'])
  })

  it('that two tasks yield* at the same time gives each its own value', async () => {
    const { count } = counter()
    const values: number[] = []
    function* task() {
      values.push(yield* count)
    }

    await virtually(function* () {
      for (let i = 0; i < 5; i++) yield spawn(task)
    })

    expect(values).toEqual([1, 2, 3, 4, 5])
  })

  it('that two tasks share gives each its own error', async () => {
    const errors = [failure('first'), failure('second')]
    let next = 0
    const shared = event<never>(
      {
        name: 'failing',
        enter(waiter: Waiter) {
          waiter.throw(errors[next++])
        },
        withdraw() {},
      },
      undefined,
    )
    const caught: unknown[] = []
    function* task() {
      try {
        yield* shared
      } catch (error) {
        caught.push(error)
      }
    }

    await virtually(function* () {
      yield spawn(task)
      yield spawn(task)
    })

    expect(caught).toEqual(errors)
  })

  it('that gives undefined does so to each task that yields* it at the same time, entered once for each', async () => {
    let entered = 0
    const shared = event<void>(
      {
        name: 'shared',
        enter(waiter: Waiter<void>) {
          entered++
          const { scheduler } = waiter
          scheduler.timers.add(scheduler.now() + 10, (w: Waiter<void>) => w.resume(), waiter)
        },
        withdraw() {},
      },
      undefined,
    )
    const given: boolean[] = []
    function* task() {
      const value: unknown = yield* shared
      given.push(value === undefined)
    }

    await virtually(function* () {
      for (let i = 0; i < 3; i++) yield spawn(task)
    })

    expect(entered).toBe(3)
    expect(given).toEqual([true, true, true])
  })

  it('is entered for both when one task yields it while another waits for it', async () => {
    const state = counter()

    await virtually(function* () {
      yield spawn(function* () {
        yield* state.count
      })
      yield spawn(function* () {
        yield state.count
      })
    })

    expect(state.entered).toBe(2)
  })

  it('can be yielded* again after a task that waited for it was killed', async () => {
    const state = counter()

    const value = await virtually(function* () {
      const task = yield* spawn(function* () {
        yield* state.count
      })
      yield pause()
      yield kill(task)
      return yield* state.count
    })

    expect(value).toBe(2)
    expect(state.withdrawn).toBe(1)
  })

  it('can be yielded* again after its error was caught', async () => {
    let n = 0
    const flaky = event<number>(
      {
        name: 'flaky',
        enter(waiter: Waiter<number>) {
          if (n++ === 0) throw failure()
          waiter.resume(n)
        },
        withdraw() {},
      },
      undefined,
    )

    const value = await virtually(function* () {
      try {
        yield* flaky
      } catch {}
      return yield* flaky
    })

    expect(value).toBe(2)
  })

  it('gives undefined, null and itself unchanged by yield*', async () => {
    const values = await virtually(function* () {
      const any = (value: unknown) => event<unknown>({ ...ANSWER, enter: (w) => w.resume(value as never) }, 0)
      const itself: Event = event({ ...ANSWER, enter: (w) => w.resume(itself as never) }, 0)
      return [yield* any(undefined), yield* any(null), (yield* itself) === itself]
    })

    expect(values).toEqual([undefined, null, true])
  })

  it('is entered once, however often it is awaited', async () => {
    let entered = 0
    const once = event<number>(
      { ...ANSWER, enter: (waiter: Waiter<number>) => waiter.resume(++entered) },
      undefined,
    )

    const values = [await once, await once, await Promise.resolve(once)]

    expect(values).toEqual([1, 1, 1])
  })

  it('is entered again when it is yielded after it was awaited', async () => {
    let entered = 0
    const once = event<number>(
      { ...ANSWER, enter: (waiter: Waiter<number>) => waiter.resume(++entered) },
      undefined,
    )
    await once

    const value = await virtually(function* () {
      return yield* once
    })

    expect(value).toBe(2)
  })

  it('is entered only by a yield or a then', () => {
    let entered = 0

    void event({ ...ANSWER, enter: () => void entered++ }, undefined)

    expect(entered).toBe(0)
  })

  it('that is awaited rejects with its error', async () => {
    const error = failure()

    const caught = await rejection(
      Promise.resolve(
        event<number>(
          {
            ...ANSWER,
            enter() {
              throw error
            },
          },
          undefined,
        ),
      ),
    )

    expect(caught).toBe(error)
  })

  it('has catch and finally, as every promise has', async () => {
    const error = failure()
    const failing = event<number>(
      {
        ...ANSWER,
        enter() {
          throw error
        },
      },
      undefined,
    )
    let settled = false

    const caught = await failing
      .finally(() => {
        settled = true
      })
      .catch((e: unknown) => e)

    expect(caught).toBe(error)
    expect(settled).toBe(true)
  })

  it('has a catch that works without a then', async () => {
    const error = failure()
    const failing = event<number>(
      {
        ...ANSWER,
        enter() {
          throw error
        },
      },
      undefined,
    )

    const caught = await failing.catch((e: unknown) => e)

    expect(caught).toBe(error)
  })

  it('has a string tag of its own', () => {
    expect(String(pause())).toBe('[object Event]')
  })

  it('can be awaited within a run', async () => {
    const value = await run(function* () {
      const answer = async () => (await event<number>(ANSWER, 42)) + 1
      const value: number = yield answer()
      return value
    })

    expect(value).toBe(43)
  })

  it('is withdrawn once even if its task is killed twice', async () => {
    const state = counter()

    await virtually(function* () {
      const task = yield* spawn(function* () {
        yield* state.count
      })
      yield sleep(5)
      yield kill(task)
      yield kill(task)
    })

    expect(state.withdrawn).toBe(1)
  })

  it('is withdrawn once even if the withdrawal takes longer than the grace period', async () => {
    const { scheduler, log, note } = world()
    const SLOW: EventHandler<undefined, void> = {
      name: 'slow',
      enter() {},
      withdraw(waiter) {
        note('withdrawing')
        internals(scheduler).timers.add(scheduler.now() + 20, (w: Waiter) => w.withdrawn(), waiter)
        return 'later'
      },
    }

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield event(SLOW, undefined)
      })
      yield pause()
      yield kill(task, { grace: 10 })
      note('killed')
    })

    expect(log).toEqual(['0: withdrawing', '20: killed'])
  })
})
