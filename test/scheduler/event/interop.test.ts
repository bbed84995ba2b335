// Promise 12: promises, signals, callbacks, wake-ups from outside, and AsyncLocalStorage.
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  Cancelled,
  Channel,
  type Coroutine,
  callback,
  group,
  join,
  pause,
  race,
  Scheduler,
  sleep,
  spawn,
  TimeoutError,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { runScript } from '../../support/script.js'
import { failure, rejection, virtually, world } from '../world.js'

describe('a promise', () => {
  it('gives its value where it is yielded', async () => {
    const value = await virtually(function* () {
      return (yield Promise.resolve(42)) as number
    })

    expect(value).toBe(42)
  })

  it('throws its error where it is yielded, the very object', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      try {
        yield Promise.reject(error)
      } catch (caught) {
        return caught
      }
      return 'nothing was thrown'
    })

    expect(caught).toBe(error)
  })

  it('may reject with anything', async () => {
    const caught = await virtually(function* () {
      try {
        yield Promise.reject(undefined)
      } catch (caught) {
        return [caught]
      }
      return 'nothing was thrown'
    })

    expect(caught).toEqual([undefined])
  })

  it('that nobody waits for any longer may reject: nobody hears of it', async () => {
    const value = await virtually(function* () {
      const late = new Promise((_resolve, reject) => setImmediate(reject, failure()))
      yield race([late, pause()])
      yield new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      return 'went on'
    })

    expect(value).toBe('went on')
  })

  it('may be any thenable, also one that calls back at once', async () => {
    const value = await virtually(function* () {
      return (yield thenable((resolve) => resolve(42))) as number
    })

    expect(value).toBe(42)
  })

  it('counts once, however often a thenable calls back', async () => {
    const values = await virtually(function* () {
      const value: number = yield thenable((resolve, reject) => {
        resolve(1)
        resolve(2)
        reject(failure())
      })
      yield pause()
      return value
    })

    expect(values).toBe(1)
  })

  it('counts as settled when a thenable calls back and throws then, as for await', async () => {
    const value = await virtually(function* () {
      return (yield thenable((resolve) => {
        resolve(1)
        throw failure('after it called back')
      })) as number
    })

    expect(value).toBe(1)
  })
})

describe('signal', () => {
  const reason = failure('the reason')

  it('that is aborted already lets no task take a step', async () => {
    let steps = 0

    const error = await rejection(
      virtually(
        function* () {
          steps++
        },
        { signal: AbortSignal.abort(reason) },
      ),
    )

    expect([error, steps]).toEqual([reason, 0])
  })

  it('that is aborted during the run cancels every task and rejects with the reason, when all have cleaned up', async () => {
    const controller = new AbortController()
    const { scheduler, log, note } = world()
    function* cleaner(name: string) {
      try {
        yield sleep(1000)
      } catch (error) {
        note(`${name} got ${(error as Error).name}`)
        throw error
      } finally {
        yield sleep(5)
        note(`${name} has cleaned up`)
      }
    }

    const error = await rejection(
      scheduler.run(
        function* () {
          yield spawn(cleaner, 'child')
          yield spawn(function* () {
            yield sleep(10)
            controller.abort(reason)
          })
          yield* cleaner('main')
        },
        { signal: controller.signal },
      ),
    )

    expect(error).toBe(reason)
    expect(log).toEqual([
      '10: main got Cancelled',
      '10: child got Cancelled',
      '15: main has cleaned up',
      '15: child has cleaned up',
    ])
  })

  it('that is aborted from outside wakes a run in which every task waits', async () => {
    const controller = new AbortController()
    const waiting = rejection(virtually(waitForEver, { signal: controller.signal }))
    setImmediate(() => setImmediate(() => controller.abort(reason)))

    expect(await waiting).toBe(reason)
  })

  it('that is aborted after the run has no effect', async () => {
    const controller = new AbortController()
    const { scheduler } = world()
    await scheduler.run(one, { signal: controller.signal })
    const second = scheduler.run(function* () {
      yield sleep(10)
      return 2
    })

    controller.abort(reason)

    expect(await second).toBe(2)
  })

  it('is left without a listener when the run has ended', async () => {
    const listeners = new Set<unknown>()
    const signal = {
      aborted: false,
      addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
      removeEventListener: (_type: 'abort', listener: () => void) => void listeners.delete(listener),
    }

    await virtually(one, { signal })

    expect(listeners.size).toBe(0)
  })

  it('gives its own reason when the user gave none', async () => {
    const error = await rejection(virtually(waitForEver, { signal: AbortSignal.abort() }))

    expect((error as Error).name).toBe('AbortError')
  })

  it('that is aborted a second time by the clean-up changes nothing', async () => {
    const controller = new AbortController()

    const error = await rejection(
      virtually(
        function* () {
          try {
            controller.abort(reason)
            yield pause()
          } finally {
            controller.abort(failure('another reason'))
          }
        },
        { signal: controller.signal },
      ),
    )

    expect(error).toBe(reason)
  })

  it('does not lose the error of a clean-up', async () => {
    const controller = new AbortController()
    const broken = failure('clean-up')

    const error = await rejection(
      virtually(
        function* () {
          try {
            controller.abort(reason)
            yield pause()
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: the clean-up fails.
            throw broken
          }
        },
        { signal: controller.signal },
      ),
    )

    expect((error as AggregateError).errors).toEqual([reason, broken])
  })

  it('wins over the value of a root that swallows Cancelled', async () => {
    const controller = new AbortController()

    const error = await rejection(
      virtually(
        function* () {
          try {
            controller.abort(reason)
            yield pause()
          } catch (error) {
            if (!(error instanceof Cancelled)) throw error
          }
          return 'swallowed'
        },
        { signal: controller.signal },
      ),
    )

    expect(error).toBe(reason)
  })

  it('waits for a clean-up no longer than the grace period, then uses return()', async () => {
    const controller = new AbortController()
    const { scheduler, host } = world()

    const error = await rejection(
      scheduler.run(
        function* () {
          try {
            controller.abort(reason)
            yield pause()
          } finally {
            yield sleep(1e6)
          }
        },
        { signal: controller.signal, grace: 100 },
      ),
    )

    expect([error, host.now()]).toEqual([reason, 100])
  })
})

