// The option `sites`: the file and line in which tasks were spawned and events were made.

import { type Coroutine, call, type Event, Latch, pause, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import type { Supervisor } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { idle, waitFor } from '../coroutines.js'
import { manualScheduler, stepAll } from '../world.js'

const SUPERVISOR: Supervisor = { adopt() {}, fail() {}, disown() {} }

function stepWith(scheduler: Scheduler, action: () => void): void {
  scheduler.spawn(function* () {
    action()
  })
  stepAll(scheduler)
}

function inTurn(sites: boolean, action: () => void): Promise<void> {
  return new Scheduler({ host: new VirtualHost(), sites }).run(function* () {
    action()
  })
}

describe('sites', () => {
  /** `deepest (…/call-sites.test.ts:123:45)` without the directory. */
  const HERE = /^(\S+ )?\(?\S*call-sites\.test\.ts:\d+:\d+\)?$/

  function lineOf(site: string | undefined): number {
    return Number(/:(\d+):\d+\)?$/.exec(site ?? '')?.[1])
  }

  /** Returns the line of its caller. */
  function here(): number {
    return lineOf(new Error().stack?.split('\n')[2])
  }

  it('show where a task was spawned, from outside and by a task', () => {
    const scheduler = manualScheduler({ sites: true })
    let spawnLine = 0
    const outsideLine = here() + 1
    scheduler.spawn(function* main() {
      spawnLine = here() + 1
      yield spawn(idle)
      yield* idle()
    })

    stepAll(scheduler)

    const [main, child] = scheduler.snapshot()
    expect(main?.spawnedAt).toMatch(HERE)
    expect(child?.spawnedAt).toMatch(HERE)
    expect([lineOf(main?.spawnedAt), lineOf(child?.spawnedAt)]).toEqual([outsideLine, spawnLine])
  })

  it('show where a run was started', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: true })
    let spawnedAt: string | undefined
    const line = here() + 1
    await scheduler.run(function* () {
      spawnedAt = scheduler.snapshot()[0]?.spawnedAt
    })

    expect([lineOf(spawnedAt), spawnedAt?.match(HERE) !== null]).toEqual([line, true])
  })

  it.each([
    ['yield', false],
    ['yield*', true],
  ])('show where each coroutine on the stack made its %s, outermost first', (_name, delegate) => {
    const scheduler = manualScheduler({ sites: true })
    const lines: number[] = []
    function* inner(): Coroutine<void> {
      if (delegate) {
        lines.push(here() + 1)
        yield* new Latch().wait()
      } else {
        lines.push(here() + 1)
        yield new Latch().wait()
      }
    }
    scheduler.spawn(function* () {
      lines.push(here() + 1)
      yield* call(inner)
    })

    stepAll(scheduler)

    const sites = scheduler.snapshot()[0]?.yieldedAt ?? []
    expect(sites.map(lineOf)).toEqual(lines)
    expect(sites.every((site) => HERE.test(site ?? ''))).toBe(true)
  })

  it('show the names of the functions', () => {
    const scheduler = manualScheduler({ sites: true })
    scheduler.spawn(idle)

    stepAll(scheduler)

    expect(scheduler.snapshot()[0]?.yieldedAt?.[0]).toMatch(/idle/)
  })

  it('show where an event was made that two tasks yield* together', () => {
    const scheduler = manualScheduler({ sites: true })
    function* shares(event: ReturnType<Latch['wait']>): Coroutine<void> {
      yield* event
    }
    scheduler.spawn(function* () {
      const event = new Latch().wait()
      yield spawn(shares, event)
      yield spawn(shares, event)
    })

    stepAll(scheduler)

    expect(scheduler.snapshot().map((task) => task.yieldedAt?.[0] !== undefined)).toEqual([true, true])
  })

  it('are off by default on the real host', () => {
    const scheduler = new Scheduler()
    scheduler.spawn(idle)

    expect(scheduler.snapshot()[0]).not.toHaveProperty('spawnedAt')
    expect(scheduler.snapshot()[0]).not.toHaveProperty('yieldedAt')
  })

  it('are on by default on the testing host', () => {
    const scheduler = new Scheduler({ host: new VirtualHost() })
    scheduler.spawn(idle)

    expect(scheduler.snapshot()[0]?.spawnedAt).toMatch(HERE)
  })

  it('can be switched off on the testing host', () => {
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: false })
    scheduler.spawn(idle)

    expect(scheduler.snapshot()[0]).not.toHaveProperty('spawnedAt')
  })

  it('are captured again after a step in which another scheduler, without sites, was stepped', () => {
    const scheduler = manualScheduler({ sites: true })
    const other = manualScheduler({ sites: false })
    other.spawn(idle)
    scheduler.spawn(function* () {
      other.step()
      yield new Latch().wait()
    })

    stepAll(scheduler)

    expect(scheduler.snapshot()[0]?.yieldedAt?.[0]).toMatch(HERE)
  })

  it('are absent for a task that has not yielded, and for what it spawns by a plain call', () => {
    const host = new VirtualHost({ manual: true })
    const scheduler = new Scheduler({ host })
    scheduler.spawn(function* parent() {
      internals(scheduler).spawnUnder(SUPERVISOR, idle)
      yield new Latch().wait()
    })

    const before = scheduler.snapshot()[0]
    scheduler.step()
    const child = scheduler.snapshot()[1]

    expect(before?.yieldedAt).toEqual([])
    expect(child).not.toHaveProperty('spawnedAt')
    expect(host.reports).toEqual([])
  })

  it.each<[string, (make: () => void) => unknown]>([
    ['in a step that is taken by hand', (make) => stepWith(manualScheduler({ sites: false }), make)],
    ['in a turn', (make) => inTurn(false, make)],
    ['outside, after a turn of a scheduler with sites', (make) => inTurn(true, () => {}).then(make)],
  ])('are not captured where no scheduler needs them: %s', async (_name, within) => {
    const scheduler = manualScheduler({ sites: true })
    let made: Event | undefined

    await within(() => {
      made = new Latch().wait()
    })
    scheduler.spawn(waitFor, made)
    stepAll(scheduler)

    expect(scheduler.snapshot()[0]?.yieldedAt).toEqual([undefined])
  })

  it('appear in the stack of an error that no task joined for', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost(), sites: true })

    const error = await scheduler
      .run(function* main() {
        yield spawn(function* child() {
          yield pause()
          throw new Error('of the child')
        })
        yield sleep(10)
      })
      .catch((error: Error) => error)

    expect((error as Error).stack).toMatch(
      /in task child#2, after its yield of pause\(\) at .*call-sites\.test\.ts:\d+/,
    )
    expect((error as Error).stack).toMatch(
      /spawned by main#1 at .*call-sites\.test\.ts:\d+.*, which waits for sleep\(10\)/,
    )
  })
})
