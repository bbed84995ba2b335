// Promises 3 and 13: a task that has ended holds nothing.
import { type Coroutine, join, kill, pause, sleep, spawn, type Task, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { sleeper, usedHeap } from './coroutines.js'
import { world } from './world.js'

const MAX_BYTES = 2 * 1024 * 1024

/**
 * The growth of the heap while a coroutine runs for the second time; the first run lets the engine
 * set itself up.
 */
async function growth(work: () => Coroutine<unknown>): Promise<number> {
  const { scheduler } = world()

  return scheduler.run(function* () {
    yield work()
    const before = yield* usedHeap()
    yield work()
    return (yield* usedHeap()) - before
  })
}

function* child(n: number): Coroutine<number> {
  yield pause()
  return n
}

describe('a task that has ended holds nothing', () => {
  it('of a million that are spawned a thousand at a time', async () => {
    const bytes = await growth(function* () {
      for (let i = 0; i < 500; i++) {
        for (let n = 0; n < 1000; n++) yield spawn(child, n)
        yield sleep(1)
      }
    })

    expect(bytes).toBeLessThan(MAX_BYTES)
  })

  it('of many that are alive at the same time', async () => {
    const { scheduler } = world()

    const bytes = await scheduler.run(function* () {
      const before = yield* usedHeap()
      for (let n = 0; n < 300_000; n++) scheduler.spawn(child, n)
      yield sleep(1)
      return (yield* usedHeap()) - before
    })

    expect(bytes).toBeLessThan(MAX_BYTES)
  })

  it.each([
    [
      'joined',
      function* (): Coroutine<void> {
        for (let n = 0; n < 50_000; n++) yield join(yield* spawn(child, n))
      },
    ],
    [
      'killed',
      function* (): Coroutine<void> {
        for (let n = 0; n < 50_000; n++) {
          const task = yield* spawn(sleeper)
          yield pause()
          yield kill(task)
        }
      },
    ],
    [
      'run in a timeout',
      function* (): Coroutine<void> {
        for (let n = 0; n < 50_000; n++) yield timeout(1000, child(n))
      },
    ],
    [
      'spawned each by the one before',
      function* (): Coroutine<void> {
        yield spawn(link, 50_000)
        yield sleep(1)
      },
    ],
  ])('when it was %s', async (_name, work) => {
    const bytes = await growth(work)

    expect(bytes).toBeLessThan(MAX_BYTES)
  })

  it('so its coroutine and its arguments can be collected while the task is kept', async () => {
    const { scheduler } = world()
    const tasks: Task[] = []
    const sample: WeakRef<object>[] = []

    const left = await scheduler.run(function* () {
      for (let n = 0; n < 100; n++) {
        const large = { n }
        const coroutine = holding(large)
        sample.push(new WeakRef(large), new WeakRef(coroutine))
        tasks.push(yield* spawn(coroutine))
      }
      yield sleep(1)
      yield* usedHeap()
      return sample.filter((reference) => reference.deref() !== undefined).length
    })

    expect(tasks).toHaveLength(100)
    expect(left).toBeLessThanOrEqual(2)
  })

  it('so the task can be collected when it is not kept', async () => {
    const { scheduler } = world()
    const sample: WeakRef<Task>[] = []

    const left = await scheduler.run(function* () {
      for (let n = 0; n < 1000; n++) sample.push(new WeakRef(yield* spawn(child, n)))
      yield sleep(1)
      yield* usedHeap()
      return sample.filter((reference) => reference.deref() !== undefined).length
    })

    expect(left).toBeLessThanOrEqual(2)
  })
})

function* link(n: number): Coroutine<void> {
  if (n > 0) yield spawn(link, n - 1)
}

function* holding(large: object): Coroutine<object> {
  yield pause()
  yield join(yield* spawn(child, 1))
  return { kept: typeof large }
}
