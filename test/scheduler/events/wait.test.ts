import {
  all,
  allSettled,
  type Coroutine,
  kill,
  pause,
  race,
  run,
  Semaphore,
  sleep,
  spawn,
  TimeoutError,
  timeout,
  wait,
} from '@bluelet/scheduler'
import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { waitFor } from '../coroutines.js'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

eventSuite('wait', {
  *fulfilled() {
    return wait(Promise.resolve(42))
  },
  value: 42,
  awaited: () => wait(Promise.resolve(42)),
  *waiting() {
    return wait(new Promise(() => {}))
  },
  *failing(error) {
    return wait(Promise.reject(error))
  },
})

describe('wait', () => {
  it('is what yielding a promise means', async () => {
    const value = await virtually(function* () {
      const value: number = yield Promise.resolve(42)
      return value
    })

    expect(value).toBe(42)
  })

  it('accepts any object with a then', async () => {
    const thenable: PromiseLike<number> = {
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested.
      then: (resolved) => {
        resolved?.(42)
        return thenable as never // The value is not used.
      },
    }

    const value = await virtually(function* () {
      return yield* wait(thenable)
    })

    expect(value).toBe(42)
  })

  it('lets other tasks run while it waits', async () => {
    const { scheduler, log, note } = world()
    let resolve: () => void = () => {}

    await scheduler.run(function* () {
      yield spawn(function* () {
        note('other')
        resolve()
      })
      yield wait(new Promise<void>((r) => (resolve = r)))
      note('waiter')
    })

    expect(log).toEqual(['0: other', '0: waiter'])
  })

  it('gives the value of one promise to several waiting tasks', async () => {
    const promise = Promise.resolve(42)
    const values: number[] = []
    function* waiter() {
      values.push(yield* wait(promise))
    }

    await virtually(function* () {
      for (let i = 0; i < 3; i++) yield spawn(waiter)
    })

    expect(values).toEqual([42, 42, 42])
  })

  it('throws undefined if a promise is rejected with it', async () => {
    const caught = await virtually(function* () {
      try {
        yield wait(Promise.reject(undefined))
      } catch (error) {
        return ['caught', error]
      }
      return undefined
    })

    expect(caught).toEqual(['caught', undefined])
  })

  it('ignores the outcome of a promise that is no longer waited for', async () => {
    const rejecters: ((error: Error) => void)[] = []

    const value = await virtually(function* () {
      const promise = new Promise((_resolve, reject) => rejecters.push(reject))
      yield race([wait(promise), sleep(1)])
      const task = yield* spawn(function* () {
        yield promise
      })
      yield pause()
      yield kill(task)
      rejecters[0]?.(new Error('too late'))
      yield sleep(1)
      return 'went on'
    })

    expect(value).toBe('went on')
  })

  it('does not wake its task from a later wait after it was withdrawn', async () => {
    const { scheduler, log, note } = world()
    let resolve: () => void = () => {}

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield new Promise<void>((r) => {
            resolve = r
          })
        } finally {
          yield sleep(10)
          note('cleaned up')
        }
      })
      yield pause()
      yield spawn(function* () {
        yield sleep(5)
        resolve()
      })
      yield kill(task)
    })

    expect(log).toEqual(['10: cleaned up'])
  })

  it('can be limited by a timeout', async () => {
    const error = await rejection(
      virtually(function* () {
        yield timeout(10, new Promise(() => {}))
      }),
    )

    expect(error).toBeInstanceOf(TimeoutError)
  })

  it.each([undefined, null, 42, {}, 'then'])('rejects %o, which is not a promise', (value) => {
    expect(() => wait(value as never)).toThrow(TypeError)
  })

  it('ignores what a thenable does after its first answer', async () => {
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested.
      then(resolved: (value: number) => void, rejected: (error: Error) => void) {
        resolved(1)
        resolved(2)
        rejected(new Error('after its answer'))
      },
    }

    const value = await virtually(function* () {
      const value: number = yield thenable as unknown as PromiseLike<number>
      yield pause()
      return value
    })

    expect(value).toBe(1)
  })

  it('ignores what a thenable throws after its answer, as await does', async () => {
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested.
      then(resolved: (value: number) => void) {
        resolved(1)
        throw new Error('after its answer')
      },
    }

    const value = await virtually(function* () {
      const value: number = yield thenable as unknown as PromiseLike<number>
      return value
    })

    expect(value).toBe(1)
  })
})

