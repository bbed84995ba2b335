// Promise 13: nothing is kept or marked by what has ended, was refused or never began.
import { getEventListeners } from 'node:events'
import {
  all,
  type Coroutine,
  type Event,
  type Group,
  group,
  join,
  kill,
  pause,
  race,
  sleep,
  spawn,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { usedHeap } from '../coroutines.js'
import { failure, manualScheduler, rejection, virtually, world } from '../world.js'

describe('a promise that does not settle', () => {
  const WAITS = 5000
  /** Waits for a promise, and lets another branch win. */
  const ways: readonly (readonly [string, (promise: Promise<unknown>) => Event])[] = [
    ['race', (promise) => race([wait(promise), pause()])],
    ['race of the bare promise', (promise) => race([promise, pause()])],
    ['timeout', (promise) => timeout(0, wait(promise))],
    ['nested race', (promise) => race([all([wait(promise), pause()]), pause()])],
  ]

  it.each(ways)('keeps nothing of a wait that has ended: %s', async (_name, way) => {
    const promise = new Promise(() => {})
    function* waits(): Coroutine<void> {
      for (let n = 0; n < WAITS; n++) {
        try {
          yield way(promise)
        } catch {}
      }
    }

    const bytes = await virtually(function* () {
      yield waits()
      const before = yield* usedHeap()
      yield waits()
      return (yield* usedHeap()) - before
    })

    // A wait itself takes hundreds of bytes.
    expect(bytes / WAITS).toBeLessThan(50)
    expect(promise).toBeInstanceOf(Promise)
  })

  it('keeps nothing of a task that was killed', async () => {
    const promise = new Promise(() => {})
    const sample: WeakRef<object>[] = []

    const left = await virtually(function* () {
      for (let n = 0; n < 100; n++) {
        const task = yield* spawn(function* () {
          yield* wait(promise)
        })
        sample.push(new WeakRef(task))
        try {
          yield* timeout(1, join(task))
        } catch {}
        yield* kill(task)
      }
      yield* usedHeap()
      return sample.filter((reference) => reference.deref() !== undefined).length
    })

    expect(left).toBeLessThanOrEqual(2)
    expect(promise).toBeInstanceOf(Promise)
  })
})

describe('a promise that several tasks wait for', () => {
  it('answers them in their order, whatever an answered one does with the others', async () => {
    const { scheduler, log, note } = world()
    const promise = new Promise((resolve) => setImmediate(resolve, 'value'))

    await scheduler.run(function* () {
      for (const name of ['a', 'b']) {
        yield* spawn(function* () {
          note(`${name} ${yield* race([wait(promise), wait(promise)])}`)
        })
      }
      yield* all([promise, promise, promise])
      note('all')
      note(`again ${yield* wait(promise)}`)
    })

    expect(log).toEqual(['0: a value', '0: all', '0: b value', '0: again value'])
  })

  it('throws its error at each of them', async () => {
    const error = failure()
    const promise = Promise.reject(error)
    promise.catch(() => {})

    const caught = await virtually(function* () {
      function* catching(): Coroutine<unknown> {
        try {
          return yield promise
        } catch (caught) {
          return caught
        }
      }
      return yield* all([catching(), catching()])
    })

    expect(caught).toEqual([error, error])
  })
})

describe('a thenable', () => {
  const nested = (value: unknown) => ({
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested.
    then(resolve: (value: unknown) => void) {
      resolve(value)
    },
  })

  it.each([
    ['a promise', Promise.resolve(5)],
    ['a thenable', nested(5)],
    ['a thenable that resolves with a promise', nested(Promise.resolve(5))],
    ['a value', 5],
  ])('that resolves with %s gives what await gives', async (_what, value) => {
    const thenable = nested(value) as unknown as PromiseLike<unknown>

    const given = await virtually(function* () {
      return [yield thenable, yield* wait(thenable), ...(yield* all([thenable]))]
    })

    expect(given).toEqual([5, 5, 5])
    expect(await thenable).toBe(5)
  })

  it('that resolves with a rejected promise throws its error', async () => {
    const error = failure()
    const rejected = Promise.reject(error)
    rejected.catch(() => {})

    const caught = await rejection(
      virtually(function* () {
        yield nested(rejected) as never
      }),
    )

    expect(caught).toBe(error)
  })

  it('that resolves with an object whose then cannot be read throws that error', async () => {
    const error = failure()
    const odd = Object.defineProperty({}, 'then', {
      get() {
        throw error
      },
    })

    const caught = await rejection(
      virtually(function* () {
        yield nested(odd) as never
      }),
    )

    expect(caught).toBe(error)
  })

  it('is held to its first answer', async () => {
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested.
      then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
        resolve(new Promise((late) => setImmediate(late, 'first')))
        resolve('second')
        reject(failure())
      },
    }

    const given = await virtually(function* () {
      return yield thenable as never
    })

    expect(given).toBe('first')
  })

  it('whose promise comes after the wait was withdrawn is ignored', async () => {
    const rejected = Promise.reject(failure())
    rejected.catch(() => {})
    const thenable = nested(rejected) as unknown as PromiseLike<unknown>

    const given = await virtually(function* () {
      const first = yield* race([thenable, pause()])
      yield* usedHeap()
      return first
    })

    expect(given).toBe(undefined)
  })
})

