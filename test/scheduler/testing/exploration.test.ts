import {
  all,
  Channel,
  type Coroutine,
  callback,
  DeadlockError,
  Latch,
  pause,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import {
  everySchedule,
  randomSchedules,
  replaySchedule,
  type Schedule,
  ScheduleError,
  VirtualHost,
} from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { interleavings } from '../../harness/interleavings.js'
import { record } from '../../support/figures.js'
import { failure, rejection } from '../world.js'

/** A counter that two tasks read, and write a step later: the second may write what the first has made obsolete. */
function* lostUpdate(): Coroutine<void> {
  let count = 0
  function* increment(): Coroutine<void> {
    // One that has all its steps after the other loses nothing.
    yield* pause()
    const seen = count
    yield* pause()
    count = seen + 1
  }
  yield* all([increment(), increment()])
  if (count !== 2) throw new Error(`expected a count of 2, got ${count}`)
}

/** Fails if the second task takes its first step first: only under an unusual schedule. */
function* overtaken(): Coroutine<void> {
  let done = false
  function* writer(): Coroutine<void> {
    done = true
    yield* pause()
  }
  function* reader(): Coroutine<void> {
    if (!done) throw new Error('nothing is there yet')
    yield* pause()
  }
  yield* all([writer(), reader()])
}

async function errorOf(promise: Promise<unknown>): Promise<ScheduleError> {
  const error = await rejection(promise)
  if (!(error instanceof ScheduleError)) throw error
  return error
}

describe('everySchedule', () => {
  const TITLE = 'runs %i tasks of %i steps in each of their orders once'

  async function runsEach(tasks: number, steps: number, expected: number): Promise<void> {
    const { tried, orders, failed } = await interleavings(tasks, steps)

    expect(tried).toBe(expected)
    expect(orders.size).toBe(expected)
    expect(failed).toBe(0)
    // The others are there to be looked at, should one of these fail.
    if (expected < 10_000) return
    record({
      what: `interleavings of ${tasks} tasks of ${steps} steps`,
      tried,
      failed,
      detail: 'each order once, none missing; every task takes its steps in order',
    })
  }

  it.each([
    [1, 5, 1],
    [2, 1, 2],
    [2, 3, 20],
    [3, 2, 90],
  ])(TITLE, runsEach)

  it.each([
    [4, 2, 2520],
    [2, 8, 12_870],
    [3, 4, 34_650],
  ])(TITLE, { tags: 'large' }, runsEach)

  it('runs a program without a choice once', async () => {
    const tried = await everySchedule(function* () {
      yield* sleep(10)
    })

    expect(tried).toBe(1)
  })

  it('tries timers that are due at the same time in each order', async () => {
    const orders: string[] = []

    const tried = await everySchedule(function* (world) {
      let order = ''
      yield* callback<void>((resume) => {
        for (const name of 'abc') world.at(5, () => (order += name))
        world.at(6, resume)
      })
      orders.push(order)
    })

    expect(tried).toBe(6)
    expect(orders.sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])
  })

  it('makes the world anew for each run', async () => {
    const worlds = new Set<unknown>()

    await everySchedule(function* (world) {
      worlds.add(world)
      expect(world.now()).toBe(0)
      yield* all([pause(), sleep(1)])
      yield* all([lastly(), lastly()])
    })

    expect(worlds.size).toBe(2)
  })

  it.each([
    ['between any two steps, in a world that simulates where it comes from', ['socket'], [1, 2, 3]],
    ['between turns, in any other', [], [3]],
  ])('lets what is due arrive %s', async (_name, simulates, expected) => {
    const arrivals = new Set<number>()

    await everySchedule(
      function* (host) {
        let steps = 0
        host.at(host.now(), () => arrivals.add(steps))
        while (++steps < 3) yield pause()
        yield sleep(1)
      },
      { world: (schedule) => new VirtualHost({ schedule, simulates }) },
    )

    expect([...arrivals].sort()).toEqual(expected)
  })

  it('finds the update that is lost', async () => {
    const error = await errorOf(everySchedule(lostUpdate))

    expect(error.message).toContain('expected a count of 2, got 1')
    expect(error.cause).toEqual(new Error('expected a count of 2, got 1'))
    expect(error.name).toBe('ScheduleError')
  })

  it('says under which schedule, and shows the steps that were taken there', async () => {
    const error = await errorOf(everySchedule(overtaken))

    expect(error.schedule).toBe('1')
    expect(error.message.replaceAll(/ +program \(.*\)| +overtaken \(.*\)/g, '').split('\n')).toEqual([
      'nothing is there yet',
      "  found by run 4; it fails under the schedule '1': replaySchedule(program, '1')",
      '  overtaken#1  all(2 yieldables)',
      '  all#3        throws Error: nothing is there yet',
      '  all#2        is killed',
      '  overtaken#1  throws Error: nothing is there yet',
    ])
  })

  it('says where each step has yielded', async () => {
    const { message } = await errorOf(everySchedule(lostUpdate))

    expect(message).toMatch(/all#2 +pause\(\) +increment \(.*exploration\.test\.ts:\d+:\d+\)\n/)
  })

  it('says so of a schedule that is first in, first out', async () => {
    const error = await errorOf(
      everySchedule(function* () {
        throw failure()
      }),
    )

    expect(error.schedule).toBe('')
    expect(error.message.split('\n')).toEqual([
      'failure',
      "  found by run 1; it fails under the schedule '', that is first in, first out",
      '  program#1  throws Error: failure',
    ])
  })

  it.each([
    ['a string', 'text', '"text"'],
    ['nothing', undefined, 'undefined'],
    ['an object without a prototype', Object.create(null), 'an object'],
  ])('shows a program that throws %s', async (_name, thrown, shown) => {
    const error = await errorOf(
      everySchedule(function* () {
        throw thrown
      }),
    )

    expect(error.message.split('\n')[0]).toBe(shown)
    expect(error.message.split('\n')).toHaveLength(3)
    expect(error.cause).toBe(thrown)
  })

  it('takes a deadlock for a failure', async () => {
    const error = await errorOf(
      everySchedule(function* () {
        yield* new Latch().wait()
      }),
    )

    expect(error.cause).toBeInstanceOf(DeadlockError)
  })

  it('takes for a failure what a world has reported', async () => {
    const reported = failure('reported')

    const error = await errorOf(
      everySchedule(function* (world) {
        world.report(reported)
      }),
    )

    expect(error.cause).toBe(reported)
  })

  it('takes a world without reports', async () => {
    const world = (schedule: Schedule) => {
      const host = new VirtualHost({ schedule })
      return {
        schedule,
        now: () => host.now(),
        soon: (callback: () => void) => host.soon(callback),
        at: (deadline: number, callback: () => void) => host.at(deadline, callback),
        cancel: (timer: unknown) => host.cancel(timer),
        report: (error: unknown) => host.report(error),
      }
    }

    const tried = await everySchedule(
      function* () {
        yield* all([lastly(), lastly()])
      },
      { world },
    )

    expect(tried).toBe(2)
  })

  it('ends at the limit, and says what to do', async () => {
    let runs = 0

    const error = await rejection(
      everySchedule(
        function* () {
          runs++
          yield* all([lastly(), lastly(), lastly()])
        },
        { limit: 5 },
      ),
    )

    expect((error as Error).message).toBe(
      'everySchedule: there are more than 5 schedules: make the program smaller, raise `limit`, or use randomSchedules',
    )
    expect(runs).toBe(5)
  })

  it('takes as many schedules as the limit', async () => {
    const tried = await everySchedule(
      function* () {
        yield* all([lastly(), lastly(), lastly()])
      },
      { limit: 6 },
    )

    expect(tried).toBe(6)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '7'])('refuses a limit of %s', async (limit) => {
    const error = await rejection(everySchedule(lostUpdate, { limit: limit as number }))

    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).message).toContain('limit: expected a positive integer, got')
  })

  it('sees that a program takes other steps than before, by something outside of its world', async () => {
    let runs = 0

    const error = await rejection(
      everySchedule(function* () {
        runs++
        const tasks = Array.from({ length: runs === 2 ? 1 : 3 }, lastly)
        yield* all(tasks)
      }),
    )

    expect((error as Error).message).toContain('the program depends on something else than its world')
  })

  it('does not say of a program that fails by something outside that it fails under a schedule', async () => {
    let runs = 0

    const error = await rejection(
      everySchedule(function* () {
        yield* all([lastly(), lastly()])
        if (++runs === 2) throw failure()
      }),
    )

    expect((error as Error).message).toContain('the program depends on something else than its world')
  })
})

