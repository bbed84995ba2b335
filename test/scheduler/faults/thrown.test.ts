// Promise 7: whatever is thrown reaches its receiver as it is, and what is said about it stays
// bounded.
import {
  AbandonedError,
  all,
  type Coroutine,
  group,
  join,
  kill,
  pause,
  race,
  run,
  Scheduler,
  sleep,
  spawn,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { defaultHost, TaskScope } from '@bluelet/scheduler/lowlevel'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { internals } from '../../support/internals.js'
import { failAfter, pausing } from '../coroutines.js'
import { UNPRINTABLE } from '../unprintable.js'
import { failure, virtually, world } from '../world.js'

/** What a promise rejects with, even undefined; the promise must settle. */
async function rejected(promise: Promise<unknown>): Promise<{ readonly error: unknown }> {
  try {
    await promise
  } catch (error) {
    return { error }
  }
  throw new Error('it resolved')
}

/** Whether an error is the very one; `toBe` would print it. */
function same(a: unknown, b: unknown): boolean {
  return Object.is(a, b)
}

/** The ways to end a run with an error. */
const WAYS: readonly (readonly [string, (error: unknown) => Coroutine<unknown>])[] = [
  ['the root', (error) => failAfter(1, error)],
  [
    'a spawned task',
    function* (error) {
      yield spawn(failAfter, 1, error)
      yield sleep(10)
    },
  ],
  [
    'a joined task',
    function* (error) {
      yield join(yield* spawn(failAfter, 1, error))
    },
  ],
  [
    'a callee',
    function* (error) {
      yield failAfter(1, error)
    },
  ],
  [
    'a delegated event',
    function* (error) {
      yield* wait(Promise.reject(error))
    },
  ],
  [
    'a task of a group',
    function* (error) {
      yield* group(function* (g) {
        yield* g.spawn(failAfter, 1, error)
      })
    },
  ],
  [
    'a branch of race',
    function* (error) {
      yield* race([failAfter(1, error), sleep(10)])
    },
  ],
  [
    'a branch of all',
    function* (error) {
      yield* all([failAfter(1, error), sleep(10)])
    },
  ],
  [
    'a timeout',
    function* (error) {
      yield* timeout(10, failAfter(1, error))
    },
  ],
  [
    'a clean-up',
    function* (error) {
      const task = yield* spawn(function* () {
        try {
          yield sleep(10)
        } finally {
          yield failAfter(1, error)
        }
      })
      yield pause()
      yield kill(task)
    },
  ],
]

describe.each(UNPRINTABLE)('%s', (_name, make) => {
  it.each(WAYS)('ends a run as it is when it is thrown by %s', async (_way, main) => {
    const error = make()

    const caught = await rejected(virtually(() => main(error)))

    expect(same(caught.error, error)).toBe(true)
  })

  it('is one of the errors of an AggregateError', async () => {
    const error = make()

    const caught = await rejected(
      virtually(function* () {
        yield spawn(failAfter, 1, error)
        yield spawn(failAfter, 1, failure('other'))
        yield sleep(10)
      }),
    )

    const { errors, message } = caught.error as AggregateError
    expect(errors).toHaveLength(2)
    expect(same(errors[0], error)).toBe(true)
    expect(message).toContain('2 tasks failed: ')
    expect(message).toContain('; Error: other')
  })

  it('is thrown by step, outside of a run', () => {
    const { scheduler } = world()
    const error = make()
    scheduler.spawn(function* () {
      throw error
    })

    let caught: unknown = 'nothing'
    try {
      scheduler.step()
    } catch (thrown) {
      caught = thrown
    }

    expect(same(caught, error)).toBe(true)
  })

  it('is named in the error of its yield without another error', async () => {
    const value = make()

    const caught = await rejected(
      virtually(function* () {
        yield value as never
      }),
    )

    expect(caught.error).toBeInstanceOf(Error)
  })

  it('is reported by the default host without an error', () => {
    const print = vi.spyOn(console, 'error').mockImplementation((value: unknown) => void format(value))

    defaultHost.report(make())

    expect(print).toHaveBeenCalled()
    print.mockRestore()
  })
})

/** Prints a value as an error, as some consoles do. */
function format(value: unknown): string {
  return typeof value === 'string' ? value : String((value as Error).stack)
}

describe('a prepareStackTrace of the program', () => {
  const { prepareStackTrace } = Error
  afterEach(() => {
    Error.prepareStackTrace = prepareStackTrace
  })

  it.each([
    ['returns frames', (_error: unknown, frames: unknown) => frames],
    ['returns an object', () => ({ frames: [] })],
    ['returns nothing', () => undefined],
    [
      'throws',
      () => {
        throw new Error('no stack today')
      },
    ],
  ])('that %s replaces no error', async (_what, prepare) => {
    const error = failure()
    Error.prepareStackTrace = prepare as typeof Error.prepareStackTrace

    const outcomes = []
    for (const sites of [false, true]) {
      for (const [, main] of WAYS) outcomes.push(await rejected(virtually(() => main(error), { sites })))
    }
    Error.prepareStackTrace = prepareStackTrace

    expect(outcomes.filter((outcome) => outcome.error !== error)).toEqual([])
  })

  it('that returns frames leaves snapshots without call sites', async () => {
    Error.prepareStackTrace = (_error, frames) => frames
    const { scheduler } = world({ sites: true })

    const sites = await scheduler.run(function* () {
      yield* spawn(pausing)
      return scheduler.snapshot().map(({ spawnedAt }) => spawnedAt)
    })

    expect(sites).toEqual([undefined, undefined])
  })
})

describe('the books of a task that ends', () => {
  it.each(['spawning', 'failed', 'ended'] as const)(
    'are finished although %s of its scope throws',
    async (method) => {
      const { scheduler } = world()
      const broken = failure(`in ${method}`)
      const scope = new TaskScope({
        failed() {},
        [method]() {
          throw broken
        },
      })

      const caught = await rejected(
        scheduler.run(function* () {
          const runtime = internals(scheduler)
          runtime.spawnUnder(scope, () => failAfter(1, failure('of the task')))
          yield sleep(5)
        }),
      )

      const { error } = caught
      const errors = error instanceof AggregateError ? error.errors : [error]
      expect(errors).toContain(broken)
      expect(scheduler.snapshot()).toEqual([])
      expect(internals(scheduler).timers.size).toBe(0)
    },
  )

  it('are finished although a watcher throws, and the other watchers are notified', async () => {
    const { scheduler, log, note } = world()
    const broken = failure('of a watcher')

    const caught = await rejected(
      scheduler.run(function* () {
        const task = yield* spawn(failAfter, 1, failure('of the task'))
        ;(task as unknown as Watched).watch({
          ended() {
            throw broken
          },
        })
        yield* spawn(function* () {
          try {
            yield* join(task)
          } catch {
            note('the joiner')
          }
        })
        yield sleep(5)
      }),
    )

    expect(caught.error).toBe(broken)
    expect(log).toEqual(['1: the joiner'])
    expect(scheduler.snapshot()).toEqual([])
  })

  it('are finished although a probe throws and the host cannot report it', async () => {
    const { host } = world()
    const scheduler = new Scheduler({
      host: {
        ...bound(host),
        report() {
          throw failure('of the host')
        },
      },
    })
    scheduler.attach({
      exit() {
        throw failure('of the probe')
      },
    })

    const value = await scheduler.run(function* () {
      yield* sleep(1)
      return 'value'
    })

    expect(value).toBe('value')
  })
})

/** A host as a plain object. */
function bound(host: ReturnType<typeof world>['host']) {
  return {
    now: () => host.now(),
    soon: (callback: () => void) => host.soon(callback),
    at: (deadline: number, callback: () => void) => host.at(deadline, callback),
    cancel: (timer: unknown) => host.cancel(timer),
  }
}

describe('what is said of an error', () => {
  it('stays bounded when one error object fails a thousand tasks', async () => {
    const error = failure()
    const cached = Promise.reject(error)
    cached.catch(() => {})
    let early = 0

    await virtually(function* () {
      for (let n = 1; n <= 1000; n++) {
        try {
          yield* group(function* (g) {
            yield* g.spawn(function* handler() {
              yield* wait(cached)
            })
          })
        } catch {}
        if (n === 100) early = error.stack?.length ?? 0
      }
    })

    expect(error.stack).toContain('in task handler#3')
    expect(error.stack?.length).toBe(early)
    expect(early).toBeLessThan(30_000)
  })

  it('says that the error has failed more tasks than it names', async () => {
    const error = failure()

    await virtually(function* () {
      for (let n = 0; n < 100; n++) {
        try {
          yield* group(function* () {
            throw error
          })
        } catch {}
      }
    })

    expect(error.stack?.match(/in task/g)).toHaveLength(16)
    expect(error.stack?.endsWith('\n    and in more tasks')).toBe(true)
  })

  it('stays bounded in the message of nested AggregateErrors', async () => {
    function* failing(depth: number): Coroutine<void> {
      if (depth === 0) throw failure('x'.repeat(10_000))
      yield* group(function* (g) {
        for (let i = 0; i < 4; i++) yield* g.spawn(failing, depth - 1)
      })
    }

    const { error } = await rejected(virtually(() => failing(5)))

    expect(error).toBeInstanceOf(AggregateError)
    expect((error as Error).message.length).toBeLessThan(10_000)
  })

  it('stays bounded in the message of a thousand errors', async () => {
    const { error } = await rejected(
      virtually(function* () {
        for (let n = 0; n < 1000; n++) yield* spawn(failAfter, 1, failure(`${n}`))
        yield* sleep(10)
      }),
    )

    expect((error as AggregateError).errors).toHaveLength(1000)
    expect((error as Error).message.length).toBeLessThan(10_000)
  })

  it.each([
    ['a bigint', 10n ** 100_000n],
    ['a symbol', Symbol('x'.repeat(100_000))],
    ['a function', Object.defineProperty(() => {}, 'name', { value: 'x'.repeat(100_000) })],
  ])('stays bounded in the message about %s', async (_what, value) => {
    const { error } = await rejected(
      virtually(function* () {
        yield value as never
      }),
    )

    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message.length).toBeLessThan(1000)
  })

  it('stays bounded in the message of a join cycle', async () => {
    const { error } = await rejected(
      virtually(function* () {
        const tasks: ReturnType<Scheduler['spawn']>[] = []
        for (let i = 0; i < 1000; i++) {
          tasks.push(
            yield* spawn(function* () {
              yield* pause()
              yield* join(tasks[(i + 1) % 1000] as never)
            }),
          )
        }
        yield* sleep(10)
      }),
    )

    expect((error as Error).message).toContain('and 980 more')
  })

  it('names the tasks of functions with odd names', async () => {
    const odd = Object.defineProperty(function* () {}, 'name', { value: Symbol('name') })

    const name = await virtually(function* () {
      return (yield* spawn(odd)).name
    })

    expect(name).toBe('anonymous')
  })
})

describe('an error that is not the last', () => {
  it('does not keep its scheduler from ending after an abandoned task', async () => {
    const { scheduler } = world()

    const caught = await rejected(
      scheduler.run(
        function* () {
          yield* spawn(function* () {
            while (true) {
              try {
                yield* sleep(1e9)
              } finally {
                // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
                continue
              }
            }
          })
          yield* sleep(1)
          throw Object.create(null)
        },
        { grace: 1 },
      ),
    )

    expect((caught.error as AggregateError).errors[1]).toBeInstanceOf(AbandonedError)
  })

  it('is settled by the real host, too', async () => {
    const error = new Error('odd')
    Object.defineProperty(error, 'stack', { value: { frames: [] } })

    const caught = await rejected(
      run(function* () {
        yield* spawn(failAfter, 1, error)
        yield* sleep(20)
      }),
    )

    expect(caught.error).toBe(error)
  })
})

/** A task, for tests of what may watch it. */
interface Watched {
  watch(watcher: { ended(): boolean }): void
}
