// Promise 15: every task can be seen, by name and id, with what it waits for and where that stands.
import {
  all,
  Channel,
  type Coroutine,
  call,
  callback,
  type Event,
  group,
  join,
  kill,
  Latch,
  pause,
  race,
  Scheduler,
  Semaphore,
  sleep,
  spawn,
  type TaskSnapshot,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { event, type Supervisor } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'

function byHand(options: { sites?: boolean } = {}): Scheduler {
  return new Scheduler({ host: new VirtualHost({ manual: true }), ...options })
}

function stepAll(scheduler: Scheduler): void {
  while (scheduler.step());
}

/** What the only task of a scheduler does once it waits. */
function waiting(main: () => Coroutine): TaskSnapshot {
  const scheduler = byHand()
  scheduler.spawn(main)
  stepAll(scheduler)
  return scheduler.snapshot()[0]!
}

function* waits(event: unknown): Coroutine<void> {
  yield event as never
}

function* idle(): Coroutine<void> {
  yield new Latch().wait()
}

describe('the id of a task', () => {
  it('counts up from 1 in spawn order, from outside and from inside', () => {
    const scheduler = byHand()
    const ids: number[] = []

    ids.push(scheduler.spawn(idle).id)
    scheduler.spawn(function* () {
      ids.push((yield* spawn(idle)).id, (yield* spawn(idle)).id)
    })
    stepAll(scheduler)
    ids.push(scheduler.spawn(idle).id)

    expect(ids).toEqual([1, 3, 4, 5])
  })

  it('is not spent on a spawn that is refused', () => {
    const scheduler = byHand()
    const coroutine = idle()
    scheduler.spawn(coroutine)

    expect(() => scheduler.spawn(coroutine)).toThrow(TypeError)
    expect(scheduler.spawn(idle).id).toBe(2)
  })
})

describe('the name of a task', () => {
  it('is that of the function that was spawned', () => {
    const task = byHand().spawn(idle)

    expect([task.name, `${task}`]).toEqual(['idle', 'idle#1'])
  })

  it('is task for a coroutine, which knows no function', () => {
    const task = byHand().spawn(idle())

    expect(`${task}`).toBe('task#1')
  })

  it('is anonymous for a function without a name', () => {
    const task = byHand().spawn(function* () {})

    expect(`${task}`).toBe('anonymous#1')
  })

  it('is the option name, for a function and for a coroutine', () => {
    const scheduler = byHand()
    scheduler.spawn(function* main() {
      yield spawn.with({ name: 'of a function' }, idle)
      yield spawn.with({ name: 'of a coroutine' }, idle())
      yield spawn.with({}, idle)
    })

    stepAll(scheduler)

    expect(scheduler.snapshot().map(({ name }) => name)).toEqual(['of a function', 'of a coroutine', 'idle'])
  })

  it('passes the arguments on when it is given by the option', () => {
    const scheduler = byHand()
    const given: unknown[] = []
    function* taker(a: number, b: string): Coroutine<void> {
      given.push(a, b)
    }
    scheduler.spawn(function* () {
      yield spawn.with({ name: 'named' }, taker, 1, 'two')
    })

    stepAll(scheduler)

    expect(given).toEqual([1, 'two'])
  })
})

describe('snapshot', () => {
  it('lists every task that has not ended, in spawn order', () => {
    const scheduler = byHand()
    scheduler.spawn(function* main() {
      yield spawn(function* short() {})
      yield spawn(idle)
      yield new Latch().wait()
    })

    const before = scheduler.snapshot()
    stepAll(scheduler)
    const after = scheduler.snapshot()

    expect(before.map(({ id }) => id)).toEqual([1])
    expect(after.map(({ id, name }) => `${name}#${id}`)).toEqual(['main#1', 'idle#3'])
  })

  it('is plain data: a copy that does not change with the tasks', () => {
    const scheduler = byHand()
    scheduler.spawn(idle)

    const [before] = scheduler.snapshot()
    stepAll(scheduler)

    expect(before?.state).toBe('new')
    expect(JSON.parse(JSON.stringify(before))).toEqual({
      id: 1,
      name: 'idle',
      state: 'new',
      callees: 0,
      ...('yieldedAt' in (before ?? {})
        ? { yieldedAt: expect.anything(), spawnedAt: expect.anything() }
        : {}),
    })
  })

  it('says in which state each task is', () => {
    const scheduler = byHand()
    const states: Record<string, string> = {}
    const look = () => {
      for (const { name, state } of scheduler.snapshot()) states[name] = state
    }
    scheduler.spawn(function* parked() {
      yield new Latch().wait()
    })
    scheduler.spawn(function* ready() {
      yield pause()
    })
    scheduler.spawn(function* running() {
      yield spawn(function* fresh() {})
      look()
    })

    for (let i = 0; i < 3; i++) scheduler.step()
    scheduler.step()
    scheduler.step()

    expect(states).toMatchObject({ parked: 'parked', running: 'running', fresh: 'new' })
  })

  it('says of a task that is killed in a race that it withdraws', () => {
    const scheduler = byHand()
    const victim = scheduler.spawn(function* victim() {
      yield race([
        (function* (): Coroutine<void> {
          try {
            yield sleep(100)
          } finally {
            yield sleep(100)
          }
        })(),
      ])
    })
    stepAll(scheduler)

    scheduler.cancel(victim)

    expect(scheduler.snapshot()[0]).toMatchObject({ state: 'withdrawing', waitsFor: 'race(1 yieldables)' })
  })

  const other = byHand().spawn(idle)
  const unable = (): string => {
    throw new Error('unable to describe')
  }
  const events: readonly (readonly [string, () => unknown])[] = [
    ['sleep(10)', () => sleep(10)],
    ['wait()', () => wait(new Promise(() => {}))],
    ['wait()', () => new Promise(() => {})],
    ['join(idle#1)', () => join(other)],
    ['join(idle#1)', () => other],
    ['race(2 yieldables)', () => race([sleep(1), sleep(2)])],
    ['all(2 yieldables)', () => all([sleep(1), sleep(2)])],
    ['timeout(10)', () => timeout(10, sleep(20))],
    ['callback()', () => callback(() => {})],
    ['group()', () => group(idle)],
    ['channel.receive()', () => new Channel().receive()],
    ['channel.send()', () => new Channel({ capacity: 0 }).send(1)],
    ['latch.wait()', () => new Latch().wait()],
    ['ugly()', () => event({ name: 'ugly', describe: unable, enter() {} }, undefined)],
  ]
  it.each(events)('says that a task waits for %s', (waitsFor, make) => {
    const task = waiting(() => waits(make()))

    expect(task).toMatchObject({ state: 'parked', waitsFor })
  })

  it('says that a task waits for a permit and for a kill', () => {
    const scheduler = byHand()
    const semaphore = new Semaphore()
    scheduler.spawn(function* main() {
      yield semaphore.acquire()
      const stubborn = yield* spawn(function* stubborn() {
        try {
          yield sleep(1000)
        } finally {
          yield sleep(1000)
        }
      })
      yield spawn.with({ name: 'acquirer' }, waits, semaphore.acquire())
      yield pause()
      yield kill(stubborn)
    })

    stepAll(scheduler)

    const waitsFor = Object.fromEntries(scheduler.snapshot().map((task) => [task.name, task.waitsFor]))
    expect(waitsFor).toMatchObject({ acquirer: 'semaphore.acquire()', main: 'kill(stubborn#2)' })
  })

  it('says nothing of what a task waits for that does not wait', () => {
    const scheduler = byHand()
    scheduler.spawn(function* () {
      yield pause()
    })

    scheduler.step()

    expect(scheduler.snapshot()[0]?.waitsFor).toBe(undefined)
  })

  it('names the spawner while that goes on', () => {
    const scheduler = byHand()
    scheduler.spawn(function* main() {
      yield spawn(function* short() {
        yield spawn.with({ name: 'of short' }, idle)
      })
      yield spawn.with({ name: 'of main' }, idle)
      yield new Latch().wait()
    })

    stepAll(scheduler)

    const spawners = Object.fromEntries(scheduler.snapshot().map((task) => [task.name, task.spawner]))
    expect(spawners).toEqual({ main: undefined, 'of main': 'main#1', 'of short': undefined })
  })

  it('counts the callees on the stack of a task', () => {
    function* deep(levels: number): Coroutine<void> {
      if (levels > 0) yield deep(levels - 1)
      else yield new Latch().wait()
    }

    const { callees } = waiting(() => deep(3))

    expect(callees).toBe(3)
  })

  it('counts a call as one, and what stands under yield* as none', () => {
    function* outer(): Coroutine<void> {
      yield* call(middle)
    }
    function* middle(): Coroutine<void> {
      yield* idle()
    }

    const { callees } = waiting(outer)

    expect(callees).toBe(1)
  })

  it('is empty when all has ended', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost() })

    await scheduler.run(function* () {
      yield spawn(waits, sleep(10))
    })

    expect(scheduler.snapshot()).toEqual([])
  })
})

