import {
  type Coroutine,
  callback,
  group,
  join,
  KilledError,
  kill,
  Latch,
  pause,
  race,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { after } from '../coroutines.js'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

eventSuite('race', {
  *fulfilled() {
    return race([sleep(5), sleep(1e9)])
  },
  value: undefined,
  awaited: () => race([pause(), sleep(1e9)]),
  *waiting() {
    return race([sleep(1e12), new Promise(() => {})])
  },
  *failing(error) {
    return race([sleep(1e9), Promise.reject(error)])
  },
})

describe('race', () => {
  it('gives the value of the first branch that is done', async () => {
    const value = await virtually(function* () {
      return yield* race([after(20, 'slow'), after(10, 'fast'), after(30, 'slowest')])
    })

    expect(value).toBe('fast')
  })

  it('throws the error of the first branch that is done', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield race([
          after(20, 'slow'),
          (function* () {
            yield sleep(10)
            throw error
          })(),
        ])
      }),
    )

    expect(caught).toBe(error)
  })

  it('takes the first in order of several branches that are done at once', async () => {
    const value = await virtually(function* () {
      const a = yield* spawn(after, 0, 'a')
      const b = yield* spawn(after, 0, 'b')
      yield sleep(1)
      return yield* race([sleep(10), b, a])
    })

    expect(value).toBe('b')
  })

  it('does not enter the branches after one that is done at once', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield race([
        pause(),
        (function* () {
          note('entered')
        })(),
      ])
    })

    expect(log).toEqual([])
  })

  it('kills the coroutines that lost, and waits for their clean-up', async () => {
    const { scheduler, log, note } = world()
    function* loser() {
      try {
        yield sleep(1000)
      } finally {
        yield sleep(5)
        note('cleaned up')
      }
    }

    await scheduler.run(function* () {
      yield race([loser(), sleep(10)])
      note('race is over')
    })

    expect(log).toEqual(['15: cleaned up', '15: race is over'])
  })

  it('waits for the slowest of several clean-ups', async () => {
    const { scheduler, log, note } = world()
    function* loser(ms: number) {
      try {
        yield sleep(1000)
      } finally {
        yield sleep(ms)
        note(`cleaned up ${ms}`)
      }
    }

    await scheduler.run(function* () {
      yield race([loser(5), loser(50), sleep(10), loser(20)])
      note('race is over')
    })

    expect(log).toEqual(['15: cleaned up 5', '30: cleaned up 20', '60: cleaned up 50', '60: race is over'])
  })

  it('waits for a clean-up even when branches after the winner have not started', async () => {
    const { scheduler, log, note } = world()
    function* loser() {
      try {
        yield sleep(1000)
      } finally {
        yield sleep(5)
        note('cleaned up')
      }
    }

    await scheduler.run(function* () {
      const value = yield* race([loser(), atOnce('winner'), after(1, 'not started'), after(1, 'not started')])
      note(`${value} won`)
    })

    expect(log).toEqual(['5: cleaned up', '5: winner won'])
  })

  it('never starts a coroutine that loses before its first step', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield race([
        atOnce('winner'),
        (function* () {
          note('started')
          yield pause()
        })(),
      ])
    })

    expect(log).toEqual([])
  })

  it('throws the error of a clean-up', async () => {
    const error = failure('of the clean-up')

    const caught = await rejection(
      virtually(function* () {
        yield race([
          sleep(10),
          (function* () {
            try {
              yield sleep(100)
            } finally {
              // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
              throw error
            }
          })(),
        ])
      }),
    )

    expect(caught).toBe(error)
  })

  it('throws an AggregateError of an error and those of the clean-ups after it', async () => {
    const first = failure('first')
    const second = failure('second')

    const caught = await rejection(
      virtually(function* () {
        yield race([
          Promise.reject(first),
          (function* () {
            try {
              yield sleep(100)
            } finally {
              // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
              throw second
            }
          })(),
        ])
      }),
    )

    expect(caught).toBeInstanceOf(AggregateError)
    expect((caught as AggregateError).errors).toEqual([first, second])
  })

  it('leaves a joined task running', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield sleep(20)
        note('joined task')
      })
      yield race([join(task), sleep(10)])
      note('race is over')
    })

    expect(log).toEqual(['10: race is over', '20: joined task'])
  })

  it('throws KilledError when a branch is a task that was killed', async () => {
    const error = await rejection(
      virtually(function* () {
        const task = yield* spawn(after, 100, 1)
        yield spawn(function* () {
          yield kill(task)
        })
        yield race([task, sleep(10)])
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
  })

  it('takes one value when two branches join the same task', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(after, 10, 42)
      return yield* race([task, task])
    })

    expect(value).toBe(42)
  })

  it('survives a loser that joins the task that decides the race', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(after, 10, 42)
      const value = yield* race([
        join(task),
        (function* () {
          return yield* join(task)
        })(),
      ])
      yield sleep(1)
      return value
    })

    expect(value).toBe(42)
  })

  it('withdraws a branch that is being entered when an earlier branch is done', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const latch = new Latch()
      yield race([
        latch.wait(),
        callback(() => {
          latch.open()
          return () => note('stopped')
        }),
      ])
      note('race is over')
    })

    expect(log).toEqual(['0: stopped', '0: race is over'])
  }, 1000)

  it('resumes with its value once although several branches are done in one turn', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const value = yield* race([after(10, 'a'), after(10, 'b'), after(10, 'c')])
      note(value)
      yield sleep(10)
      note('end')
    })

    expect(log).toEqual(['10: a', '20: end'])
  })

  it("throws the error of a loser's withdrawal at its yield", async () => {
    const error = failure('of the withdrawal')
    const STUBBORN: EventHandler<undefined, void> = {
      name: 'stubborn',
      enter() {},
      withdraw() {
        throw error
      },
    }

    const caught = await rejection(
      virtually(function* () {
        yield race([event(STUBBORN, undefined), sleep(10)])
      }),
    )

    expect(caught).toBe(error)
  }, 1000)

  it('withdraws the losers after one whose withdrawal throws', async () => {
    const STUBBORN: EventHandler<undefined, void> = {
      name: 'stubborn',
      enter() {},
      withdraw() {
        throw failure('of the withdrawal')
      },
    }

    const timers = await virtually(function* () {
      let waiter: Waiter<unknown> | undefined
      const WINNER: EventHandler<undefined, void> = {
        name: 'winner',
        enter(w) {
          waiter = w
        },
        withdraw() {},
      }
      const task = yield* spawn(function* () {
        yield race([event(STUBBORN, undefined), event(WINNER, undefined), sleep(1e9)])
      })
      yield pause()
      try {
        waiter?.resume(1 as never)
      } catch {}
      try {
        yield join(task)
      } catch {}
      return internals(task).timers.size
    })

    expect(timers).toBe(0)
  }, 1000)

  it('can be nested', async () => {
    const value = await virtually(function* () {
      return yield* race([race([after(20, 'a'), after(10, 'b')]), race([after(15, 'c')])])
    })

    expect(value).toBe('b')
  })

  it('withdraws a nested group with all its tasks', async () => {
    const { scheduler, log, note } = world()
    function* worker(name: string) {
      try {
        yield sleep(1000)
      } finally {
        note(name)
      }
    }

    await scheduler.run(function* () {
      yield race([
        sleep(10),
        group(function* (g) {
          yield g.spawn(worker, 'a')
          yield g.spawn(worker, 'b')
        }),
      ])
      note('race is over')
    })

    expect(log).toEqual(['10: a', '10: b', '10: race is over'])
  })

  it("throws the error of a loser's clean-up, and disposes of the value that is not delivered", async () => {
    const error = failure()
    let disposed = 0
    const value = {
      [Symbol.dispose]() {
        disposed++
      },
    }

    const thrown = await rejection(
      virtually(function* () {
        yield race([
          (function* () {
            try {
              yield sleep(1e9)
            } finally {
              // biome-ignore lint/correctness/noUnsafeFinally: that is what this is about.
              throw error
            }
          })(),
          (function* () {
            yield sleep(1)
            return value
          })(),
        ])
      }),
    )

    expect(thrown).toBe(error)
    expect(disposed).toBe(1)
  })

  it('rejects an empty array, which would never end', () => {
    expect(() => race([])).toThrow(RangeError)
  })

  it('rejects a value that is not an array', () => {
    expect(() => race(sleep(1) as never)).toThrow(TypeError)
  })

  it('makes a branch that cannot be yielded an error at its yield', async () => {
    const error = await rejection(
      virtually(function* () {
        yield race([sleep(1e9), 42 as never])
      }),
    )

    expect(String(error)).toContain('cannot yield 42')
  })
})

function* atOnce<T>(value: T): Coroutine<T> {
  return value
}
