// Promise 11: time is monotonic and injected; no sleep ends early; ties are first in, first out.
import {
  all,
  type Coroutine,
  kill,
  pause,
  race,
  run,
  Scheduler,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import type { Host } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { virtually, world } from '../world.js'

/** A host whose clock and timers the test controls. */
class Clock implements Host {
  time = 0
  readonly timers = new Map<number, { deadline: number; callback: () => void }>()
  readonly requested: number[] = []
  #lastTimer = 0
  readonly #callbacks: (() => void)[] = []

  now(): number {
    return this.time
  }

  soon(callback: () => void): void {
    this.#callbacks.push(callback)
  }

  at(deadline: number, callback: () => void): unknown {
    this.requested.push(deadline)
    this.timers.set(++this.#lastTimer, { deadline, callback })
    return this.#lastTimer
  }

  cancel(timer: unknown): void {
    this.timers.delete(timer as number)
  }

  report(error: unknown): void {
    throw error
  }

  /** Makes the calls that are due soon, and those that follow from them. */
  settle(): void {
    for (let call = this.#callbacks.shift(); call !== undefined; call = this.#callbacks.shift()) call()
  }

  /** Sets the clock and fires every timer, even one that is not due. */
  fireAt(time: number): void {
    this.time = time
    const due = [...this.timers.values()]
    this.timers.clear()
    for (const { callback } of due) callback()
    this.settle()
  }
}

/** Starts a run and steps until all of its tasks wait. */
function started(main: () => Coroutine): { clock: Clock; outcome: Promise<unknown> } {
  const clock = new Clock()
  const outcome = new Scheduler({ host: clock }).run(main)
  clock.settle()
  return { clock, outcome }
}

const woke: string[] = []

function* sleeper(ms: number) {
  yield* sleep(ms)
  woke.push(`${ms}`)
}

afterEach(() => {
  woke.length = 0
  vi.restoreAllMocks()
})

describe('time', () => {
  it('does not wake a task early although the host calls early', () => {
    const { clock } = started(() => sleeper(10))

    clock.fireAt(9.999)
    const early = [...woke]
    clock.fireAt(10)

    expect([early, woke]).toEqual([[], ['10']])
  })

  it('is requested from the host again when the first call was early', () => {
    const { clock } = started(() => sleeper(10))

    clock.fireAt(9.5)

    expect(clock.requested).toEqual([10, 10])
  })

  it('does not wake two tasks with different deadlines together when the host calls early for the second', () => {
    const { clock } = started(function* () {
      yield* spawn(sleeper, 10)
      yield* spawn(sleeper, 11)
    })

    clock.fireAt(10.5)

    expect(woke).toEqual(['10'])
  })

  it('is requested from the host again only for an earlier deadline', () => {
    const { clock } = started(function* () {
      yield* spawn(sleeper, 30)
      yield* pause()
      yield* sleep(0)
      yield* spawn(sleeper, 20)
      yield* spawn(sleeper, 40)
    })

    clock.fireAt(0)
    clock.fireAt(20)

    expect(clock.requested.filter((deadline) => deadline > 0)).toEqual([20, 30])
    expect(clock.timers.size).toBe(1)
  })

  it('leaves no timer at the host when the run ends', async () => {
    const { clock, outcome } = started(function* () {
      yield* race([sleep(1000), sleep(10)])
    })

    clock.fireAt(10)
    await outcome

    expect(clock.timers.size).toBe(0)
  })

  it('counts from the yield, whatever the clock of the host started with', () => {
    const clock = new Clock()
    clock.time = 1e15
    void new Scheduler({ host: clock }).run(() => sleeper(10))
    clock.settle()

    expect(clock.requested).toEqual([1e15 + 10])
  })

  it('keeps fractions of a millisecond', async () => {
    const { scheduler, host } = world()

    await scheduler.run(() => sleeper(0.25))

    expect(host.now()).toBe(0.25)
  })

  it('is read only from the host', async () => {
    const forbidden = () => {
      throw new Error('read behind the back of the host')
    }
    vi.spyOn(Date, 'now').mockImplementation(forbidden)
    vi.spyOn(performance, 'now').mockImplementation(forbidden)
    vi.spyOn(Math, 'random').mockImplementation(forbidden)
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(forbidden as never)
    const clock = new Clock()

    const outcome = new Scheduler({ host: clock }).run(function* () {
      const task = yield* spawn(sleeper, 100)
      yield* race([sleep(10), timeout(20, sleep(30))])
      yield* kill(task)
      return 'ended'
    })
    clock.settle()
    clock.fireAt(10)
    vi.restoreAllMocks()

    expect(await outcome).toBe('ended')
  })

  it('passes for each of 1,000 random sleeps as for a sorted list', async () => {
    const { scheduler, host } = world()
    const random = fc.sample(fc.tuple(fc.nat(50), fc.double({ min: 0, max: 1000, noNaN: true })), {
      numRuns: 1000,
      seed: 4915,
    })
    const log: string[] = []
    const expected = random
      .map(([begins, ms], i) => ({ i, begins, at: begins + ms }))
      // A sleep that began earlier comes first; sleeps that began together come in spawn order.
      .sort((a, b) => a.at - b.at || a.begins - b.begins || a.i - b.i)
      .map(({ i, at }) => `${i} at ${at}`)

    await scheduler.run(function* () {
      for (const [i, [begins, ms]] of random.entries()) {
        yield* spawn(function* () {
          if (begins > 0) yield* sleep(begins)
          yield* sleep(ms)
          log.push(`${i} at ${host.now()}`)
        })
      }
    })

    expect(log).toEqual(expected)
  })

  it('passes as for that list when some of the sleeps are killed', async () => {
    const plan = fc.array(fc.record({ ms: fc.nat(20), killedAt: fc.option(fc.nat(20)) }), { maxLength: 30 })

    await fc.assert(
      fc.asyncProperty(plan, async (sleeps) => {
        const { scheduler, host } = world()
        const log: number[] = []
        await scheduler.run(function* () {
          for (const [i, { ms, killedAt }] of sleeps.entries()) {
            const task = yield* spawn(function* () {
              yield* sleep(ms)
              log.push(i)
            })
            if (killedAt === null || killedAt === ms) continue
            yield* spawn(function* () {
              yield* sleep(killedAt)
              yield* kill(task)
            })
          }
        })

        const survivors = [...sleeps.entries()]
          .filter(([, { ms, killedAt }]) => killedAt === null || killedAt >= ms)
          .sort(([a, { ms }], [b, { ms: other }]) => ms - other || a - b)
        expect(log).toEqual(survivors.map(([i]) => i))
        expect(host.now()).toBe(Math.max(0, ...sleeps.map(({ ms, killedAt }) => killedAt ?? ms)))
      }),
    )
  })

  it('of a timeout that is as long as what it limits goes to the one that began first: the limit', async () => {
    const outcome = await virtually(function* () {
      try {
        yield* timeout(10, sleep(10))
        return 'done'
      } catch {
        return 'time is up'
      }
    })

    expect(outcome).toBe('time is up')
  })

  it('passes once for all tasks that sleep together', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      yield* all([sleep(10), sleep(20), sleep(30)])
    })

    expect(host.now()).toBe(30)
  })

  it('does not pass while a task is ready', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield* spawn(function* () {
        yield* sleep(0.001)
        note('slept')
      })
      for (let i = 0; i < 3000; i++) yield* pause()
      note('paused')
    })

    expect(log).toEqual(['0: paused', '0.001: slept'])
  })

  it('passes in two concurrent runs by the clock of each', async () => {
    const [a, b] = [new VirtualHost(), new VirtualHost()]

    await Promise.all([run(() => sleeper(10), { host: a }), run(() => sleeper(1000), { host: b })])

    expect([a.now(), b.now()]).toEqual([10, 1000])
  })
})

describe('the real clock', () => {
  it('wakes no task early', async () => {
    const early: number[] = []

    await run(function* () {
      for (let ms = 0; ms < 5; ms += 0.1) {
        yield* spawn(function* () {
          const began = performance.now()
          yield* sleep(ms)
          const slept = performance.now() - began
          if (slept < ms) early.push(slept - ms)
        })
      }
    })

    expect(early).toEqual([])
  })
})