describe('a promise that a task yields when it has been killed', () => {
  it.each([
    ['wait(promise)', (promise: Promise<unknown>) => wait(promise)],
    ['the promise', (promise: Promise<unknown>) => promise],
    ['race', (promise: Promise<unknown>) => race([pause(), promise])],
    ['all', (promise: Promise<unknown>) => all([pause(), wait(promise)])],
    ['allSettled', (promise: Promise<unknown>) => allSettled([promise])],
    ['timeout', (promise: Promise<unknown>) => timeout(10, promise)],
    ['nested', (promise: Promise<unknown>) => timeout(10, all([race([sleep(1), promise])]))],
  ])('is ignored, even its error: %s', async (_, yielded) => {
    // An unhandled rejection fails this test file.
    const { kills, rejects } = await virtually(function* () {
      const counts = { kills: 0, rejects: 0 }
      const gate = new Semaphore()
      yield* gate.acquire()
      const task = yield* spawn(function* () {
        yield* gate.acquire()
        let reject: (error: Error) => void = () => {}
        const promise = new Promise((_, rejected) => (reject = rejected))
        try {
          yield yielded(promise)
        } catch (error) {
          counts.kills++
          throw error
        } finally {
          counts.rejects++
          reject(failure('of a promise that is not awaited'))
        }
      })
      yield* sleep(1)
      gate.release() // The task is ready, and takes its step after the kill.
      yield* kill(task)
      return counts
    })
    await new Promise((resolve) => setImmediate(resolve))

    expect({ kills, rejects }).toEqual({ kills: 1, rejects: 1 })
  })
})

describe('a promise in a branch that is not begun, or not yet', () => {
  it.each([
    ['race', (promise: Promise<unknown>) => race([spawned(), promise])],
    ['race of others', (promise: Promise<unknown>) => race([spawned(), timeout(10, all([promise]))])],
    ['all', (promise: Promise<unknown>) => all([broken(), promise], { limit: 1 })],
    ['allSettled', (promise: Promise<unknown>) => timeout(1, allSettled([sleep(9), promise], { limit: 1 }))],
    ['all, later', (promise: Promise<unknown>) => all([sleep(9), promise], { limit: 1 })],
  ])('is ignored, even its error: %s', async (_, combination) => {
    // An unhandled rejection fails this test file.
    await virtually(function* () {
      try {
        yield combination(Promise.reject(failure('of a branch that is not begun')))
      } catch {}
    })
    await new Promise((resolve) => setImmediate(resolve))
  })

  /** Answers at once. */
  function spawned() {
    return spawn(function* () {})
  }

  function* broken(): Coroutine {
    throw failure('of the first branch')
  }
})

describe('a promise whose waiter breaks when it is answered', () => {
  it('still answers the others, and the error is an unhandled rejection', async () => {
    const unhandled = new Promise<unknown>((resolve) => {
      const others = process.listeners('unhandledRejection')
      process.removeAllListeners('unhandledRejection')
      process.once('unhandledRejection', (error) => {
        for (const listener of others) process.on('unhandledRejection', listener)
        resolve(error)
      })
    })
    const broken = failure('of a waiter')
    const promise = new Promise<string>((resolve) => setImmediate(resolve, 'value'))
    const { $handler: handler } = wait(promise) as unknown as { $handler: EventHandler }
    const waiter = {
      resume() {
        throw broken
      },
    } as unknown as Waiter<unknown>

    handler.enter?.(waiter, promise)
    const value = await run(() => waitFor(promise))

    expect(value).toBe('value')
    expect(await unhandled).toBe(broken)
  })
})
