// The faults of Bluelet for Python in kill, join and error handling.
import { group, join, KilledError, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { after } from '../coroutines.js'
import { failure, rejection, virtually, world } from '../world.js'

describe('the faults of kill in the original, none of which exist here', () => {
  it.each([
    ['finished', 20, 1],
    ['already killed', 0, 2],
  ])('the kill of a coroutine that is %s does nothing', async (_name, ms, times) => {
    const value = await virtually(function* () {
      const task = yield* spawn(after, 10, 1)
      yield sleep(ms)
      for (let i = 0; i < times; i++) yield kill(task)
      return 'went on'
    })

    expect(value).toBe('went on')
  })

  it('the kill of a value that is not a coroutine is an error at its own line', async () => {
    const error = await virtually(function* () {
      try {
        yield kill({} as never)
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(TypeError)
  })

  it('a coroutine that is killed as soon as it is spawned does not start', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const coroutine = (function* () {
        note('started')
        yield sleep(10)
        note('went on')
      })()
      yield spawn(coroutine)
      yield kill(coroutine)
      yield sleep(100)
    })

    expect(log).toEqual([])
  })

  it('a killed joiner is not resumed when the joined task ends', async () => {
    const { scheduler } = world()

    const outcome = await scheduler.run(function* () {
      const joined = yield* spawn(after, 10, 1)
      const joiner = yield* spawn(function* () {
        yield join(joined)
      })
      yield sleep(1)
      yield kill(joiner)
      yield sleep(100)
      return joiner.outcome
    })

    expect(outcome).toEqual({ kind: 'killed' })
  })

  it('a kill runs finally blocks at once, not when garbage is collected', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(1e9)
        } finally {
          note('finally')
        }
      })
      yield sleep(1)
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['1: finally', '1: killer'])
  })
})

describe('the faults of join in the original, none of which exist here', () => {
  it('join gives the value', async () => {
    const value = await virtually(function* () {
      return yield* join(yield* spawn(after<number>, 10, 42))
    })

    expect(value).toBe(42)
  })

  it('join throws the error', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield join(
          yield* spawn(function* () {
            throw error
          }),
        )
      }),
    )

    expect(caught).toBe(error)
  })

  it('joiners of a task whose callee threw are told', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        yield (function* () {
          yield sleep(10)
          throw error
        })()
      })
      try {
        yield join(task)
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('joiners of a task that is killed are told', async () => {
    const error = await virtually(function* () {
      const task = yield* spawn(after, 1e9, 1)
      yield spawn(function* () {
        yield sleep(1)
        yield kill(task)
      })
      try {
        yield join(task)
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(KilledError)
  })
})

describe('the faults of error handling in the original, none of which exist here', () => {
  it('a group can keep an exception in one task from the rest of the program', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield spawn(function* () {
        yield sleep(20)
        note('other')
      })
      try {
        yield group(function* () {
          yield sleep(10)
          throw failure()
        })
      } catch {
        note('caught')
      }
    })

    expect(log).toEqual(['10: caught', '20: other'])
  })

  it('an uncaught exception ends the run only after every finally block has run', async () => {
    const { scheduler, log, note } = world()

    await rejection(
      scheduler.run(function* () {
        for (const name of ['a', 'b']) {
          yield spawn(function* () {
            try {
              yield sleep(1e9)
            } finally {
              note(name)
            }
          })
        }
        yield sleep(1)
        throw failure()
      }),
    )

    expect(log).toEqual(['1: a', '1: b'])
  })

  it('generators that yield in finally blocks at the end do not prevent those of others', async () => {
    const { scheduler, log, note } = world()
    const error = failure()

    const caught = await rejection(
      scheduler.run(function* () {
        for (const name of ['a', 'b', 'c']) {
          yield spawn(function* () {
            try {
              yield sleep(1e9)
            } finally {
              yield pause()
              note(name)
            }
          })
        }
        yield sleep(1)
        throw error
      }),
    )

    expect(caught).toBe(error)
    expect(log).toEqual(['1: a', '1: b', '1: c'])
  })
})
