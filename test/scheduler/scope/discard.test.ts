// Promise 4: values that a combination has received and that its waiter does not receive: each goes
// back exactly once.
import {
  AbandonedError,
  all,
  Channel,
  type Coroutine,
  callback,
  type Event,
  group,
  join,
  kill,
  Latch,
  pause,
  race,
  run,
  Semaphore,
  sleep,
  spawn,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { type EventHandler, event } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from '../world.js'

/** Counts the values of an event that has made them, and those that it got back. */
class Pool {
  taken = 0
  readonly back: number[] = []
  readonly #handler: EventHandler<undefined, void, number> = {
    name: 'pool.take',
    enter: (waiter) => waiter.resume(++this.taken),
    discard: (_argument, value) => void this.back.push(value),
  }

  take(): Event<number> {
    return event<number>(this.#handler, undefined)
  }
}

function* failsAt(ms: number, error: unknown = failure()): Coroutine<never> {
  yield sleep(ms)
  throw error
}

const losing: readonly (readonly [string, (taking: Event<number>) => Coroutine])[] = [
  ['all fails', (taking) => caught(all([taking, failsAt(5)]))],
  ['all fails with several values', (taking) => caught(all([taking, taking, failsAt(5)]))],
  ['its time is up', (taking) => caught(timeout(5, all([taking, sleep(1000)])))],
  ['a race is decided', (taking) => caught(race([sleep(5), all([taking, sleep(1000)])]))],
  ['an all around an all fails', (taking) => caught(all([all([taking, pause()]), failsAt(5)]))],
  ['an all around a race fails', (taking) => caught(all([race([taking, sleep(1)]), failsAt(5)]))],
  ['an all around a timeout fails', (taking) => caught(all([timeout(100, taking), failsAt(5)]))],
  ['the clean-up of a loser fails', (taking) => caught(race([cleanUpFails(), all([taking, sleep(1)])]))],
  ['its task is killed', (taking) => killedWith(all([taking, sleep(1000)]))],
  ['its task is killed in a nested all', (taking) => killedWith(all([all([taking, taking]), sleep(1000)]))],
]

function* caught(event: Event): Coroutine {
  try {
    yield event
  } catch {}
}

function* killedWith(event: Event): Coroutine {
  const task = yield* spawn(caught, event)
  yield* sleep(5)
  yield* kill(task)
}

function* cleanUpFails(): Coroutine {
  try {
    yield sleep(1000)
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
    throw failure('clean-up')
  }
}

describe('the value of an event that its waiter does not receive', () => {
  it.each(losing)('goes back to the event once when %s', async (_title, lose) => {
    const pool = new Pool()

    await virtually(lose(pool.take()))

    expect(pool.taken).toBeGreaterThan(0)
    expect(pool.back.sort()).toEqual(Array.from({ length: pool.taken }, (_, i) => i + 1))
  })

  it.each([
    ['all', (taking: Event<number>) => all([taking, sleep(1)])],
    ['race', (taking: Event<number>) => race([sleep(1), taking])],
    ['timeout', (taking: Event<number>) => timeout(10, taking)],
    ['all in all', (taking: Event<number>) => all([all([taking]), sleep(1)])],
  ])('stays with the waiter that receives it from %s', async (_title, combine) => {
    const pool = new Pool()

    await virtually(function* () {
      yield combine(pool.take())
    })

    expect(pool.taken).toBe(1)
    expect(pool.back).toEqual([])
  })

  it('goes back when it comes while its branch is being withdrawn', async () => {
    const pool: string[] = []
    const STUBBORN: EventHandler<undefined, void, string> = {
      name: 'stubborn',
      enter() {},
      withdraw(waiter) {
        waiter.scheduler.timers.add(
          waiter.scheduler.now() + 5,
          (w: typeof waiter) => w.resume('late'),
          waiter,
        )
        return 'later'
      },
      discard: (_argument, value) => void pool.push(value),
    }

    await virtually(function* () {
      yield race([event(STUBBORN, undefined), pause()])
    })

    expect(pool).toEqual(['late'])
  })

  it('goes back when another branch has decided while it was being entered', async () => {
    const pool = new Pool()
    const latch = new Latch()
    const OPENING: EventHandler<undefined, void, number> = {
      name: 'opening',
      enter(waiter) {
        latch.open()
        waiter.resume(++pool.taken)
      },
      discard: (_argument, value) => void pool.back.push(value),
    }

    const value = await virtually(function* () {
      return yield* race([latch.wait(), event<number>(OPENING, undefined)])
    })

    expect(value).toBe(undefined)
    expect(pool.back).toEqual([1])
  })

  it('adds the error of its discard to the outcome', async () => {
    const [first, second] = [failure('first'), failure('second')]
    const broken = event(
      { name: 'broken', enter: (w) => w.resume(1), discard: () => throws(second) },
      undefined,
    )

    const error = await rejection(
      virtually(function* () {
        yield all([broken, failsAt(1, first)])
      }),
    )

    expect((error as AggregateError).errors).toEqual([first, second])
  })

  it('waits for the promise of its discard', async () => {
    const { scheduler, note, log } = world()
    const slow = event(
      {
        name: 'slow',
        enter: (w) => w.resume(1),
        discard: () => Promise.resolve().then(() => note('discarded')),
      },
      undefined,
    )

    await scheduler.run(function* () {
      yield race([all([slow, sleep(100)]), sleep(1)])
      note('over')
    })

    expect(log).toEqual(['1: discarded', '1: over'])
  })

  it('adds the rejection of its discard to the outcome', async () => {
    const error = failure()
    const broken = event(
      { name: 'broken', enter: (w) => w.resume(1), discard: () => Promise.reject(error) },
      undefined,
    )

    const thrown = await rejection(
      virtually(function* () {
        yield race([all([broken, sleep(100)]), sleep(1)])
      }),
    )

    expect(thrown).toBe(error)
  })

  it('waits for the promise of its discard no longer than the grace', async () => {
    const endless = event(
      { name: 'endless', enter: (w) => w.resume(1), discard: () => new Promise<void>(() => {}) },
      undefined,
    )

    const error = await rejection(
      virtually(
        function* () {
          yield race([all([endless, sleep(100)]), sleep(1)])
        },
        { grace: 50 },
      ),
    )

    expect(error).toBeInstanceOf(AbandonedError)
    expect((error as Error).message).toContain('within 50 ms')
  })
})

function throws(error: unknown): never {
  throw error
}

describe('a permit that its waiter does not receive', () => {
  it.each([
    ['all fails', (s: Semaphore) => caught(all([s.acquire(), failsAt(5)]))],
    ['time is up', (s: Semaphore) => caught(timeout(5, all([s.acquire(), sleep(100)])))],
    ['task is killed', (s: Semaphore) => killedWith(all([s.acquire(), sleep(100)]))],
    ['a race is nested', (s: Semaphore) => caught(all([race([s.acquire(), sleep(100)]), failsAt(5)]))],
  ])('is released when %s', async (_title, lose) => {
    const semaphore = new Semaphore(2)

    await virtually(lose(semaphore))

    expect(semaphore.permits).toBe(2)
  })

  it('goes to the next task that waits', async () => {
    const semaphore = new Semaphore(1)

    const value = await virtually(function* () {
      const next = yield* spawn(function* () {
        yield* sleep(1)
        yield* semaphore.acquire()
        return 'has it'
      })
      yield* caught(all([semaphore.acquire(), failsAt(5)]))
      return yield* join(next)
    })

    expect(value).toBe('has it')
  })
})

describe('a value of a channel that its waiter does not receive', () => {
  it.each([
    ['all fails', (c: Channel<number>) => caught(all([c.receive(), c.receive(), failsAt(5)]))],
    ['time is up', (c: Channel<number>) => caught(timeout(5, all([c.receive(), c.receive(), sleep(100)])))],
    ['task is killed', (c: Channel<number>) => killedWith(all([c.receive(), c.receive(), sleep(100)]))],
  ])('is put back in front when %s, in order', async (_title, lose) => {
    const channel = new Channel<number>()
    for (const n of [1, 2, 3]) channel.trySend(n)

    await virtually(lose(channel))

    expect(await virtually(received(channel))).toEqual([1, 2, 3])
  })

  function* received(channel: Channel<number>): Coroutine<number[]> {
    const values: number[] = []
    while (channel.size > 0) values.push(yield* channel.receive())
    return values
  }

  it('is put back over the capacity', async () => {
    const channel = new Channel<number>({ capacity: 1 })
    channel.trySend(1)

    const values = await virtually(function* () {
      yield* spawn(function* () {
        yield* sleep(1)
        yield* channel.send(2)
        yield* channel.send(3)
      })
      yield* caught(all([channel.receive(), failsAt(5)]))
      const sizes = [channel.size]
      const values = [yield* channel.receive(), yield* channel.receive(), yield* channel.receive()]
      return [sizes, values]
    })

    expect(values).toEqual([[2], [1, 2, 3]])
  })

  it('goes to a task that waits for one', async () => {
    const channel = new Channel<number>()
    channel.trySend(1)

    const value = await virtually(function* () {
      const next = yield* spawn(function* () {
        yield* sleep(1)
        return yield* channel.receive()
      })
      yield* caught(all([channel.receive(), failsAt(5)]))
      return yield* join(next)
    })

    expect(value).toBe(1)
  })

  it('is kept by a closed channel for the next receiver', async () => {
    const channel = new Channel<number>()
    channel.trySend(1)

    const value = await virtually(function* () {
      yield* spawn(function* () {
        yield* sleep(1)
        channel.close()
      })
      yield* caught(all([channel.receive(), failsAt(5)]))
      return yield* channel.receive()
    })

    expect(value).toBe(1)
  })
})

/** A value that counts how often it is disposed of. */
function closable(): { closed: number; [Symbol.dispose](): void } {
  return {
    closed: 0,
    [Symbol.dispose]() {
      this.closed++
    },
  }
}

describe('the value of a coroutine that its waiter does not receive', () => {
  function* returning<T>(value: T): Coroutine<T> {
    yield sleep(1)
    return value
  }

  it.each([
    ['all fails', (value: unknown) => caught(all([returning(value), failsAt(5)]))],
    ['time is up', (value: unknown) => caught(timeout(5, all([returning(value), sleep(100)])))],
    ['its task is killed', (value: unknown) => killedWith(all([returning(value), sleep(100)]))],
    ['a group is a branch', (value: unknown) => caught(all([group(() => returning(value)), failsAt(5)]))],
    ['a group fails after its body', (value: unknown) => caught(failingGroup(value))],
    ['a group is killed after its body', (value: unknown) => killedWith(longGroup(value))],
  ])('is disposed of once when %s', async (_title, lose) => {
    const value = closable()

    await virtually(lose(value))

    expect(value.closed).toBe(1)
  })

  function failingGroup(value: unknown): Event {
    return group(function* (g) {
      yield* g.spawn(failsAt, 5)
      return value
    })
  }

  function longGroup(value: unknown): Event {
    return group(function* (g) {
      yield* g.spawn(function* () {
        yield* sleep(1000)
      })
      return value
    })
  }

  it('is disposed of by Symbol.asyncDispose, which is waited for', async () => {
    const { scheduler, note, log } = world()
    const value = {
      async [Symbol.asyncDispose]() {
        await Promise.resolve()
        note('disposed')
      },
    }

    await scheduler.run(function* () {
      yield* caught(all([returning(value), failsAt(5)]))
      note('over')
    })

    expect(log).toEqual(['5: disposed', '5: over'])
  })

  it('adds the error of its disposal to the outcome of a group', async () => {
    const [first, second] = [failure('first'), failure('second')]
    const value = { [Symbol.dispose]: () => throws(second) }

    const error = await rejection(
      virtually(function* () {
        yield* group(function* (g) {
          yield* g.spawn(failsAt, 5, first)
          return value
        })
      }),
    )

    expect((error as AggregateError).errors).toEqual([first, second])
  })

  it('adds the error of a late loser to the outcome', async () => {
    const error = failure()
    const value = { [Symbol.dispose]: () => throws(error) }

    const thrown = await rejection(
      virtually(function* () {
        yield* race([stubborn(), sleep(1)])
      }),
    )

    expect(thrown).toBe(error)

    function* stubborn(): Coroutine<unknown> {
      try {
        yield sleep(100)
      } catch {}
      return value
    }
  })
})

describe('a value that others may hold', () => {
  it.each([
    ['a promise', (value: unknown) => wait(Promise.resolve(value))],
    ['a callback', (value: unknown) => callback((resume) => void resume(value))],
  ])('is left alone: that of %s', async (_title, make) => {
    const value = closable()

    await run(caught(all([make(value), failsAt(20)])))

    expect(value.closed).toBe(0)
  })

  it('is left alone: that of a joined task', async () => {
    const value = closable()

    await virtually(function* () {
      const task = yield* spawn(function* () {
        yield* pause()
        return value
      })
      yield* caught(all([join(task), failsAt(5)]))
    })

    expect(value.closed).toBe(0)
  })
})

describe('a value inside another combination', () => {
  const outer = failure('of the outer one')

  /** An event whose value is taken back in the given way. */
  function takenBack(discard: () => void | PromiseLike<void>): Event<number> {
    return event<number>({ name: 'taken back', enter: (waiter) => waiter.resume(1), discard }, undefined)
  }

  /** The errors of an `all` that fails after the `all` inside it has its values. */
  async function errorsOf(...values: Event<number>[]): Promise<unknown[]> {
    const error = await rejection(
      virtually(function* () {
        yield all([all(values), failsAt(5, outer)])
      }),
    )
    return error instanceof AggregateError ? error.errors : [error]
  }

  it('whose disposal throws adds that error to the outcome', async () => {
    const error = failure('of the disposal')

    const errors = await errorsOf(
      takenBack(() => {
        throw error
      }),
    )

    expect(errors).toEqual([outer, error])
  })

  it('whose disposal rejects adds that error to the outcome', async () => {
    const error = failure('of the disposal')

    const errors = await errorsOf(takenBack(() => Promise.reject(error)))

    expect(errors).toEqual([outer, error])
  })

  it('that is disposed of in several ways has the errors of all of them', async () => {
    const [thrown, rejected] = [failure('thrown'), failure('rejected')]

    const errors = await errorsOf(
      takenBack(() => Promise.reject(rejected)),
      takenBack(() => {
        throw thrown
      }),
      takenBack(() => Promise.resolve()),
    )

    expect(errors[0]).toBe(outer)
    expect((errors[1] as AggregateError).errors).toEqual([thrown, rejected])
  })

  it('whose disposal gives a thenable that throws adds that error to the outcome', async () => {
    const error = failure('of a then')
    const thenable = {
      // biome-ignore lint/suspicious/noThenProperty: that is what is tested.
      then: () => {
        throw error
      },
    } as PromiseLike<void>

    const caught = await rejection(
      virtually(function* () {
        yield all([takenBack(() => thenable), failsAt(5, outer)])
      }),
    )

    expect((caught as AggregateError).errors).toEqual([outer, error])
  })
})