describe('the schedule that a ScheduleError names', () => {
  it('is as short as it can be', async () => {
    /** Fails if the reader, which is second, takes its second step before the writer does. */
    function* program(): Coroutine<void> {
      let done = false
      function* writer(): Coroutine<void> {
        yield* pause()
        done = true
      }
      function* reader(): Coroutine<void> {
        yield* pause()
        if (!done) throw failure()
      }
      yield* all([writer(), reader()])
    }

    // With the reader's first step before the writer's it is ahead for good: one unusual choice is enough.
    expect((await errorOf(everySchedule(program))).schedule).toBe('1')
    expect((await errorOf(randomSchedules(program))).schedule).toBe('1')
  })

  it.each([1, 2, 3, 4, 5])('is as short however long the one was that was found: seed %i', async (seed) => {
    /** Fails when the last of ten tasks takes its first step first. */
    function* program(): Coroutine<void> {
      const order: number[] = []
      function* numbered(n: number): Coroutine<void> {
        for (let i = 0; i < 5; i++) {
          order.push(n)
          yield* pause()
        }
      }
      yield* all(Array.from({ length: 10 }, (_, n) => numbered(n)))
      if (order[0] === 9) throw failure('the last was first')
    }

    const error = await errorOf(randomSchedules(program, { seed: seed * 1000 }))

    expect(error.schedule).toBe('9')
  })

  it('repeats the same run exactly', async () => {
    const { schedule } = await errorOf(randomSchedules(lostUpdate))
    const orders: string[][] = []
    function* traced(world: VirtualHost): Coroutine<void> {
      const order: string[] = []
      orders.push(order)
      function* step(name: string): Coroutine<void> {
        for (let i = 0; i < 4; i++) {
          order.push(`${name}${i} at ${world.now()}`)
          yield* i % 2 === 0 ? sleep(1) : pause()
        }
      }
      yield* all([step('a'), step('b'), step('c')])
    }

    await replaySchedule(traced, schedule)
    await replaySchedule(traced, schedule)
    await replaySchedule(traced, '2.1.1.2')
    await replaySchedule(traced, '2.1.1.2')

    expect(orders[1]).toEqual(orders[0])
    expect(orders[3]).toEqual(orders[2])
    expect(orders[2]).not.toEqual(orders[0])
  })
})