describe('the outside', () => {
  it('wakes a task that waits for an external channel, value by value', async () => {
    const channel = new Channel<number>({ external: true })
    const outcome = virtually(function* () {
      const received = []
      for (let i = 0; i < 3; i++) received.push(yield* channel.receive())
      return received
    })

    for (const value of [1, 2, 3]) {
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      channel.trySend(value)
    }

    expect(await outcome).toEqual([1, 2, 3])
  })

  it('may send to an external channel before the run has begun to wait', async () => {
    const channel = new Channel<number>({ external: true })
    channel.trySend(1)

    const value = await virtually(function* () {
      return yield* channel.receive()
    })

    expect(value).toBe(1)
  })

  it('spawns into a run under way, and the run waits for that task', async () => {
    const { scheduler, log, note } = world()
    const { promise, resolve } = withResolvers<void>()
    const outcome = scheduler.run(function* () {
      yield promise
    })

    scheduler.spawn(function* () {
      resolve()
      yield sleep(10)
      note('ended')
    })
    await outcome

    expect(log).toEqual(['10: ended'])
  })

  it('wakes a task by a callback that comes while another task runs', async () => {
    let click: () => void = () => {}

    const order = await virtually(function* () {
      const order: string[] = []
      const task = yield* spawn(function* () {
        yield callback<void>((resume) => {
          click = resume
        })
        order.push('clicked')
      })
      yield pause()
      click()
      order.push('click returned')
      yield join(task)
      return order
    })

    expect(order).toEqual(['click returned', 'clicked'])
  })
})

describe('await', () => {
  it('performs an event in async code', async () => {
    const channel = new Channel<string>()
    channel.trySend('sent')

    const received = await channel.receive()

    expect(received).toBe('sent')
  })

  it('throws the error of an event, the very object', async () => {
    const error = failure()

    const caught = await rejection(timeout(1000, rejectedLater(error)))

    expect(caught).toBe(error)
  })

  it('works inside Promise.race, Promise.all and for await', async () => {
    const all = await Promise.all([sleep(0), wait(Promise.resolve(1))])
    const first = await Promise.race([wait(Promise.resolve('first')), new Promise(() => {})])
    const each: unknown[] = []
    for await (const value of [wait(Promise.resolve('x')), pause()]) each.push(value)

    expect([all, first, each]).toEqual([[undefined, 1], 'first', ['x', undefined]])
  })

  it('performs a combination with its coroutines', async () => {
    const value = await race([
      (function* (): Coroutine<string> {
        yield pause()
        return 'coroutine'
      })(),
      new Promise<string>(() => {}),
    ])

    expect(value).toBe('coroutine')
  })

  it('of a timeout rejects with a TimeoutError', async () => {
    const error = await rejection(timeout(1, new Promise(() => {})))

    expect(error).toBeInstanceOf(TimeoutError)
  })

  it('hears of a promise that is rejected at once, before anybody calls that unhandled', {
    tags: 'large',
  }, async () => {
    const { code, stdout, stderr } = await runScript(`
      import { timeout } from '@bluelet/scheduler'
      try {
        await timeout(1000, Promise.reject(new Error('refused')))
      } catch (error) {
        console.log('caught', error.message)
      }
    `)

    expect([code, stdout, stderr]).toEqual([0, 'caught refused\n', ''])
  })

  it('offers catch and finally', async () => {
    const error = failure()
    const heard: unknown[] = []

    await wait(rejectedLater(error))
      .finally(() => heard.push('finally'))
      .catch((caught: unknown) => heard.push(caught))

    expect(heard).toEqual(['finally', error])
  })

  it('does not begin before somebody awaits', async () => {
    let entered = 0
    const counted = event<void>(
      {
        name: 'counted',
        enter(waiter) {
          entered++
          waiter.resume()
        },
        withdraw() {},
      },
      undefined,
    )

    await new Promise((resolve) => setImmediate(resolve))
    const before = entered
    await counted
    await counted

    expect([before, entered]).toEqual([0, 1])
  })
})

