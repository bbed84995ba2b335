// The fake timers of test runners: a run takes the clock and the timers that are there when it
// begins, and keeps them.
import { mock } from 'node:test'
import { race, run, Scheduler, sleep, spawn, TimeoutError, timeout } from '@bluelet/scheduler'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { install, timers } from '@sinonjs/fake-timers'
import { afterEach, describe, expect, it, vi } from 'vitest'

/** Fake timers, and how a test lets time pass. */
interface FakeTimers {
  install(): void
  uninstall(): void
  pass(ms: number): Promise<void>
}

const MINUTE = 60_000
const realImmediate = setImmediate
const realTimeout = setTimeout

/**
 * Lets a time pass in pieces of a second, with a turn of the real loop after each: what is not
 * faked has its turn.
 */
async function inPieces(ms: number, advance: (ms: number) => unknown): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    await advance(1000)
    await new Promise((resolve) => realImmediate(resolve))
  }
}

function vitest(...toFake: ('setTimeout' | 'clearTimeout' | 'Date')[]): FakeTimers {
  return {
    install: () => vi.useFakeTimers(toFake.length === 0 ? {} : { toFake }),
    uninstall: () => vi.useRealTimers(),
    pass: (ms) => inPieces(ms, (piece) => vi.advanceTimersByTimeAsync(piece)),
  }
}

function nodeTest(...apis: ('setTimeout' | 'Date')[]): FakeTimers {
  return {
    install: () => mock.timers.enable(apis.length === 0 ? undefined : { apis }),
    uninstall: () => mock.timers.reset(),
    pass: (ms) => inPieces(ms, (piece) => mock.timers.tick(piece)),
  }
}

function jest(): FakeTimers {
  let clock: ReturnType<typeof install> | undefined
  return {
    // As jest installs them: everything that can be faked, except for what the test runner needs to
    // report its results.
    install: () => {
      const toFake = (Object.keys(timers) as (keyof typeof timers)[]).filter(
        (name) => name !== 'nextTick' && name !== 'queueMicrotask',
      )
      clock = install({ now: Date.now(), toFake })
    },
    uninstall: () => clock?.uninstall(),
    pass: (ms) => inPieces(ms, (piece) => clock?.tickAsync(piece)),
  }
}

const RUNNERS: Record<string, FakeTimers> = {
  vitest: vitest(),
  'vitest (only timers)': vitest('setTimeout', 'clearTimeout'),
  'vitest (only timers and the date)': vitest('setTimeout', 'clearTimeout', 'Date'),
  jest: jest(),
  'node:test': nodeTest(),
  'node:test (only timers)': nodeTest('setTimeout'),
  'node:test (only timers and the date)': nodeTest('setTimeout', 'Date'),
}

/** What a promise gives within a second of real time. */
function soon<T>(promise: Promise<T>): Promise<T | 'nothing'> {
  return Promise.race([promise, new Promise<'nothing'>((resolve) => realTimeout(resolve, 1000, 'nothing'))])
}

describe.each(Object.entries(RUNNERS))('the fake timers of %s', (_name, fake) => {
  afterEach(() => fake.uninstall())

  it('drive the sleeps of a run that begins under them', async () => {
    const passed: number[] = []
    fake.install()

    const running = run(function* () {
      for (let minute = 1; minute <= 3; minute++) {
        yield sleep(MINUTE)
        passed.push(minute)
      }
      return 'slept'
    })
    await fake.pass(MINUTE - 5000)
    const early = passed.length
    await fake.pass(15_000)
    const first = passed.length
    await fake.pass(2 * MINUTE)

    expect([early, first, await soon(running)]).toEqual([0, 1, 'slept'])
  })

  it('drive timeouts, whose timer is replaced by that of an earlier sleep', async () => {
    fake.install()

    const running = run(function* () {
      yield* spawn(function* () {
        yield* sleep(1000)
      })
      return yield* timeout(MINUTE, sleep(2 * MINUTE))
    }).catch((error: unknown) => error instanceof TimeoutError)
    await fake.pass(MINUTE + 10_000)

    expect(await soon(running)).toBe(true)
  })

  it('leave alone a run that began before', async () => {
    const running = run(function* () {
      yield sleep(5)
      fake.install()
      yield sleep(5)
      return yield* race([sleep(5), sleep(MINUTE)])
    })

    expect(await soon(running)).toBe(undefined)
  })

  it('leave alone a run that begins when they are gone, on a scheduler that has run under them', async () => {
    const scheduler = new Scheduler()
    fake.install()
    const first = scheduler.run(function* () {
      yield sleep(MINUTE)
      return 'fake'
    })
    await fake.pass(MINUTE + 10_000)
    const under = await soon(first)
    fake.uninstall()
    const began = performance.now()

    const second = scheduler.run(function* () {
      yield sleep(20)
      return performance.now() - began >= 20 ? 'real' : 'early'
    })

    expect([under, await soon(second)]).toEqual(['fake', 'real'])
    expect(scheduler.host).toBe(defaultHost)
  })

  it('never let the clock of a run go back, and move it on with the timers', async () => {
    const times: number[] = []
    const scheduler = new Scheduler()
    fake.install()

    const running = scheduler.run(function* () {
      for (let i = 0; i < 4; i++) {
        times.push(scheduler.now())
        yield sleep(MINUTE)
        times.push(scheduler.now())
      }
    })
    await fake.pass(4 * MINUTE + 20_000)
    await soon(running)

    const slept = times.flatMap((time, i) => (i % 2 === 1 ? time - times[i - 1]! : []))
    expect(slept.map((ms) => ms > MINUTE - 0.001 && ms < MINUTE + 5000)).toEqual([true, true, true, true])
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it('do not concern a virtual host', async () => {
    fake.install()

    const running = run(
      function* () {
        yield sleep(MINUTE)
        return 'virtual'
      },
      { host: new VirtualHost() },
    )

    expect(await soon(running)).toBe('virtual')
  })
})

describe('a scheduler with a host of its own', () => {
  afterEach(() => vi.useRealTimers())

  it('keeps that host', async () => {
    const scheduler = new Scheduler({ host: defaultHost })
    vi.useFakeTimers()

    const running = scheduler.run(function* () {
      yield sleep(5)
      return 'slept'
    })

    expect(await soon(running)).toBe('slept')
  })
})

describe('a scheduler whose tasks sleep before its run begins', () => {
  afterEach(() => vi.useRealTimers())

  it('keeps the clock of these sleeps', async () => {
    const scheduler = new Scheduler()
    const task = scheduler.spawn(function* () {
      yield sleep(5)
      return 'slept'
    })
    scheduler.step()
    vi.useFakeTimers()

    expect(
      await soon(
        scheduler.run(function* () {
          return yield* task
        }),
      ),
    ).toBe('slept')
  })
})
