import {
  all,
  Channel,
  type Coroutine,
  callback,
  type Event,
  KilledError,
  kill,
  Latch,
  pause,
  race,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { failure, rejection, virtually, world } from '../world.js'

function* sleeper(): Coroutine<void> {
  yield sleep(1000)
}

const combinations = [
  ['all', (branch: Coroutine) => all([branch, sleep(1)])],
  ['race', (branch: Coroutine) => race([branch, sleep(2000)])],
  ['timeout', (branch: Coroutine) => timeout(2000, branch)],
] as const

describe('a branch of', () => {
  it.each(combinations)('%s throws KilledError when another task kills the branch', async (name, combine) => {
    const branch = sleeper()

    const error = await rejection(
      virtually(function* () {
        yield spawn(function* () {
          yield pause()
          yield kill(branch)
        })
        yield combine(branch)
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
    expect((error as Error).message).toBe(`${name}#3 was killed, so this branch has no value`)
  })
})

describe('a handler of a branch', () => {
  /** An event whose handler throws when it is entered, either after it has answered or instead. */
  function throwing(error: Error, answers: boolean): Event<void> {
    return event(
      {
        name: 'throwing',
        enter(waiter: Waiter<void>) {
          if (answers) waiter.resume()
          throw error
        },
      },
      undefined,
    )
  }

  /** An event whose handler fails to withdraw it. */
  function stubborn(error: Error): Event<void> {
    return event(
      {
        name: 'stubborn',
        enter() {},
        withdraw() {
          throw error
        },
      },
      undefined,
    )
  }

  it('that throws at once decides the combination, and the other branches are withdrawn', async () => {
    const { scheduler } = world()
    const error = failure()

    const [caught, timers] = await scheduler.run(function* () {
      try {
        yield race([sleep(1000), throwing(error, false)])
      } catch (caught) {
        return [caught, internals(scheduler).timers.size]
      }
      return []
    })

    expect([caught, timers]).toEqual([error, 0])
  })

  it('that throws after it has answered makes the run fail with its error', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield race([throwing(error, true), sleep(1000)])
      }),
    )

    expect(caught).toBe(error)
  })

  it('whose withdraw throws makes the killed task fail with that error, which its killer gets', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        const task = yield* spawn(function* () {
          yield all([stubborn(error), sleep(1000)])
        })
        yield pause()
        yield kill(task)
      }),
    )

    expect(caught).toBe(error)
  })

  it('whose withdraw throws adds its error to the one that decided the combination', async () => {
    const errors = [failure('first'), failure('second')]

    const caught = await rejection(
      virtually(function* () {
        yield all([stubborn(errors[1]!), throwing(errors[0]!, false)])
      }),
    )

    expect(caught).toBeInstanceOf(AggregateError)
    expect((caught as AggregateError).errors).toEqual(errors)
    expect((caught as AggregateError).message).toBe('2 branches of all failed: Error: first; Error: second')
  })

  /** An event that takes time to withdraw. */
  const SLOW: EventHandler<number, void, never> = {
    name: 'slow',
    enter() {},
    withdraw(waiter, ms) {
      const { scheduler } = waiter
      scheduler.timers.add(scheduler.now() + ms, (w: Waiter) => w.withdrawn(), waiter)
      return 'later'
    },
  }

  it('that withdraws later is waited for, even when the next branch gives its value at once', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      note(yield* race([event<string>(SLOW, 10), ofValue('at once')]))
      yield sleep(100)
      note('end')
    })

    expect(log).toEqual(['10: at once', '110: end'])
  })

  it('whose withdrawal answers another branch does not keep Cancelled from the task that is killed', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const latch = new Latch()
      const task = yield* spawn(function* () {
        try {
          yield race([callback(() => () => latch.open()), latch.wait(), event(SLOW, 10)])
          note('went on')
        } finally {
          note('finally')
        }
      })
      yield pause()
      yield kill(task)
    })

    expect(log).toEqual(['10: finally'])
  })
})

describe('the value of a branch', () => {
  /** A value that counts how often it is closed. */
  function closable(): { closed: number; [Symbol.dispose](): void } {
    return {
      closed: 0,
      [Symbol.dispose]() {
        this.closed++
      },
    }
  }

  /** Returns a value although it is killed. */
  function* stubbornly(value: unknown): Coroutine {
    try {
      yield sleep(1000)
    } catch {
      return value
    }
  }

  it('is left open when the combination returns it', async () => {
    const value = closable()

    const given = await virtually(function* () {
      return yield* race([ofValue(value), sleep(1000)])
    })

    expect(given).toBe(value)
    expect(value.closed).toBe(0)
  })

  it('is closed when it comes after another branch has won, since no task gets it', async () => {
    const value = closable()

    const given = await virtually(function* () {
      return yield* race([stubbornly(value), first()])
    })

    expect(given).toBe('first')
    expect(value.closed).toBe(1)
  })

  it.each([[null], ['a text'], [{}]])(
    'that comes after another branch has won and cannot be closed, such as %j, is dropped',
    async (value) => {
      const given = await virtually(function* () {
        return yield* race([stubbornly(value), first()])
      })

      expect(given).toBe('first')
    },
  )

  function* first(): Coroutine<string> {
    yield sleep(1)
    return 'first'
  }

  it('is that of the first branch that was done, even if that is the next one to be entered', async () => {
    const value = await virtually(function* () {
      const channel = new Channel<string>()
      const sending = callback<string>((resume) => {
        channel.trySend('sent')
        resume('too late')
      })
      return yield* race([channel.receive(), sending])
    })

    expect(value).toBe('sent')
  })
})

/** An event that gives a value at once. */
function ofValue<T>(value: T): Event<T> {
  return event<T>({ name: 'value' }, value)
}
