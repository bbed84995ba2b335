// Promises 3 and 13 of the design, as far as a task that has ended is concerned: it holds nothing.
import { type Coroutine, join, kill, pause, sleep, spawn, type Task, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { world } from './world.js'

const MOST_BYTES = 2 * 1024 * 1024

/** The heap after everything that is garbage has gone. */
function* heap(): Coroutine<number> {
  for (let i = 0; i < 4; i++) {
    yield new Promise((resolve) => setImmediate(resolve))
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}

/** How much the heap has grown by a coroutine that ran twice: the first time is for what the engine sets up. */
async function growth(work: () => Coroutine<unknown>): Promise<number> {
  const { scheduler } = world()

  return scheduler.run(function* () {
    yield work()
    const before = yield* heap()
    yield work()
    return (yield* heap()) - before
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

    expect(bytes).toBeLessThan(MOST_BYTES)
  })

  it('of many that are alive at the same time', async () => {
    const { scheduler } = world()

    const bytes = await scheduler.run(function* () {
      const before = yield* heap()
      for (let n = 0; n < 300_000; n++) scheduler.spawn(child, n)
      yield sleep(1)
      return (yield* heap()) - before
    })

    expect(bytes).toBeLessThan(MOST_BYTES)
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

    expect(bytes).toBeLessThan(MOST_BYTES)
  })

  it('so that its coroutine and its arguments can be collected, though somebody keeps the task', async () => {
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
      yield* heap()
      return sample.filter((reference) => reference.deref() !== undefined).length
    })

    expect(tasks).toHaveLength(100)
    expect(left).toBeLessThanOrEqual(2)
  })

  it('so that the task can be collected when nobody keeps it', async () => {
    const { scheduler } = world()
    const sample: WeakRef<Task>[] = []

    const left = await scheduler.run(function* () {
      for (let n = 0; n < 1000; n++) sample.push(new WeakRef(yield* spawn(child, n)))
      yield sleep(1)
      yield* heap()
      return sample.filter((reference) => reference.deref() !== undefined).length
    })

    expect(left).toBeLessThanOrEqual(2)
  })
})

function* sleeper(): Coroutine<void> {
  yield sleep(1e9)
}

function* link(n: number): Coroutine<void> {
  if (n > 0) yield spawn(link, n - 1)
}

function* holding(large: object): Coroutine<object> {
  yield pause()
  yield join(yield* spawn(child, 1))
  return { kept: typeof large }
}
