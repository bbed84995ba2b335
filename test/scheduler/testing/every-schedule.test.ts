import { all, callback, DeadlockError, Latch, pause, sleep } from '@bluelet/scheduler'
import { everySchedule, type Schedule, VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { interleavings } from '../../harness/interleavings.js'
import { failure, rejection } from '../world.js'
import { errorOf, lastly, lostUpdate, overtaken } from './programs.js'

describe('everySchedule', () => {
  const TITLE = 'runs %i tasks of %i steps in each of their orders once'

  async function runsEach(tasks: number, steps: number, expected: number): Promise<void> {
    const { tried, orders, failed } = await interleavings(tasks, steps)

    expect(tried).toBe(expected)
    expect(orders.size).toBe(expected)
    expect(failed).toBe(0)
  }

  it.each([
    [1, 5, 1],
    [2, 1, 2],
    [2, 3, 20],
    [3, 2, 90],
    [4, 2, 2520],
  ])(TITLE, runsEach)

  it('runs a program without a choice once', async () => {
    const tried = await everySchedule(function* () {
      yield* sleep(10)
    })

    expect(tried).toBe(1)
  })

  it('tries timers that are due at the same time in every order', async () => {
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

  it('makes a new world for each run', async () => {
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
    ['between any two steps, in a world that simulates its source', ['socket'], [1, 2, 3]],
    ['between turns, in any other world', [], [3]],
  ])('lets a due arrival come %s', async (_name, simulates, expected) => {
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

  it('finds a lost update', async () => {
    const error = await errorOf(everySchedule(lostUpdate))

    expect(error.message).toContain('expected a count of 2, got 1')
    expect(error.cause).toEqual(new Error('expected a count of 2, got 1'))
    expect(error.name).toBe('ScheduleError')
  })

  it('names the schedule, and shows the steps that were taken under it', async () => {
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

  it('shows where each step yielded', async () => {
    const { message } = await errorOf(everySchedule(lostUpdate))

    expect(message).toMatch(/all#2 +pause\(\) +increment \(.*programs\.ts:\d+:\d+\)\n/)
  })

  it('says so when the schedule is first in, first out', async () => {
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

  it('treats a deadlock as a failure', async () => {
    const error = await errorOf(
      everySchedule(function* () {
        yield* new Latch().wait()
      }),
    )

    expect(error.cause).toBeInstanceOf(DeadlockError)
  })

  it('treats a report of the world as a failure', async () => {
    const reported = failure('reported')

    const error = await errorOf(
      everySchedule(function* (world) {
        world.report(reported)
      }),
    )

    expect(error.cause).toBe(reported)
  })

  it('accepts a world without reports', async () => {
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

  it('stops at the limit, and says what to do', async () => {
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

  it('accepts exactly as many schedules as the limit', async () => {
    const tried = await everySchedule(
      function* () {
        yield* all([lastly(), lastly(), lastly()])
      },
      { limit: 6 },
    )

    expect(tried).toBe(6)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '7'])('rejects a limit of %s', async (limit) => {
    const error = await rejection(everySchedule(lostUpdate, { limit: limit as number }))

    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).message).toContain('limit: expected a positive integer, got')
  })

  it('detects that a program takes different steps because of something outside its world', async () => {
    let runs = 0

    const error = await rejection(
      everySchedule(function* () {
        runs++
        const tasks = Array.from({ length: runs === 2 ? 1 : 3 }, lastly)
        yield* all(tasks)
      }),
    )

    expect((error as Error).message).toContain('the program depends on something other than its world')
  })

  it('does not blame a schedule when a program fails because of something outside', async () => {
    let runs = 0

    const error = await rejection(
      everySchedule(function* () {
        yield* all([lastly(), lastly()])
        if (++runs === 2) throw failure()
      }),
    )

    expect((error as Error).message).toContain('the program depends on something other than its world')
  })

  it('says what failed even if the message of the error cannot be read', async () => {
    const unreadable = Object.defineProperty(new Error('hidden'), 'message', {
      get() {
        throw new Error('of the message')
      },
    })

    const error = await rejection(
      everySchedule(function* () {
        yield pause()
        throw unreadable
      }),
    )

    expect((error as Error).message).toMatch(/found by run 1/)
    expect((error as Error).cause).toBe(unreadable)
  })
})
