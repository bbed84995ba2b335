// The memory of a million tasks that were alive at the same time.
import { type Coroutine, Latch, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { pausing, usedHeap } from './coroutines.js'
import { world } from './world.js'

describe('a million tasks', () => {
  it('that were spawned and have ended leave nothing behind', async () => {
    const { scheduler } = world()

    const [bytes, left] = await scheduler.run(function* () {
      const sample: WeakRef<Task>[] = []
      const before = yield* usedHeap()
      for (let n = 0; n < 1_000_000; n++) {
        const task = yield* spawn(pausing)
        if (n % 1000 === 0) sample.push(new WeakRef(task))
      }
      yield sleep(1)
      const bytes = (yield* usedHeap()) - before
      return [bytes, sample.filter((reference) => reference.deref() !== undefined).length] as const
    })

    expect(bytes).toBeLessThan(2 * 1024 * 1024)
    expect(left).toBeLessThanOrEqual(1)
  })

  it('that were parked at the same time leave nothing behind', async () => {
    const { scheduler } = world()

    const bytes = await scheduler.run(function* () {
      const before = yield* usedHeap()
      yield* parkMany()
      yield sleep(1)
      return (yield* usedHeap()) - before
    })

    expect(bytes).toBeLessThan(2 * 1024 * 1024)
  })
})

function* parkMany(): Coroutine<void> {
  const latch = new Latch()
  function* parked(): Coroutine<void> {
    yield latch.wait()
  }
  for (let n = 0; n < 1_000_000; n++) yield spawn(parked)
  yield sleep(1)
  latch.open()
}
