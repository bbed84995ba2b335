import {
  all,
  Cancelled,
  Channel,
  type Coroutine,
  callback,
  DeadlockError,
  type Event,
  group,
  join,
  kill,
  Latch,
  pause,
  race,
  run,
  Scheduler,
  Semaphore,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { runScript } from '../../support/script.js'
import { failure, rejection, virtually, world } from '../world.js'

function* waitFor(event: Event): Coroutine {
  return yield event
}

/** What the outside does, once everything in the process that could happen by itself has happened. */
function outside(callback: () => void): void {
  setImmediate(() => setImmediate(() => setImmediate(callback)))
}

/** A task of a scheduler that never runs. */
function foreignTask(): Task {
  return new Scheduler({ host: new VirtualHost({ manual: true }) }).spawn(() => waitFor(pause()))
}

async function deadlockOf(main: () => Coroutine): Promise<DeadlockError> {
  const error = await rejection(virtually(main))
  if (!(error instanceof DeadlockError)) throw error
  return error
}

describe('deadlock', () => {
  const stuck: readonly (readonly [string, () => Event])[] = [
    ['a latch that nobody opens', () => new Latch().wait()],
    ['a channel that nobody sends to', () => new Channel().receive()],
    ['a full channel that nobody receives from', () => new Channel({ capacity: 0 }).send(1)],
    ['a race between two of these', () => race([new Latch().wait(), new Channel().receive()])],
    ['all of two of these', () => all([new Latch().wait(), new Channel().receive()])],
    ['a group whose body waits for one of these', () => group(() => waitFor(new Latch().wait()))],
    ['a sleep that never ends', () => sleep(Number.POSITIVE_INFINITY)],
    ['a timeout that never comes', () => timeout(Number.POSITIVE_INFINITY, new Latch().wait())],
    ['a race of a latch and a sleep that never ends', () => race([new Latch().wait(), sleep(Infinity)])],
  ]
  it.each(stuck)('is seen when the only task waits for %s', async (_name, make) => {
    const error = await rejection(virtually(() => waitFor(make())))

    expect(error).toBeInstanceOf(DeadlockError)
  })

  it('is seen when a permit is never given back', async () => {
    const error = await deadlockOf(function* () {
      const semaphore = new Semaphore()
      yield semaphore.acquire()
      yield semaphore.acquire()
    })

    expect(error.waits).toEqual(['anonymous#1 waits for semaphore.acquire()'])
  })

  it('lists each task, in spawn order, with what it waited for', async () => {
    const latch = new Latch()
    const channel = new Channel()

    const error = await deadlockOf(function* main() {
      const first = yield* spawn(function first() {
        return waitFor(latch.wait())
      })
      yield spawn.with({ name: 'second' }, waitFor(channel.receive()))
      yield join(first)
    })

    expect(error.waits).toEqual([
      'main#1 waits for join(first#2)',
      'first#2 waits for latch.wait()',
      'second#3 waits for channel.receive()',
    ])
    expect(error.message.split('\n  ')).toEqual([
      'every task waits, and nothing is left that could wake one:',
      ...error.waits,
    ])
  })

  it('shows the first twenty tasks of many and lists all of them', async () => {
    const error = await deadlockOf(function* () {
      for (let i = 0; i < 30; i++) yield spawn(waitFor, new Latch().wait())
      yield new Latch().wait()
    })

    expect(error.waits).toHaveLength(31)
    expect(error.message.split('\n')).toHaveLength(22)
    expect(error.message).toMatch(/\n {2}and 11 more$/)
  })

  it('leaves out the tasks that have ended', async () => {
    const error = await deadlockOf(function* main() {
      yield spawn(function* short() {})
      yield new Latch().wait()
    })

    expect(error.waits).toEqual(['main#1 waits for latch.wait()'])
  })

  it('runs the finally blocks of every task before the run rejects', async () => {
    const { scheduler, log, note } = world()
    function* cleaner(name: string) {
      try {
        yield new Latch().wait()
      } finally {
        yield sleep(10)
        note(`${name} has cleaned up`)
      }
    }

    const error = await rejection(
      scheduler.run(function* () {
        yield spawn(cleaner, 'child')
        yield* cleaner('main')
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
    expect(log).toEqual(['10: main has cleaned up', '10: child has cleaned up'])
  })

  it('is thrown at no yield: the tasks are cancelled', async () => {
    let thrown: unknown

    await deadlockOf(function* () {
      try {
        yield new Latch().wait()
      } catch (error) {
        thrown = error
        throw error
      }
    })

    expect(thrown).toBeInstanceOf(Cancelled)
  })

  it('is no excuse for losing the error of a clean-up', async () => {
    const broken = failure('clean-up')

    const error = await rejection(
      virtually(function* () {
        try {
          yield new Latch().wait()
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: the clean-up fails.
          throw broken
        }
      }),
    )

    expect(error).toBeInstanceOf(AggregateError)
    expect((error as AggregateError).errors).toEqual([expect.any(DeadlockError), broken])
  })

  it('is seen only when the last sleeper has woken and ended', async () => {
    const { scheduler, host } = world()

    const error = await rejection(
      scheduler.run(function* () {
        yield spawn(waitFor, sleep(1000))
        yield new Latch().wait()
      }),
    )

    expect((error as DeadlockError).waits).toEqual(['anonymous#1 waits for latch.wait()'])
    expect(host.now()).toBe(1000)
  })

  it('is seen after a join of a task that waits for its joiner by another way', async () => {
    const latch = new Latch()

    const error = await deadlockOf(function* main() {
      const task = yield* spawn(waitFor, latch.wait())
      yield task
      latch.open()
    })

    expect(error.waits).toEqual(['main#1 waits for join(waitFor#2)', 'waitFor#2 waits for latch.wait()'])
  })

  it('leaves the scheduler fit for another run', async () => {
    const { scheduler } = world()
    await rejection(scheduler.run(() => waitFor(new Latch().wait())))

    const value = await scheduler.run(function* () {
      yield sleep(10)
      return 42
    })

    expect(value).toBe(42)
  })
})

describe('no deadlock is seen while a task', () => {
  it('waits for a timer', async () => {
    const latch = new Latch()

    const value = await virtually(function* () {
      yield spawn(function* () {
        yield sleep(1e9)
        latch.open()
      })
      yield latch.wait()
      return 'opened'
    })

    expect(value).toBe('opened')
  })

  it('waits for a promise', async () => {
    const { promise, resolve } = withResolvers<string>()

    const outcome = virtually(function* () {
      return (yield promise) as string
    })
    outside(() => resolve('kept'))

    expect(await outcome).toBe('kept')
  })

  it('waits for a promise as one branch of a race, an all and a timeout', async () => {
    const { promise, resolve } = withResolvers<string>()

    const outcome = virtually(() =>
      waitFor(race([all([timeout(Number.POSITIVE_INFINITY, promise)]), new Latch().wait()])),
    )
    outside(() => resolve('kept'))

    expect(await outcome).toEqual(['kept'])
  })

  it('waits for a callback', async () => {
    let call: ((value: string) => void) | undefined

    const called = callback<string>((resume) => {
      call = resume
    })
    const outcome = virtually(() => waitFor(called))
    outside(() => call?.('called'))

    expect(await outcome).toBe('called')
  })

  it('waits for an external channel', async () => {
    const channel = new Channel<string>({ external: true })

    const outcome = virtually(() => waitFor(channel.receive()))
    outside(() => channel.trySend('sent'))

    expect(await outcome).toBe('sent')
  })

  it('waits for an event of a handler of its own that is external', async () => {
    let answer: ((value: string) => void) | undefined
    const signalled = event<string>(
      {
        name: 'signal',
        external: 'signal',
        enter(waiter) {
          answer = (value) => waiter.resume(value)
        },
        withdraw() {},
      },
      undefined,
    )

    const outcome = virtually(() => waitFor(signalled))
    outside(() => answer?.('answered'))

    expect(await outcome).toBe('answered')
  })

  it('waits for another that waits for a promise', async () => {
    const { promise, resolve } = withResolvers<string>()

    const outcome = virtually(function* () {
      const task = yield* spawn(function* () {
        return (yield promise) as string
      })
      return yield* join(task)
    })
    outside(() => resolve('kept'))

    expect(await outcome).toBe('kept')
  })

  it('waits for a task of another scheduler', async () => {
    const other = world().scheduler
    const { promise, resolve } = withResolvers<string>()
    const foreign = other.spawn(() => waitFor(promise as unknown as Event))

    const outcome = virtually(() => waitFor(join(foreign)))
    const others = other.run(function* () {})
    outside(() => resolve('kept'))

    await others
    expect(await outcome).toBe('kept')
  })

  it('runs while something holds the scheduler', async () => {
    const { scheduler } = world()
    const latch = new Latch()

    const outcome = scheduler.run(function* () {
      scheduler.hold()
      yield latch.wait()
      return 'opened'
    })
    outside(() => {
      latch.open()
      scheduler.release()
    })

    expect(await outcome).toBe('opened')
  })
})

describe('a hold', () => {
  it('keeps a run open whose tasks have all ended', async () => {
    const { scheduler } = world()
    let released = false

    const outcome = scheduler.run(function* () {
      scheduler.hold()
      return 'returned'
    })
    outside(() => {
      released = true
      scheduler.release()
    })

    expect([await outcome, released]).toEqual(['returned', true])
  })

  it('ends in a deadlock when it is released and nothing was woken', async () => {
    const { scheduler } = world()

    const outcome = rejection(
      scheduler.run(function* () {
        scheduler.hold()
        yield new Latch().wait()
      }),
    )
    outside(() => scheduler.release())

    expect(await outcome).toBeInstanceOf(DeadlockError)
  })

  const withdrawn: readonly (readonly [string, () => Event])[] = [
    ['a promise', () => race([new Promise(() => {}), pause()])],
    ['a callback', () => race([callback(() => {}), pause()])],
    ['a callback that comes at once', () => all([callback<void>((resume) => resume())])],
    ['an external channel', () => race([new Channel({ external: true }).receive(), pause()])],
    ['a promise in an all that failed', () => all([new Promise(() => {}), Promise.reject(failure())])],
    ['a join of a task of another scheduler', () => race([join(foreignTask()), pause()])],
    ['a promise whose time is up', () => timeout(10, new Promise(() => {}))],
  ]
  it.each(withdrawn)('by %s ends with the wait', async (_name, make) => {
    const error = await deadlockOf(function* main() {
      try {
        yield make()
      } catch {}
      yield new Latch().wait()
    })

    expect(error.waits).toEqual(['main#1 waits for latch.wait()'])
  })

  it('by a promise ends when the task that waits is killed', async () => {
    const error = await deadlockOf(function* main() {
      const task = yield* spawn(() => waitFor(callback(() => {})))
      yield pause()
      yield kill(task)
      yield new Latch().wait()
    })

    expect(error.waits).toEqual(['main#1 waits for latch.wait()'])
  })

  it('is none by an AbortSignal', async () => {
    const { signal } = new AbortController()

    const error = await rejection(run(() => waitFor(new Latch().wait()), { host: new VirtualHost(), signal }))

    expect(error).toBeInstanceOf(DeadlockError)
  })
})

describe('a run whose surroundings have nothing left that could call in', () => {
  /** Virtual time, in surroundings that the test says are exhausted. */
  class ExhaustibleHost extends VirtualHost {
    readonly asked = new Set<() => void>()

    override onExhausted(callback: () => void): () => void {
      this.asked.add(callback)
      return () => this.asked.delete(callback)
    }

    exhaust(): void {
      for (const callback of [...this.asked]) callback()
    }
  }

  it('ends with DeadlockError, its finally blocks first', async () => {
    const host = new ExhaustibleHost()
    const log: string[] = []

    const outcome = rejection(
      run(
        function* main() {
          try {
            yield new Promise(() => {})
          } finally {
            yield sleep(1)
            log.push('finally')
          }
        },
        { host },
      ),
    )
    outside(() => host.exhaust())

    const error = await outcome
    expect(error).toBeInstanceOf(DeadlockError)
    expect((error as DeadlockError).waits).toEqual(['main#1 waits for wait()'])
    expect(log).toEqual(['finally'])
  })

  it('goes on while a task is ready', async () => {
    const host = new ExhaustibleHost()

    const outcome = run(() => waitFor(pause()), { host })
    host.exhaust()

    expect(await outcome).toBe(undefined)
  })

  it('goes on while a timer is set', async () => {
    const host = new ExhaustibleHost()
    host.at(5, () => host.exhaust())

    const value = await run(() => waitFor(race([sleep(10), new Promise(() => {})])), { host })

    expect([value, host.now()]).toEqual([undefined, 10])
  })

  it('says so when it is held open though every task has ended', async () => {
    const host = new ExhaustibleHost()
    const scheduler = new Scheduler({ host })

    const outcome = rejection(
      scheduler.run(function* () {
        scheduler.hold()
        scheduler.hold()
      }),
    )
    outside(() => host.exhaust())

    expect(String(await outcome)).toBe(
      'Error: every task has ended, but the run is held open: hold() was called 2 times more than release()',
    )
  })

  it('no longer asks once it is over', async () => {
    const host = new ExhaustibleHost()

    const during = await run(
      function* () {
        yield pause()
        return host.asked.size
      },
      { host },
    )

    expect([during, host.asked.size]).toEqual([1, 0])
  })
})

describe('a run on a host that simulates what its tasks wait for', () => {
  /** Waits for what never comes, but could, from a simulated socket. */
  function arrival(): Event<void> {
    return event({ name: 'arrival', external: 'socket', enter() {} }, undefined)
  }

  it('ends with DeadlockError when the host has nothing left to call', async () => {
    const host = new VirtualHost({ simulates: ['socket'] })

    const error = await rejection(
      run(
        function* main() {
          yield race([arrival(), sleep(10)])
          yield arrival()
        },
        { host },
      ),
    )

    expect(error).toBeInstanceOf(DeadlockError)
    expect((error as DeadlockError).waits).toEqual(['main#1 waits for arrival()'])
    expect(host.now()).toBe(10)
  })

  it('goes on while a task waits for what only the real world can end', async () => {
    const host = new VirtualHost({ simulates: ['socket'] })
    const { promise, resolve } = withResolvers<string>()
    const log: string[] = []

    const outcome = rejection(
      run(
        function* () {
          yield spawn(function* () {
            log.push((yield promise) as string)
          })
          yield arrival()
        },
        { host },
      ),
    )
    outside(() => resolve('kept'))

    expect(await outcome).toBeInstanceOf(DeadlockError)
    expect(log).toEqual(['kept'])
  })

  it('ends what still waits there once the root has returned, as a server that nobody connects to', async () => {
    const host = new VirtualHost({ simulates: ['socket'] })
    const log: string[] = []

    const value = await run(
      function* () {
        yield spawn(function* () {
          try {
            yield arrival()
          } finally {
            log.push('finally')
          }
        })
        return 'returned'
      },
      { host },
    )

    expect([value, log]).toEqual(['returned', ['finally']])
  })
})

describe('in a process of its own, a run', { tags: 'large' }, () => {
  const never = `
    import { run, sleep, race, spawn, wait } from '@bluelet/scheduler'
    const never = new Promise(() => {})
  `

  it('that waits only for a promise that is never settled ends with DeadlockError', async () => {
    const { code, stderr } = await runScript(`${never}
      run(function* main() { yield never })
    `)

    expect(code).toBe(1)
    expect(stderr).toContain('DeadlockError: every task waits, and nothing is left that could wake one')
    expect(stderr).toContain('main#1 waits for wait()')
  })

  it('does so too when the module awaits the run', async () => {
    const { code, stderr } = await runScript(`${never}
      await run(function* main() { yield never })
    `)

    expect(code).toBe(1)
    expect(stderr).toContain('DeadlockError')
  })

  it('runs its finally blocks first, with their sleeps', async () => {
    const { code, stdout } = await runScript(`${never}
      await run(function* main() {
        try { yield never } finally { yield sleep(1); console.log('cleaned up') }
      })
    `)

    expect([code, stdout]).toEqual([1, 'cleaned up\n'])
  })

  it('does so too after a sleep that a race has withdrawn', async () => {
    const { code, stderr } = await runScript(`${never}
      await run(function* main() {
        yield race([sleep(3_600_000), new Promise((resolve) => setTimeout(resolve, 1))])
        yield never
      })
    `)

    expect(code).toBe(1)
    expect(stderr).toContain('DeadlockError')
  })

  it('does so too beside a sleep that never ends', async () => {
    const { code, stderr } = await runScript(`${never}
      await run(function* main() {
        yield spawn(function* () { yield sleep(Infinity) })
        yield never
      })
    `)

    expect(code).toBe(1)
    expect(stderr).toContain('DeadlockError')
  })

  it('waits for its sleeps and promises, and exits with 0', async () => {
    const { code, stdout } = await runScript(`${never}
      await run(function* main() {
        yield new Promise((resolve) => setTimeout(resolve, 1))
        yield sleep(1)
        console.log('done')
      })
    `)

    expect([code, stdout]).toEqual([0, 'done\n'])
  })
})

describe('a deadlock while a run is cancelled', () => {
  it('ends a straggler of a clean-up, too, however long it would have been given', async () => {
    const failed = new Error('failed')

    const error = await rejection(
      virtually(
        function* () {
          yield spawn(function* () {
            try {
              yield sleep(1e9)
            } finally {
              yield spawn(waitFor(new Latch().wait()))
            }
          })
          yield pause()
          throw failed
        },
        { grace: Number.POSITIVE_INFINITY },
      ),
    )

    expect(error).toBeInstanceOf(AggregateError)
    expect((error as AggregateError).errors).toEqual([failed, expect.any(DeadlockError)])
  })
})

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
