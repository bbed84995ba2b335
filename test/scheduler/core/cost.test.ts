// Promise 13: a task that has ended holds nothing.

import {
  Channel,
  type Coroutine,
  group,
  Latch,
  pause,
  race,
  Semaphore,
  sleep,
  spawn,
  type Task,
  wait,
} from '@bluelet/scheduler'
import { type Supervisor, spawnUnder } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { collectGarbage } from '../../support/garbage.js'
import { internals } from '../../support/internals.js'
import { waitFor } from '../coroutines.js'
import { manualScheduler, world } from '../world.js'

describe('a task that has ended', () => {
  /**
   * Spawns a task whose locals hold a large object, and returns a weak reference to that object.
   */
  function endedTask(
    end: (large: object) => Coroutine,
    scheduler = manualScheduler({ sites: false }),
  ): { task: Task; large: WeakRef<object> } {
    const large = { bytes: new Uint8Array(1000) }
    const task = scheduler.spawn(end, large)
    while (scheduler.step());
    return { task, large: new WeakRef(large) }
  }

  it('does not hold its locals', async () => {
    const { task, large } = endedTask(function* (large) {
      yield pause()
      void large
    })

    await collectGarbage()

    expect([task.outcome?.kind, large.deref()]).toEqual(['returned', undefined])
  })

  it('does not hold the locals of a coroutine that it called', async () => {
    const { task, large } = endedTask(function* (large) {
      yield (function* (): Coroutine {
        yield pause()
        return large.constructor
      })()
    })

    await collectGarbage()

    expect([task.outcome?.kind, large.deref()]).toEqual(['returned', undefined])
  })

  it('does not hold its last event, nor the argument of that', async () => {
    const channel = new Channel<object>()
    const { task, large } = endedTask(function* (large) {
      yield channel.send(large)
      yield channel.receive()
    })

    await collectGarbage()

    expect([task.outcome?.kind, large.deref()]).toEqual(['returned', undefined])
  })

  it('does not hold the value that it was last resumed with', async () => {
    const { task, large } = endedTask(function* (large) {
      yield wait(thenableOf(large))
    })

    await collectGarbage()

    expect([task.outcome?.kind, large.deref()]).toEqual(['returned', undefined])
  })

  it('is released by the scheduler', async () => {
    const scheduler = manualScheduler({ sites: false })
    const task = (() => {
      const task = scheduler.spawn(function* () {
        yield pause()
      })
      while (scheduler.step());
      return new WeakRef(task)
    })()

    await collectGarbage()

    expect(task.deref()).toBe(undefined)
    expect(scheduler.snapshot()).toEqual([])
  })

  it('does not hold the task that spawned it', async () => {
    const scheduler = manualScheduler({ sites: false })
    let child: Task | undefined
    const parent = (() => {
      const parent = scheduler.spawn(function* () {
        child = yield* spawn(function* () {
          yield pause()
        })
      })
      while (scheduler.step());
      return new WeakRef(parent)
    })()

    await collectGarbage()

    expect([child?.outcome?.kind, parent.deref()]).toEqual(['returned', undefined])
  })

  it('does not hold its supervisor, such as a connection handler', async () => {
    const scheduler = manualScheduler({ sites: false })
    let child: Task | undefined
    const supervisor = (() => {
      const supervisor: Supervisor = { adopt() {}, fail() {}, disown() {} }
      scheduler.spawn(function* () {
        child = yield* spawnUnder(supervisor)(function* () {
          yield pause()
        })
      })
      while (scheduler.step());
      return new WeakRef(supervisor)
    })()

    await collectGarbage()

    expect([child?.outcome?.kind, supervisor.deref()]).toEqual(['returned', undefined])
  })

  it('does not hold the value of the group that it was in', async () => {
    const scheduler = manualScheduler({ sites: false })
    let child: Task | undefined
    const value = (() => {
      const value = { bytes: new Uint8Array(1000) }
      const reference = new WeakRef(value)
      scheduler.spawn(function* () {
        yield group(function* () {
          child = yield* spawn(function* () {})
          return value
        })
      })
      while (scheduler.step());
      return reference
    })()

    await collectGarbage()

    expect([child?.outcome?.kind, value.deref()]).toEqual(['returned', undefined])
  })

  it.each([
    ['a promise', () => never],
    ['a channel', () => neverSent.receive()],
    ['a latch', () => neverOpened.wait()],
    ['a semaphore', () => neverReleased.acquire()],
  ])('is not held by %s that it waited for when it was killed', async (_name, event) => {
    const scheduler = manualScheduler({ sites: false })
    const { task, large } = (() => {
      const large = { bytes: new Uint8Array(1000) }
      const task = scheduler.spawn(function* () {
        yield event() as never
        void large
      })
      while (scheduler.step());
      internals(scheduler).cancel(task)
      while (scheduler.step());
      return { task: new WeakRef(task), large: new WeakRef(large) }
    })()

    await collectGarbage()

    expect([large.deref(), task.deref()]).toEqual([undefined, undefined])
  })

  it('leaves no timer behind, and a run of many leaves none', async () => {
    const { scheduler } = world({ sites: false })
    let most = 0

    await scheduler.run(function* () {
      for (let i = 0; i < 100; i++) {
        yield race([sleep(1e6), pause()])
        most = Math.max(most, internals(scheduler).timers.size)
      }
    })

    expect(most).toBe(0)
  })
})

describe('an error that many tasks get', () => {
  it('does not grow with each of them', async () => {
    const { scheduler } = world({ sites: false })
    const error = new Error('shared')
    const failed = Promise.reject(error)
    failed.catch(() => {}) // The run begins later.
    function* fails(): Coroutine<void> {
      try {
        yield* wait(failed)
      } catch {}
    }

    const lengths: number[] = []
    for (const count of [10, 500]) {
      await scheduler.run(function* () {
        for (let i = 0; i < count; i++) yield* fails()
      })
      lengths.push(error.stack?.length ?? 0)
    }

    expect(lengths[1]).toBeLessThan(lengths[0]! + 1000)
  })
})

const never = new Promise(() => {})
const neverSent = new Channel()
const neverOpened = new Latch()
const neverReleased = taken()

function taken(): Semaphore {
  const semaphore = new Semaphore()
  const scheduler = manualScheduler({ sites: false })
  scheduler.spawn(() => waitFor(semaphore.acquire()))
  while (scheduler.step());
  return semaphore
}

function thenableOf<T>(value: T): PromiseLike<T> {
  const resolve = (resolved: (value: T) => void) => resolved(value)
  // biome-ignore lint/suspicious/noThenProperty: it calls back at once, which a promise does not.
  return { then: resolve as never }
}