describe('replaySchedule', () => {
  it('throws what the program throws', async () => {
    const { schedule } = await errorOf(everySchedule(overtaken))

    const error = await rejection(replaySchedule(overtaken, schedule))

    expect(error).toEqual(new Error('nothing is there yet'))
  })

  it('runs a program that passes under that schedule', async () => {
    await replaySchedule(overtaken, '')
  })

  it('is first in, first out beyond the end of the schedule', async () => {
    const orders: string[] = []
    function* program(): Coroutine<void> {
      let order = ''
      function* named(name: string): Coroutine<void> {
        order += name
      }
      yield* all([named('a'), named('b'), named('c'), named('d')])
      orders.push(order)
    }

    for (const schedule of ['', '3', '0.2', '3.2.1']) await replaySchedule(program, schedule)

    expect(orders).toEqual(['abcd', 'dabc', 'adbc', 'dcba'])
  })

  it('makes its world as it is told', async () => {
    const host = new VirtualHost()
    host.advance(100)
    let began = 0

    await replaySchedule(
      function* (world) {
        began = world.now()
      },
      '',
      { world: () => host },
    )

    expect(began).toBe(100)
  })

  it('refuses what is no schedule', async () => {
    const error = await rejection(replaySchedule(overtaken, '1,2'))

    expect(error).toEqual(new TypeError('replaySchedule: expected a schedule such as \'0.2.1\', got "1,2"'))
  })
})

describe('randomSchedules', () => {
  /** The orders in which it runs a program. */
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

  it('takes the same schedules each time', async () => {
    expect(await ordersOf({ runs: 50 })).toEqual(await ordersOf({ runs: 50 }))
  })

  it('goes on from the seed that it is given', async () => {
    const orders = await ordersOf({ seed: 1, runs: 30 })

    expect(await ordersOf({ seed: 11, runs: 20 })).toEqual(orders.slice(10))
  })

  it('gives the number of runs', async () => {
    expect(await randomSchedules(lastly, { runs: 7 })).toBe(7)
  })

  it('names the seed under which it has failed, from which it fails again at once', async () => {
    const rare = (): Coroutine<void> => rarely(5)

    const error = await errorOf(randomSchedules(rare))

    const seed = Number(/found by seed (\d+);/.exec(error.message)?.[1])
    expect(seed).toBeGreaterThan(1)
    expect((await errorOf(randomSchedules(rare, { seed, runs: 1 }))).schedule).toBe(error.schedule)
    expect(await randomSchedules(rare, { seed: 1, runs: seed - 1 })).toBe(seed - 1)
  })

  it('refuses a seed after which there are too few', async () => {
    const error = await rejection(randomSchedules(lastly, { seed: Number.MAX_SAFE_INTEGER, runs: 1 }))

    expect(error).toBeInstanceOf(RangeError)
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses %d runs', async (runs) => {
    const error = await rejection(randomSchedules(lostUpdate, { runs }))

    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).message).toBe(`runs: expected a positive integer, got ${runs}`)
  })

  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, '1'])('refuses the seed %s', async (seed) => {
    const error = await rejection(randomSchedules(lastly, { seed: seed as number }))

    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).message).toContain('expected an integer, got')
  })
})

/** Takes one step. */
function* lastly(): Coroutine<void> {}

/** Fails when the last of some tasks steps first. */
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