const NOBODY: Supervisor = { adopt() {}, fail() {}, disown() {} }

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
  /** `deepest (…/snapshot.test.ts:123:45)` without the directory. */
  const HERE = /^(\S+ )?\(?\S*snapshot\.test\.ts:\d+:\d+\)?$/

  function lineOf(site: string | undefined): number {
    return Number(/:(\d+):\d+\)?$/.exec(site ?? '')?.[1])
  }

  /** The line of the caller. */
  function here(): number {
    return lineOf(new Error().stack?.split('\n')[2])
  }

  it('tell where a task was spawned, from outside and by a task', () => {
    const scheduler = byHand({ sites: true })
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

  it('tell where a run was begun', async () => {
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
  ])('tell where each coroutine on the stack has made its %s, outermost first', (_name, delegate) => {
    const scheduler = byHand({ sites: true })
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

  it('tell the names of the functions', () => {
    const scheduler = byHand({ sites: true })
    scheduler.spawn(idle)

    stepAll(scheduler)

    expect(scheduler.snapshot()[0]?.yieldedAt?.[0]).toMatch(/idle/)
  })

  it('tell where an event was made that two tasks yield* together', () => {
    const scheduler = byHand({ sites: true })
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

  it('go on in a scheduler that steps another one, without sites, within its step', () => {
    const scheduler = byHand({ sites: true })
    const other = byHand({ sites: false })
    other.spawn(idle)
    scheduler.spawn(function* () {
      other.step()
      yield new Latch().wait()
    })

    stepAll(scheduler)

    expect(scheduler.snapshot()[0]?.yieldedAt?.[0]).toMatch(HERE)
  })

  it('are none of a task that has not yielded, nor of what it spawns by a plain call', () => {
    const host = new VirtualHost({ manual: true })
    const scheduler = new Scheduler({ host })
    scheduler.spawn(function* parent() {
      scheduler.spawnUnder(NOBODY, idle)
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
    ['in a step that is taken by hand', (make) => stepWith(byHand({ sites: false }), make)],
    ['in a turn', (make) => inTurn(false, make)],
    ['outside, after a turn of one that wants them', (make) => inTurn(true, () => {}).then(make)],
  ])('are not noted where no scheduler wants them: %s', async (_name, within) => {
    const scheduler = byHand({ sites: true })
    let made: Event | undefined

    await within(() => {
      made = new Latch().wait()
    })
    scheduler.spawn(waits, made)
    stepAll(scheduler)

    expect(scheduler.snapshot()[0]?.yieldedAt).toEqual([undefined])
  })

  it('stand in the stack of an error that nobody joined for', async () => {
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
      /in task child#2, after its yield of pause\(\) at .*snapshot\.test\.ts:\d+/,
    )
    expect((error as Error).stack).toMatch(
      /spawned by main#1 at .*snapshot\.test\.ts:\d+.*, which waits for sleep\(10\)/,
    )
  })
})
