// Promise 15: the ids and names of tasks, and the list of tasks.

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
  shield,
  sleep,
  spawn,
  type TaskSnapshot,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { idle, waitFor } from '../coroutines.js'
import { manualScheduler, stepAll } from '../world.js'

/** Spawns one task, steps until it waits, and returns its snapshot. */
function waiting(main: () => Coroutine): TaskSnapshot {
  const scheduler = manualScheduler()
  scheduler.spawn(main)
  stepAll(scheduler)
  return scheduler.snapshot()[0]!
}

describe('the id of a task', () => {
  it('counts up from 1 in spawn order, inside and outside of tasks', () => {
    const scheduler = manualScheduler()
    const ids: number[] = []

    ids.push(scheduler.spawn(idle).id)
    scheduler.spawn(function* () {
      ids.push((yield* spawn(idle)).id, (yield* spawn(idle)).id)
    })
    stepAll(scheduler)
    ids.push(scheduler.spawn(idle).id)

    expect(ids).toEqual([1, 3, 4, 5])
  })

  it('is not used up by a spawn that is rejected', () => {
    const scheduler = manualScheduler()
    const coroutine = idle()
    scheduler.spawn(coroutine)

    expect(() => scheduler.spawn(coroutine)).toThrow(TypeError)
    expect(scheduler.spawn(idle).id).toBe(2)
  })
})

describe('the name of a task', () => {
  it('is that of the function that was spawned', () => {
    const task = manualScheduler().spawn(idle)

    expect([task.name, `${task}`]).toEqual(['idle', 'idle#1'])
  })

  it('is task for a coroutine, which does not record its function', () => {
    const task = manualScheduler().spawn(idle())

    expect(`${task}`).toBe('task#1')
  })

  it('is anonymous for a function without a name', () => {
    const task = manualScheduler().spawn(function* () {})

    expect(`${task}`).toBe('anonymous#1')
  })

  it('is the option name, both for a function and for a coroutine', () => {
    const scheduler = manualScheduler()
    scheduler.spawn(function* main() {
      yield spawn.with({ name: 'of a function' }, idle)
      yield spawn.with({ name: 'of a coroutine' }, idle())
      yield spawn.with({}, idle)
    })

    stepAll(scheduler)

    expect(scheduler.snapshot().map(({ name }) => name)).toEqual(['of a function', 'of a coroutine', 'idle'])
  })

  it('as an option leaves the arguments of the function unchanged', () => {
    const scheduler = manualScheduler()
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
    const scheduler = manualScheduler()
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
    const scheduler = manualScheduler()
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

  it('tells the state of each task', () => {
    const scheduler = manualScheduler()
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

  it('shows a task that is killed in a race as withdrawing', () => {
    const scheduler = manualScheduler()
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

    internals(scheduler).cancel(victim)

    expect(scheduler.snapshot()[0]).toMatchObject({ state: 'withdrawing', waitsFor: 'race(1 yieldables)' })
  })

  const other = manualScheduler().spawn(idle)
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
    ['group(idle)', () => group(idle)],
    ['group()', () => group(() => idle())],
    ['shield(idle)', () => shield(idle)],
    ['shield()', () => shield(idle())],
    ['timeout(10)', () => timeout(10, call(idle))],
    ['channel.receive()', () => new Channel().receive()],
    ['channel.send()', () => new Channel({ capacity: 0 }).send(1)],
    ['latch.wait()', () => new Latch().wait()],
    ['ugly()', () => event({ name: 'ugly', describe: unable, enter() {} }, undefined)],
  ]
  it.each(events)('shows that a task waits for %s', (waitsFor, make) => {
    const task = waiting(() => waitFor(make()))

    expect(task).toMatchObject({ state: 'parked', waitsFor })
  })

  it.each<[string, () => Event]>([
    ['race', () => race([call(idle)])],
    ['all', () => all([call(idle)])],
    ['timeout', () => timeout(10, call(idle))],
    ['group', () => group(idle)],
    ['shield', () => shield(idle)],
  ])('shows what runs in a %s by the name of its function', (_what, make) => {
    const scheduler = manualScheduler()
    scheduler.spawn(waitFor, make())

    stepAll(scheduler)

    expect(scheduler.snapshot().map(({ name }) => name)).toEqual(['waitFor', 'idle'])
  })

  it('shows that a task waits for a permit and for a kill', () => {
    const scheduler = manualScheduler()
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
      yield spawn.with({ name: 'acquirer' }, waitFor, semaphore.acquire())
      yield pause()
      yield kill(stubborn)
    })

    stepAll(scheduler)

    const waitsFor = Object.fromEntries(scheduler.snapshot().map((task) => [task.name, task.waitsFor]))
    expect(waitsFor).toMatchObject({ acquirer: 'semaphore.acquire()', main: 'kill(stubborn#2)' })
  })

  it('shows no wait of a task that is not waiting', () => {
    const scheduler = manualScheduler()
    scheduler.spawn(function* () {
      yield pause()
    })

    scheduler.step()

    expect(scheduler.snapshot()[0]?.waitsFor).toBe(undefined)
  })

  it('names the spawner until it ends', () => {
    const scheduler = manualScheduler()
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

  it('counts a call as one callee, and the coroutines under yield* as none', () => {
    function* outer(): Coroutine<void> {
      yield* call(middle)
    }
    function* middle(): Coroutine<void> {
      yield* idle()
    }

    const { callees } = waiting(outer)

    expect(callees).toBe(1)
  })

  it('is empty when every task has ended', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost() })

    await scheduler.run(function* () {
      yield spawn(waitFor, sleep(10))
    })

    expect(scheduler.snapshot()).toEqual([])
  })
})
