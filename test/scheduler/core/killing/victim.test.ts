// Promise 6: what `kill` does to the killed task.

import {
  Cancelled,
  Channel,
  type Coroutine,
  call,
  join,
  KilledError,
  kill,
  Latch,
  pause,
  race,
  type Scheduler,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../../support/internals.js'
import { FOREVER_MS, sleeper } from '../../coroutines.js'
import { failure, rejection, virtually, world } from '../../world.js'

describe('a victim', () => {
  it('gets Cancelled at its yield', async () => {
    const caught: unknown[] = []

    await virtually(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(FOREVER_MS)
        } catch (error) {
          caught.push(error)
          throw error
        }
      })
      yield pause()
      yield kill(task)
    })

    expect(caught).toEqual([expect.any(Cancelled)])
  })

  it('takes no step after it has ended', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield sleep(10)
        note('resumed')
      })
      yield sleep(5)
      yield kill(task)
      yield sleep(100)
    })

    expect(log).toEqual([])
  })

  it('is unwound from the innermost callee outwards, each finally block once', async () => {
    const { scheduler, log, note } = world()
    function* level(n: number): Coroutine<void> {
      try {
        if (n === 0) yield sleep(FOREVER_MS)
        else if (n % 2 === 0) yield level(n - 1)
        else yield* level(n - 1)
      } finally {
        note(`finally ${n}`)
      }
    }

    await scheduler.run(function* () {
      const task = yield* spawn(level, 4)
      yield sleep(1)
      yield kill(task)
    })

    expect(log).toEqual([0, 1, 2, 3, 4].map((n) => `1: finally ${n}`))
  })

  it('may yield anything in its finally block: sleep, spawn, join, call, race', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(FOREVER_MS)
        } finally {
          yield sleep(10)
          note('slept')
          const child = yield* spawn(function* () {
            yield sleep(10)
            return 'joined'
          })
          note(yield* join(child))
          note(
            yield* call(function* () {
              yield* pause()
              return 'called'
            }),
          )
          yield race([sleep(5), sleep(50)])
          note('raced')
        }
      })
      yield pause()
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['10: slept', '20: joined', '20: called', '25: raced', '25: killer'])
  })

  it('gets Cancelled once, not again in its clean-up', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(FOREVER_MS)
        } finally {
          for (let i = 0; i < 3; i++) {
            yield sleep(1)
            note(`clean-up ${i}`)
          }
        }
      })
      yield pause()
      yield spawn(function* () {
        yield kill(task)
      })
      yield kill(task)
    })

    expect(log).toEqual(['1: clean-up 0', '2: clean-up 1', '3: clean-up 2'])
  })

  it('that is ready with a value gets the value, then Cancelled at its next yield', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const channel = new Channel<string>()
      const task = yield* spawn(function* () {
        try {
          note(yield* channel.receive())
          yield* pause()
          note('went on')
        } catch (error) {
          note((error as Error).name)
          throw error
        }
      })
      yield sleep(1)
      channel.trySend('value')
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['1: value', '1: Cancelled', '1: killer'])
  })

  it('that is ready with a value may return it, and then was not killed', async () => {
    const outcome = await virtually(function* () {
      const channel = new Channel<string>()
      const task = yield* spawn(function* () {
        return yield* channel.receive()
      })
      yield sleep(1)
      channel.trySend('value')
      yield kill(task)
      return task.outcome
    })

    expect(outcome).toEqual({ kind: 'returned', value: 'value' })
  })

  it('that is ready with a value performs nothing after it', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const channel = new Channel<string>()
      const task = yield* spawn(function* () {
        yield channel.receive()
        yield call(function* () {
          note('called')
        })
      })
      yield sleep(1)
      channel.trySend('value')
      yield kill(task)
    })

    expect(log).toEqual([])
  })

  it('that is ready with an error gets the error', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const latch = new Latch()
      const failing = yield* spawn(function* () {
        yield latch.wait()
        throw error
      })
      const task = yield* spawn(function* () {
        yield join(failing)
      })
      yield sleep(1)
      latch.open()
      yield pause()
      try {
        yield kill(task)
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('that has not taken its first step never starts', async () => {
    const { scheduler, log, note } = world()

    const outcome = await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          note('started')
        } finally {
          note('finally')
        }
      })
      yield kill(task)
      yield sleep(1)
      return task.outcome
    })

    expect(log).toEqual([])
    expect(outcome).toEqual({ kind: 'killed' })
  })

  it('that other code had started by hand throws the error of its finally block in the killer', async () => {
    const error = failure()
    const started: Coroutine<void> = (function* () {
      try {
        yield pause()
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        throw error
      }
    })()
    started.next()

    const caught = await rejection(
      virtually(function* () {
        yield kill(yield* spawn(started))
      }),
    )

    expect(caught).toBe(error)
  })

  it('that has not taken its first step makes its joiners fail with KilledError', async () => {
    const error = await virtually(function* () {
      const task = yield* spawn(sleeper)
      yield kill(task)
      try {
        yield join(task)
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(KilledError)
  })

  it('that has already ended is left alone, whatever its outcome', async () => {
    const outcomes = await virtually(function* () {
      const returned = yield* spawn(function* () {
        return 1
      })
      const threw = yield* spawn(function* () {
        yield pause()
        throw failure()
      })
      try {
        yield join(threw)
      } catch {}
      const killed = yield* spawn(sleeper)
      yield kill(killed)
      for (const task of [returned, threw, killed]) yield kill(task)
      return [returned, threw, killed].map(({ outcome }) => outcome?.kind)
    })

    expect(outcomes).toEqual(['returned', 'threw', 'killed'])
  })

  it('that waits in join does not resume when the joined task ends', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const joined = yield* spawn(function* () {
        yield sleep(10)
      })
      const joiner = yield* spawn(function* () {
        yield join(joined)
        note('resumed')
      })
      yield sleep(5)
      yield kill(joiner)
      yield sleep(100)
    })

    expect(log).toEqual([])
  })

  it('that waits in join leaves the error of the joined task to the supervisor', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        const joined = yield* spawn(function* () {
          yield sleep(10)
          throw error
        })
        const joiner = yield* spawn(function* () {
          yield join(joined)
        })
        yield sleep(5)
        yield kill(joiner)
        yield sleep(100)
      }),
    )

    expect(caught).toBe(error)
  })

  it('does not take its children with it', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield spawn(function* () {
          yield sleep(10)
          note('child')
        })
        yield sleep(FOREVER_MS)
      })
      yield sleep(5)
      yield kill(task)
    })

    expect(log).toEqual(['10: child'])
  })
})

describe('the root', () => {
  it('that is killed makes the run reject with KilledError after the other tasks have ended', async () => {
    const { scheduler, host } = world()

    const error = await rejection(
      scheduler.run(function* main() {
        const root = scheduler.snapshot()[0]
        yield spawn(function* () {
          yield sleep(10)
        })
        yield spawn(function* () {
          yield pause()
          yield kill(rootOf(scheduler))
        })
        void root
        yield sleep(FOREVER_MS)
      }),
    )

    expect(error).toEqual(new KilledError('main#1 was killed, so the run has no value'))
    expect(host.now()).toBe(10)
  })

  it('that kills itself makes the run reject with KilledError', async () => {
    const { scheduler } = world()

    const error = await rejection(
      scheduler.run(function* () {
        yield kill(rootOf(scheduler))
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
  })
})

function rootOf(scheduler: Scheduler): Task {
  return [...internals(scheduler).tasks][0] as Task
}