describe('AsyncLocalStorage', () => {
  const storage = new AsyncLocalStorage<string>()

  function withContext(): Scheduler {
    return new Scheduler({
      host: Object.assign(new VirtualHost(), { context: () => AsyncLocalStorage.snapshot() }),
    })
  }

  function* storeAfter(ms: number): Coroutine<string | undefined> {
    yield sleep(ms)
    return storage.getStore()
  }

  it('is for the root what it was at the call of run', async () => {
    const scheduler = withContext()

    const outcome = storage.run('of the caller', () => scheduler.run(() => storeAfter(10)))

    expect(await outcome).toBe('of the caller')
  })

  it('is for a task what it was for its spawner at the spawn, over every later yield', async () => {
    const scheduler = withContext()

    const stores = await scheduler.run(function* () {
      storage.enterWith('one')
      const first = yield* spawn(storeAfter, 10)
      storage.enterWith('two')
      const second = yield* spawn(storeAfter, 5)
      return [yield* join(first), yield* join(second)]
    })

    expect(stores).toEqual(['one', 'two'])
  })

  it('is not mixed up between tasks that take turns', async () => {
    const scheduler = withContext()
    const seen: string[] = []
    function* task(name: string): Coroutine<void> {
      for (let i = 0; i < 3; i++) {
        yield pause()
        seen.push(`${name} sees ${storage.getStore()}`)
      }
    }

    for (const name of ['a', 'b']) storage.run(name, () => scheduler.spawn(task, name))
    await scheduler.run(one)

    expect(new Set(seen)).toEqual(new Set(['a sees a', 'b sees b']))
  })

  it('is seen by an event that is entered, and by async code that a task starts', async () => {
    const scheduler = withContext()

    const stores = await storage.run('of the caller', () =>
      scheduler.run(function* () {
        yield sleep(1)
        const byCallback = yield* callback<string | undefined>((resume) => resume(storage.getStore()))
        const byPromise: string | undefined = yield (async () => {
          await null
          return storage.getStore()
        })()
        return [byCallback, byPromise]
      }),
    )

    expect(stores).toEqual(['of the caller', 'of the caller'])
  })

  it('reaches the coroutines in a group, a race and a timeout', async () => {
    const scheduler = withContext()

    const stores = await storage.run('of the caller', () =>
      scheduler.run(function* () {
        return [
          yield* group(() => storeAfter(1)),
          yield* race([storeAfter(1), sleep(100)]),
          yield* timeout(100, storeAfter(1)),
        ]
      }),
    )

    expect(stores).toEqual(['of the caller', 'of the caller', 'of the caller'])
  })

  it('does not leak into what runs after a turn', async () => {
    const scheduler = withContext()
    await scheduler.run(function* () {
      storage.enterWith('of the task')
      yield pause()
    })

    expect(storage.getStore()).toBe(undefined)
  })
})

function* one(): Coroutine<number> {
  return 1
}

function* waitForEver(): Coroutine<void> {
  yield new Promise(() => {})
}

function rejectedLater(error: Error): Promise<never> {
  return new Promise((_resolve, reject) => setImmediate(() => setImmediate(reject, error)))
}

function thenable(
  then: (resolve: (value: number) => void, reject: (error: unknown) => void) => void,
): PromiseLike<number> {
  // biome-ignore lint/suspicious/noThenProperty: that is what the tests are about.
  return { then: then as never }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
