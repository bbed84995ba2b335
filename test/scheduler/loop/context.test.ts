// Promise 12: the `AsyncLocalStorage` context in which a task runs.
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Coroutine,
  callback,
  group,
  join,
  pause,
  race,
  run,
  Scheduler,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { joining } from '../coroutines.js'

const context = () => AsyncLocalStorage.snapshot()

/** What runs a coroutine in virtual time, and captures the context of each spawn. */
interface Runner {
  run<T>(main: () => Coroutine<T>): Promise<T>
}

const runners: readonly (readonly [string, () => Runner])[] = [
  ['by an option of the run', () => ({ run: (main) => run(main, { host: new VirtualHost(), context }) })],
  ['by the host', () => new Scheduler({ host: Object.assign(new VirtualHost(), { context }) })],
]

describe.each(runners)('AsyncLocalStorage, captured %s', (_name, withContext) => {
  const storage = new AsyncLocalStorage<string>()

  function* storeAfter(ms: number): Coroutine<string | undefined> {
    yield sleep(ms)
    return storage.getStore()
  }

  it('of the root is that of the call of run', async () => {
    const scheduler = withContext()

    const outcome = storage.run('of the caller', () => scheduler.run(() => storeAfter(10)))

    expect(await outcome).toBe('of the caller')
  })

  it('of a task is that of its spawn, over every later yield', async () => {
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

    await scheduler.run(function* () {
      for (const name of ['a', 'b']) {
        storage.enterWith(name)
        yield spawn(task, name)
      }
    })

    expect(new Set(seen)).toEqual(new Set(['a sees a', 'b sees b']))
  })

  it('is visible to a handler that is entered, and to async code that a task starts', async () => {
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

  it('is visible to the coroutines in a group, a race and a timeout', async () => {
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

  it('does not leak into code that runs after a turn', async () => {
    const scheduler = withContext()
    await scheduler.run(function* () {
      storage.enterWith('of the task')
      yield pause()
    })

    expect(storage.getStore()).toBe(undefined)
  })
})

describe('AsyncLocalStorage, captured by the host', () => {
  it('of a task that is spawned from outside is that of the call of spawn', async () => {
    const storage = new AsyncLocalStorage<string>()
    const scheduler = new Scheduler({ host: Object.assign(new VirtualHost(), { context }) })

    const task = storage.run('of the caller', () =>
      scheduler.spawn(function* (): Coroutine<string | undefined> {
        yield sleep(1)
        return storage.getStore()
      }),
    )

    expect(await scheduler.run(() => joining(task))).toBe('of the caller')
  })
})
