import { all, type Event, join, kill, pause, race, run, sleep, spawn } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

const ANSWER: EventHandler<number, void, number> = {
  name: 'answer',
  enter: (waiter, n) => waiter.resume(n),
  withdraw() {},
}

/** Gives each waiter its place in the order in which they were entered, some time later. */
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

  it('that gives undefined gives it to each of the tasks that yield* it at the same time, entered once for each', async () => {
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

  it('that one task yields while another waits for it is entered for both', async () => {
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

  it('can be yielded* again after a task was killed that waited for it', async () => {
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

  it('gives undefined, null and itself by yield* as they are', async () => {
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

  it('is entered anew when it is yielded after it was awaited', async () => {
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

  it('is entered by nothing but a yield or a then', () => {
    let entered = 0

    void event({ ...ANSWER, enter: () => void entered++ }, undefined)

    expect(entered).toBe(0)
  })

  it('that is awaited rejects with its error', async () => {
    const error = failure()

    const caught = await rejection(
      Promise.resolve(
        event<never>(
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

  it('has catch and finally, as every promise', async () => {
    const error = failure()
    const failing = event<never>(
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

  it('has a catch by itself', async () => {
    const error = failure()
    const failing = event<never>(
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

  it('says of itself that it is one', () => {
    expect(String(pause())).toBe('[object Event]')
  })

  it('can be awaited within a run, as what a task waits for', async () => {
    const value = await run(function* () {
      const answer = async () => (await event<number>(ANSWER, 42)) + 1
      const value: number = yield answer()
      return value
    })

    expect(value).toBe(43)
  })

  it('is withdrawn once, though its task is killed twice', async () => {
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

  it('is withdrawn once, though its withdrawal outlasts the grace period', async () => {
    const { scheduler, log, note } = world()
    const SLOW: EventHandler<undefined, void> = {
      name: 'slow',
      enter() {},
      withdraw(waiter) {
        note('withdrawing')
        scheduler.timers.add(scheduler.now() + 20, (w: Waiter) => w.withdrawn(), waiter)
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

describe('a handler', () => {
  it('that answers twice is told so by an error that names the task', async () => {
    let answer = (_value: number): void => {}
    const twice = event<number>(
      {
        name: 'twice',
        enter(waiter: Waiter<number>) {
          answer = (value) => waiter.resume(value)
        },
      },
      undefined,
    )
    const { scheduler } = world()

    const value = await scheduler.run(function* main() {
      yield* spawn(function* () {
        answer(1)
        expect(() => answer(2)).toThrow(
          'main#1 is ready: it was resumed twice, or after its wait was withdrawn',
        )
      })
      return yield* twice
    })

    expect(value).toBe(1)
  })

  it.each([
    ['resume', (waiter: Waiter<void>) => waiter.resume()],
    ['throw', (waiter: Waiter<void>) => waiter.throw(failure())],
    ['withdrawn', (waiter: Waiter<void>) => waiter.withdrawn()],
  ])('that answers by %s a task that has ended is told so', async (_name, answer) => {
    const told = await virtually(function* () {
      let waiter: Waiter<void> | undefined
      const keeping = event<void>(
        {
          name: 'keeping',
          enter(entered: Waiter<void>) {
            waiter = entered
            entered.resume()
          },
        },
        undefined,
      )
      yield join(
        yield* spawn(function* early() {
          yield keeping
        }),
      )
      try {
        answer(waiter as Waiter<void>)
      } catch (error) {
        return String(error)
      }
      return 'nothing'
    })

    expect(told).toBe('Error: early#2 is ended: it was resumed twice, or after its wait was withdrawn')
  })

  it('that throws after it has answered makes the run fail with its error, and end', async () => {
    const error = failure()
    const { log, note } = world()

    const caught = await rejection(
      virtually(function* () {
        yield spawn(function* () {
          try {
            yield sleep(1000)
          } finally {
            note('other')
          }
        })
        yield pause()
        yield event(
          {
            ...ANSWER,
            enter(waiter: Waiter<number>) {
              waiter.resume(1)
              throw error
            },
          },
          0,
        )
      }),
    )

    expect(caught).toBe(error)
    expect(log).toHaveLength(1)
  })

  it('whose withdraw throws makes that the error at the yield of the killed task', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        yield event(
          {
            name: 'stubborn',
            enter() {},
            withdraw() {
              throw error
            },
          },
          0,
        )
      })
      yield pause()
      try {
        yield kill(task)
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('whose describe throws does not keep an error from the run', async () => {
    const error = failure()
    const UGLY: EventHandler<number, void, number> = {
      ...ANSWER,
      describe() {
        throw new Error('of describe')
      },
    }

    const caught = await rejection(
      virtually(function* () {
        yield event<number>(UGLY, 1)
        throw error
      }),
    )

    expect(caught).toBe(error)
  }, 1000)

  it('may answer a withdrawal later, and is waited for', async () => {
    const { scheduler, log, note } = world()
    const SLOW: EventHandler<number, void> = {
      name: 'slow',
      enter() {},
      withdraw(waiter, ms) {
        waiter.scheduler.timers.add(waiter.scheduler.now() + ms, (w: Waiter) => w.withdrawn(), waiter)
        return 'later'
      },
    }

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield event(SLOW, 10)
        } finally {
          note('victim')
        }
      })
      yield pause()
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['10: victim', '10: killer'])
  })
})
