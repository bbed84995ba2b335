import { all, Cancelled, type Coroutine, group, pause, run, Scheduler, sleep } from '@bluelet/scheduler'
import { type Schedule, seeded, VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { takeNext } from '../../../packages/scheduler/src/host/schedule.js'
import { RingQueue } from '../../../packages/scheduler/src/stores/ring-queue.js'
import { rejection } from '../world.js'

/** Makes the given choices, then always 0, and records the number of options each time. */
class Scripted implements Schedule {
  readonly options: number[] = []
  readonly #choices: readonly number[]

  constructor(...choices: number[]) {
    this.#choices = choices
  }

  choose(n: number): number {
    this.options.push(n)
    return this.#choices[this.options.length - 1] ?? 0
  }
}

/** The order in which three tasks take two steps each. */
async function orderUnder(schedule?: Schedule): Promise<string> {
  let order = ''
  function* stepper(name: string): Coroutine<void> {
    order += name
    yield* pause()
    order += name
  }
  const scheduler = new Scheduler({ host: new VirtualHost(schedule === undefined ? {} : { schedule }) })
  for (const name of 'abc') scheduler.spawn(stepper, name)
  // The root ends in its first step; it is the fourth task to be ready.
  await scheduler.run(function* () {})
  return order
}

function draws(schedule: Schedule, n: number, count: number): number[] {
  return Array.from({ length: count }, () => schedule.choose(n))
}

describe('seeded', () => {
  it('makes the same choices for the same seed', () => {
    const [one, other] = [seeded(7), seeded(7)]

    expect(draws(one, 100, 1000)).toEqual(draws(other, 100, 1000))
  })

  it('makes the choices of Mulberry32, so that a recorded seed stays valid', () => {
    expect(draws(seeded(1), 1000, 3)).toEqual([627, 2, 527])
  })

  it.each([
    [1, 2],
    [0, -1],
    [0, 2 ** 31],
    [1, 2 ** 32 + 1],
    [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  ])('makes different choices for the seeds %i and %i', (one, other) => {
    expect(draws(seeded(one), 100, 20)).not.toEqual(draws(seeded(other), 100, 20))
  })

  it.each([2, 3, 7, 10])('makes each of %i choices equally often', (n) => {
    const counts = new Array<number>(n).fill(0)

    for (const choice of draws(seeded(1), n, 10_000 * n)) counts[choice]!++

    // Four standard deviations of a count of 10,000.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })

  it('makes every pair of choices equally often', () => {
    const schedule = seeded(1)
    const counts = new Array<number>(9).fill(0)

    for (let i = 0; i < 90_000; i++) counts[schedule.choose(3) * 3 + schedule.choose(3)]!++

    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400)
  })

  it('makes first choices that are evenly distributed over consecutive seeds', () => {
    let ones = 0

    for (let seed = 1; seed <= 10_000; seed++) ones += seeded(seed).choose(2)

    expect(Math.abs(ones - 5000)).toBeLessThan(200)
  })

  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', undefined, null])(
    'rejects the seed %s',
    (seed) => {
      expect(() => seeded(seed as number)).toThrow(RangeError)
      expect(() => seeded(seed as number)).toThrow('seeded(seed): expected an integer, got')
    },
  )
})

describe('a run', () => {
  it('is first in, first out without a schedule', async () => {
    expect(await orderUnder()).toBe('abcabc')
  })

  it('is first in, first out under a schedule that always chooses 0', async () => {
    expect(await orderUnder(new Scripted())).toBe('abcabc')
  })

  it('steps the task that the schedule chooses', async () => {
    // Of a, b, c and the root: c; then of a, b, the root and c: b.
    expect(await orderUnder(new Scripted(2, 1))).toBe('cbacba')
  })

  it('passes the number of ready tasks to the schedule, unless there is only one', async () => {
    const schedule = new Scripted()

    await orderUnder(schedule)

    expect(schedule.options).toEqual([4, 4, 4, 4, 3, 2])
  })

  it('consults the schedule at each step by hand, too', () => {
    const host = new VirtualHost({ manual: true, schedule: new Scripted(1) })
    const scheduler = new Scheduler({ host })
    const order: string[] = []
    for (const name of 'ab') {
      scheduler.spawn(function* () {
        order.push(name)
      })
    }

    while (scheduler.step()) {}

    expect(order).toEqual(['b', 'a'])
  })

  it('takes different orders under different seeds, and the same order under the same seed', async () => {
    const orders: string[] = []
    for (let seed = 1; seed <= 20; seed++) orders.push(await orderUnder(seeded(seed)))

    const again: string[] = []
    for (let seed = 1; seed <= 20; seed++) again.push(await orderUnder(seeded(seed)))

    expect(again).toEqual(orders)
    expect(new Set(orders).size).toBeGreaterThan(10)
  })
})

describe('calls that are due at the same time', () => {
  /** The order in which calls are made that are due at 5, and one that is due later. */
  function callOrder(schedule?: Schedule): string {
    const host = new VirtualHost({ manual: true, ...(schedule === undefined ? {} : { schedule }) })
    let order = ''
    for (const name of 'abc') host.at(5, () => (order += name))
    host.at(6, () => (order += '!'))
    host.advance(6)
    return order
  }

  it('are made in the order in which they were requested', () => {
    expect(callOrder()).toBe('abc!')
  })

  it('are made in the order that the schedule chooses', () => {
    const schedule = new Scripted(2, 1)

    expect(callOrder(schedule)).toBe('cba!')
    expect(schedule.options).toEqual([3, 2])
  })

  it('are made in each order under some seed', () => {
    const orders = new Set(Array.from({ length: 100 }, (_, seed) => callOrder(seeded(seed))))

    expect([...orders].sort()).toEqual(['abc!', 'acb!', 'bac!', 'bca!', 'cab!', 'cba!'])
  })

  it.each([2.5, -1, 3, Number.NaN])('are not made in the order of an invalid choice: %d of 3', (choice) => {
    let options = 0

    expect(() => callOrder({ choose: () => (++options === 1 ? choice : 0) })).toThrow(
      new RangeError(`schedule.choose(3): expected an integer of 0 to 2, got ${choice}`),
    )
  })
})

describe('a call that is already due', () => {
  /**
   * The point at which a call that is due at once is made, while a task takes three steps with a
   * poll after each.
   */
  async function order(schedule?: Schedule): Promise<string> {
    const host = new VirtualHost(schedule === undefined ? {} : { schedule })
    let order = ''
    await run(
      function* () {
        host.at(0, () => (order += '!'))
        for (const name of 'abc') {
          order += name
          yield* pause()
        }
        // The root rests, so that the call comes before the root ends.
        yield* sleep(1)
      },
      { host, budget: { steps: 1 } },
    )
    return order
  }

  it('comes once the tasks rest', async () => {
    expect(await order()).toBe('abc!')
  })

  it('comes between two steps if the schedule chooses so', async () => {
    expect(await order(new Scripted(1))).toBe('a!bc')
    expect(await order(new Scripted(0, 1))).toBe('ab!c')
  })

  it('comes at every point under some seed', async () => {
    const orders = new Set<string>()
    for (let seed = 1; seed <= 50; seed++) orders.add(await order(seeded(seed)))

    expect([...orders].sort()).toEqual(['a!bc', 'ab!c', 'abc!'])
  })
})

describe('an invalid choice of a schedule', () => {
  const bad: readonly number[] = [2.5, -1, 3, Number.NaN]

  it.each(bad)('is an error that says so: %d of 3', (choice) => {
    const queue = new RingQueue<string>()
    for (const item of 'abc') queue.push(item)

    expect(() => takeNext(queue, { choose: () => choice })).toThrow(
      new RangeError(`schedule.choose(3): expected an integer of 0 to 2, got ${choice}`),
    )
    expect(queue.size).toBe(3)
  })

  it('is an error of the run, not of the task that was stepped before', async () => {
    let options = 0
    const schedule = { choose: () => (++options === 2 ? Number.NaN : 0) }
    let caught: unknown
    function* main(): Coroutine<void> {
      try {
        yield* group(function* (g) {
          for (let i = 0; i < 3; i++) yield* g.spawn(spinner)
        })
      } catch (error) {
        caught = error
      }
    }
    function* spinner(): Coroutine<void> {
      for (let i = 0; i < 10; i++) yield* pause()
    }

    const error = await rejection(run(main, { host: new VirtualHost({ schedule }) }))

    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).stack).not.toContain('in task')
    expect(caught).toBeInstanceOf(Cancelled)
  })

  it('ends the run although every further choice is invalid, too', async () => {
    // After that many choices it throws, so that this test fails rather than hangs.
    let options = 0
    const schedule = { choose: () => (++options > 100 ? 0 : -1) }
    function* stepper(): Coroutine<void> {
      yield* pause()
    }

    const error = await rejection(
      run(
        function* () {
          yield* all([stepper(), stepper()])
        },
        { host: new VirtualHost({ schedule }) },
      ),
    )

    expect(error).toBeInstanceOf(RangeError)
  })
})