describe('a task that has ended', () => {
  it('is not kept by the tasks that it has spawned', async () => {
    const sample: WeakRef<object>[] = []
    function* handler(): Coroutine<object> {
      const reply = {}
      sample.push(new WeakRef(reply))
      yield* spawn(function* background() {
        yield* sleep(1e6)
      })
      return reply
    }

    const left = await virtually(function* () {
      for (let n = 0; n < 100; n++) yield* join(yield* spawn(handler))
      yield* usedHeap()
      return sample.filter((reference) => reference.deref() !== undefined).length
    })

    expect(left).toBeLessThanOrEqual(2)
  })

  it('keeps no error for the next one of a scheduler that is driven by hand', async () => {
    const scheduler = manualScheduler()
    const sample: WeakRef<object>[] = []
    function fail(): void {
      const error = failure()
      sample.push(new WeakRef(error))
      scheduler.spawn(function* () {
        throw error
      })
      try {
        scheduler.step()
      } catch {}
    }

    for (let n = 0; n < 100; n++) fail()
    await virtually(usedHeap)

    expect(sample.filter((reference) => reference.deref() !== undefined).length).toBeLessThanOrEqual(2)
    expect(scheduler.snapshot()).toEqual([])
  })
})

describe('what never began', () => {
  function* work(): Coroutine<number> {
    yield* pause()
    return 5
  }

  it('a run leaves no listener on its signal', async () => {
    const { signal } = new AbortController()
    const used = work()
    await virtually(used, { signal })

    for (let i = 0; i < 3; i++) await rejection(virtually(used, { signal }))
    await rejection(virtually(work, { signal, grace: -1 }))
    await rejection(virtually((() => 5) as never, { signal }))
    await rejection(
      virtually(work, {
        signal,
        context: () => {
          throw failure()
        },
      }),
    )

    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('a spawn that a group has refused leaves its coroutine as it was', async () => {
    const coroutine = work()

    const value = await virtually(function* () {
      let ended: Group | undefined
      yield* group(function* (g) {
        ended = g
        yield* pause()
      })
      const refused = yield* refusal(() => (ended as Group).spawn(coroutine))
      const joined = yield* refusal(() => join(coroutine))
      return [refused, joined, yield* join(yield* spawn(coroutine))]
    })

    expect(value).toEqual([
      expect.stringContaining('this group has ended'),
      expect.stringContaining('this coroutine was never spawned'),
      5,
    ])
  })

  it('a run that was refused leaves its coroutine as it was', async () => {
    const coroutine = work()
    await rejection(virtually(coroutine, { grace: -1 }))
    await rejection(
      virtually(coroutine, {
        context: () => {
          throw failure()
        },
      }),
    )

    expect(await virtually(coroutine)).toBe(5)
  })
})

/** The message of the error that an event throws, or that the making of the event throws. */
function* refusal(make: () => Event): Coroutine<string> {
  try {
    yield make()
  } catch (error) {
    return (error as Error).message
  }
  return 'nothing was thrown'
}
