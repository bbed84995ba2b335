// Promise 2: an event whose answer is already here costs no turn, and yet starves no other task.
import {
  all,
  type Coroutine,
  type Event,
  kill,
  pause,
  race,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { type EventHandler, event, LATER, type Probe } from '@bluelet/scheduler/lowlevel'
import { everySchedule, VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { failure, manualScheduler, rejection, virtually, world } from '../world.js'

/** Answers at once with its argument, as long as there is one; entered, it answers in a turn. */
const HERE: EventHandler<number | null, void, number> = {
  name: 'here',
  attempt: (_waiter, value) => value ?? LATER,
  enter: (waiter) => waiter.resume(-1),
  withdraw() {},
}
const here = (value: number): Event<number> => event(HERE, value)
const notHere = (): Event<number> => event(HERE, null)

const refusing = (error: unknown): Event<never> =>
  event<never>(
    {
      name: 'refusing',
      attempt() {
        throw error
      },
      enter: () => expect.unreachable(),
      withdraw() {},
    },
    undefined,
  )

/** Notes a line at each of its steps, until it is told to stop. */
function* bystander(note: (line: string) => void, isDone: () => boolean): Coroutine<void> {
  while (!isDone()) {
    note('other')
    yield* pause()
  }
}

describe('an event whose answer is already here', () => {
  it('is answered within the step', async () => {
    const { scheduler, log } = world()

    await scheduler.run(function* () {
      yield* spawn(function* () {
        log.push('other')
      })
      log.push(`${yield* here(1)} ${yield here(2)}`)
      log.push(`${yield* notHere()}`)
    })

    expect(log).toEqual(['1 2', 'other', '-1'])
  })

  it('may throw, which is an error at the yield', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      try {
        return yield* refusing(error)
      } catch (caught) {
        return [caught, yield* here(1)]
      }
    })

    expect(caught).toEqual([error, 1])
  })

  it('may throw, which ends a task that does not catch it', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield* refusing(error)
      }),
    )

    expect(caught).toBe(error)
  })

  it('is no short cut past what cannot be yielded', async () => {
    const error = failure()
    const proxy = new Proxy(
      {},
      {
        get() {
          throw error
        },
      },
    )

    const caught = await rejection(
      virtually(function* () {
        yield proxy as never
      }),
    )

    expect(caught).toBe(error)
  })

  it('may throw anything, even LATER', async () => {
    const caught = await rejection(
      virtually(function* () {
        yield* refusing(LATER)
      }),
    )

    expect(caught).toBe(LATER)
  })

  it('starves no other task: after 64 answers in a row they have their turn', async () => {
    const { scheduler, log } = world()
    let done = false

    await scheduler.run(function* () {
      yield* spawn(
        bystander,
        (line) => void log.push(line),
        () => done,
      )
      for (let i = 0; i < 200; i++) log.push(`${yield* here(i)}`)
      done = true
    })

    const runs = log
      .join(' ')
      .split('other')
      .map((run) => run.trim().split(' ').length)
    expect(Math.max(...runs)).toBeLessThanOrEqual(65)
    expect(log.filter((line) => line !== 'other')).toHaveLength(200)
  })

  it('counts in the budget of the turn', async () => {
    const host = new VirtualHost()
    const { scheduler, log } = world({ host, budget: { steps: 8 } })

    await scheduler.run(function* () {
      host.soon(() => log.push('host'))
      for (let i = 0; i < 20; i++) log.push(`${yield* here(i)}`)
    })

    expect(log.indexOf('host')).toBeGreaterThan(0)
    expect(log.indexOf('host')).toBeLessThanOrEqual(8)
  })

  it('keeps a task no longer than the time of a turn', async () => {
    const host = new VirtualHost()
    const { scheduler, log } = world({ host, budget: { time: 5 } })
    let now = 0
    host.now = () => now

    await scheduler.run(function* () {
      host.soon(() => log.push('host'))
      for (let i = 0; i < 20; i++) {
        now += 1
        log.push(`${yield* here(i)}`)
      }
    })

    expect(log.indexOf('host')).toBeLessThan(12)
  })

  it('is entered by a task that is being cancelled', async () => {
    const { scheduler, log } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield* sleep(1000)
        } finally {
          log.push(`${yield* here(1)}`)
        }
      })
      yield* pause()
      yield* kill(task)
    })

    expect(log).toEqual(['-1'])
  })

  it('comes before the end of a task that is killed in its own step', async () => {
    const { scheduler, log } = world()

    await scheduler.run(function* () {
      const task: Task = yield* spawn(function* () {
        yield* pause()
        log.push(`${yield* here(1)}`)
        internals(scheduler).cancel(task, 0)
        log.push(`${yield* here(2)}`)
      })
      yield* pause()
    })

    expect(log).toEqual(['1'])
  })

  it('is only entered as a branch of race and all', async () => {
    const value = await virtually(function* () {
      return [yield* race([here(1), pause()]), yield* all([here(2)])]
    })

    expect(value).toEqual([-1, [-1]])
  })

  it('needs no timer within a timeout', async () => {
    const { scheduler } = world()

    const value = await scheduler.run(function* () {
      const timers = internals(scheduler).timers
      const before = timers.size
      const value = yield* timeout(10, timeout(5, here(1)))
      return [value, timers.size - before]
    })

    expect(value).toEqual([1, 0])
  })

  it('that has not come yet is awaited within a timeout', async () => {
    const value = await virtually(function* () {
      return yield* timeout(10, notHere())
    })

    expect(value).toBe(-1)
  })

  it('takes one step at a time when the scheduler is driven by hand', () => {
    const scheduler = manualScheduler()
    const log: number[] = []
    scheduler.spawn(function* () {
      for (let i = 0; i < 3; i++) log.push(yield* here(i))
    })

    scheduler.step()
    scheduler.step()

    expect(log).toEqual([0])
  })

  it('takes one step at a time under a schedule', async () => {
    const orders = new Set<string>()

    await everySchedule(function* () {
      let order = ''
      function* member(name: string): Coroutine<void> {
        for (let i = 0; i < 2; i++) {
          const value = yield* here(i)
          order += `${name}${value}`
        }
      }
      const tasks = [yield* spawn(member, 'a'), yield* spawn(member, 'b')]
      for (const task of tasks) yield task
      orders.add(order)
    })

    expect([...orders].sort()).toEqual([
      'a0a1b0b1',
      'a0b0a1b1',
      'a0b0b1a1',
      'b0a0a1b1',
      'b0a0b1a1',
      'b0b1a0a1',
    ])
  })

  it('is reported to probes as a yield and a resume with that cause', async () => {
    const { scheduler } = world()
    const reported: unknown[][] = []
    const probe: Probe = {
      yield: (task, yielded) => void reported.push(['yield', `${task}`, typeof yielded]),
      resume: (task, ...values) => void reported.push(['resume', `${task}`, ...values]),
      park: () => void reported.push(['park']),
      wake: () => void reported.push(['wake']),
    }
    scheduler.attach(probe)

    await scheduler.run(function* main() {
      yield* here(7)
      try {
        yield* refusing('no')
      } catch {}
    })

    const cause = { kind: 'at once' }
    expect(reported).toEqual([
      ['resume', 'main#1', 'value', undefined, undefined],
      ['yield', 'main#1', 'object'],
      ['resume', 'main#1', 'value', 7, cause],
      ['yield', 'main#1', 'object'],
      ['resume', 'main#1', 'error', 'no', cause],
    ])
  })
})
