// Promise 6: the time that a clean-up may take, and what happens afterwards.

import {
  type Coroutine,
  call,
  DeadlockError,
  group,
  kill,
  Latch,
  pause,
  race,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../../support/internals.js'
import { FOREVER_MS } from '../../coroutines.js'
import { failure, rejection, virtually, world } from '../../world.js'
import { cleaner } from './coroutines.js'

describe('the grace period', () => {
  it('is 5 seconds', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(cleaner, FOREVER_MS)
      yield pause()
      yield kill(task)
    })

    expect(host.now()).toBe(5000)
  })

  it('can be set for a run', async () => {
    const { scheduler, host } = world()

    await scheduler.run(
      function* () {
        const task = yield* spawn(cleaner, FOREVER_MS)
        yield pause()
        yield kill(task)
      },
      { grace: 100 },
    )

    expect(host.now()).toBe(100)
  })

  it('can be set for a kill, which takes precedence over the run', async () => {
    const { scheduler, host } = world()

    await scheduler.run(
      function* () {
        const task = yield* spawn(cleaner, FOREVER_MS)
        yield pause()
        yield kill(task, { grace: 10 })
      },
      { grace: 100 },
    )

    expect(host.now()).toBe(10)
  })

  it.each([
    ['race', (coroutine: Coroutine) => race([coroutine])],
    ['group', (coroutine: Coroutine) => group(() => coroutine)],
  ])('of a kill also applies to what its victim runs in a %s', async (_name, combine) => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield combine(cleaner(FOREVER_MS))
      })
      yield sleep(1)
      yield kill(task, { grace: 10 })
    })

    expect(host.now()).toBe(11)
  })

  it('leaves no timer behind when the clean-up ends in time', async () => {
    const { scheduler } = world()

    const timers = await scheduler.run(function* () {
      const task = yield* spawn(cleaner, 10)
      yield pause()
      yield kill(task)
      return internals(scheduler).timers.size
    })

    expect(timers).toBe(0)
  })

  it('ends a clean-up that hangs, and runs the finally blocks around it', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield call(function* () {
            try {
              yield sleep(FOREVER_MS)
            } finally {
              yield new Latch().wait()
              note('after the hang')
            }
          })
        } finally {
          note('outer finally')
        }
      })
      yield pause()
      yield kill(task, { grace: 10 })
      note('killer')
    })

    expect(log).toEqual(['10: outer finally', '10: killer'])
  })

  it('ends the callers of a clean-up that hangs: they neither continue nor catch anything', async () => {
    const { scheduler, log, note } = world()
    function* hanging(): Coroutine<void> {
      try {
        yield sleep(1000)
      } finally {
        yield new Latch().wait()
      }
    }

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield hanging()
          note('went on')
        } catch {
          note('caught')
        } finally {
          note('finally')
        }
      })
      yield pause()
      yield kill(task, { grace: 10 })
    })

    expect(log).toEqual(['10: finally'])
  })

  it('ends a task that swallows Cancelled', async () => {
    const { scheduler, log, note } = world()

    const outcome = await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          while (true) {
            try {
              yield sleep(3)
            } catch (error) {
              note((error as Error).name)
            }
          }
        } finally {
          note('finally')
        }
      })
      yield pause()
      yield kill(task, { grace: 10 })
      return task.outcome
    })

    expect(log).toEqual(['0: Cancelled', '10: finally'])
    expect(outcome).toEqual({ kind: 'killed' })
  })

  it('lets a task that swallows Cancelled continue until then', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(FOREVER_MS)
        } catch {}
        yield sleep(6)
        note('went on')
      })
      yield pause()
      yield kill(task, { grace: 10 })
      note('killer')
    })

    expect(log).toEqual(['6: went on', '6: killer'])
  })

  it('ends a task that swallows Cancelled and is always ready', async () => {
    let steps = 0

    const outcome = await virtually(
      function* () {
        const task = yield* spawn(function* () {
          while (true) {
            try {
              steps++
              yield pause()
            } catch {}
          }
        })
        yield pause()
        yield kill(task, { grace: 0 })
        return task.outcome
      },
      { budget: { steps: 4 } },
    )

    expect(outcome).toEqual({ kind: 'killed' })
    expect(steps).toBeLessThan(100)
  })

  it('runs each remaining finally block by a return() of its own', async () => {
    const { scheduler, log, note } = world()
    function* level(n: number): Coroutine<void> {
      try {
        if (n === 0) {
          yield sleep(FOREVER_MS)
        } else {
          yield level(n - 1)
        }
      } finally {
        try {
          yield sleep(FOREVER_MS)
          note('not reached')
        } finally {
          note(`finally ${n}`)
        }
      }
    }

    await scheduler.run(function* () {
      const task = yield* spawn(level, 2)
      yield sleep(0)
      yield kill(task, { grace: 10 })
    })

    expect(log).toEqual(['10: finally 0', '10: finally 1', '10: finally 2'])
  })

  it('passes on an error that is thrown after it', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(FOREVER_MS)
        } finally {
          try {
            yield sleep(FOREVER_MS)
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            throw error
          }
        }
      })
      yield pause()
      try {
        yield kill(task, { grace: 10 })
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('passes on an error that a callee throws after it, through the callers', async () => {
    const error = failure()
    const { log, note } = world()

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        try {
          yield (function* () {
            try {
              yield sleep(FOREVER_MS)
            } finally {
              try {
                yield sleep(FOREVER_MS)
              } finally {
                // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
                throw error
              }
            }
          })()
        } finally {
          note('caller')
        }
      })
      yield sleep(1)
      try {
        yield kill(task, { grace: 10 })
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
    expect(log).toHaveLength(1)
  })

  it('of Infinity leaves a hanging clean-up alone until the run is deadlocked', async () => {
    const error = await rejection(
      virtually(function* () {
        const task = yield* spawn(function* () {
          try {
            yield sleep(FOREVER_MS)
          } finally {
            yield new Latch().wait()
          }
        })
        yield pause()
        yield kill(task, { grace: Number.POSITIVE_INFINITY })
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
  }, 1000)
})
