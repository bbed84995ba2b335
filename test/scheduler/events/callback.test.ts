import { all, callback, kill, pause, race, sleep, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

const never = () => callback(() => {})

eventSuite('callback', {
  *fulfilled() {
    return callback((resume) => void setImmediate(resume, 42))
  },
  value: 42,
  awaited: () => callback((resume) => void setImmediate(resume, 42)),
  *waiting() {
    return never()
  },
  *failing(error) {
    return callback((_resume, fail) => void setImmediate(fail, error))
  },
})

/** Registers callbacks for the test to call. */
class Source<T> {
  resume: (value: T) => void = () => {}
  fail: (error: unknown) => void = () => {}
  stopped = 0
  registered = 0

  readonly event = callback<T>((resume, fail) => {
    this.registered++
    this.resume = resume
    this.fail = fail
    return () => void this.stopped++
  })
}

describe('callback', () => {
  it('resumes with a value that it gets while it registers', async () => {
    const value = await virtually(function* () {
      return yield* callback<number>((resume) => resume(42))
    })

    expect(value).toBe(42)
  })

  it('throws an error that it gets while it registers, the same object', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield callback((_resume, fail) => fail(error))
      }),
    )

    expect(caught).toBe(error)
  })

  it('throws the error of the registering function at the yield', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      try {
        yield callback(() => {
          throw error
        })
      } catch (caught) {
        return caught
      }
      return 'nothing was thrown'
    })

    expect(caught).toBe(error)
  })

  it('counts only the first call, of either kind', async () => {
    const values = await virtually(function* () {
      const source = new Source<number>()
      yield spawn(function* () {
        source.resume(1)
        source.resume(2)
        source.fail(failure())
      })
      const first = yield* source.event
      yield pause()
      source.resume(3)
      yield pause()
      return first
    })

    expect(values).toBe(1)
  })

  it('ignores calls after it was withdrawn', async () => {
    const { scheduler } = world()
    const source = new Source<number>()

    const won = await scheduler.run(function* () {
      const won = yield* race([source.event, sleep(10)])
      source.resume(1)
      source.fail(failure())
      yield pause()
      return won
    })

    expect(won).toBe(undefined)
  })

  it.each([
    ['killed', false],
    ['the loser of a race', true],
  ])('stops its source, once, when it is %s', async (_name, inRace) => {
    const source = new Source<number>()

    await virtually(function* () {
      if (inRace) {
        yield race([source.event, sleep(10)])
      } else {
        const task = yield* spawn(function* () {
          yield source.event
        })
        yield pause()
        yield kill(task)
      }
    })

    expect(source.stopped).toBe(1)
  })

  it('does not stop a source that has called back', async () => {
    const source = new Source<number>()

    await virtually(function* () {
      yield spawn(function* () {
        source.resume(1)
      })
      yield source.event
    })

    expect(source.stopped).toBe(0)
  })

  it('registers at each yield and not before', async () => {
    const source = new Source<number>()
    const before = source.registered

    await virtually(function* () {
      yield race([source.event, pause()])
      yield race([source.event, pause()])
    })

    expect([before, source.registered]).toEqual([0, 2])
  })

  it.each([undefined, 5, 'click', {}])('rejects %s in place of a function', (register) => {
    expect(() => callback(register as never)).toThrow(TypeError)
  })
})

describe('a callback whose stop function throws', () => {
  const error = failure('of stop')
  const stubborn = () =>
    callback(() => () => {
      throw error
    })

  it('throws that error at the yield of the killed task and in the killer', async () => {
    const caught = await rejection(
      virtually(function* () {
        const task = yield* spawn(function* () {
          yield stubborn()
        })
        yield pause()
        yield kill(task)
      }),
    )

    expect(caught).toBe(error)
  })

  const combinations = [
    ['a race', () => race([stubborn(), pause()])],
    ['a race that a timer wins', () => race([stubborn(), sleep(10)])],
    ['an all that fails', () => all([stubborn(), Promise.reject(error)])],
    ['a timeout', () => timeout(10, stubborn())],
  ] as const
  it.each(combinations)(
    'throws that error at the yield of %s, and no longer holds the run',
    async (_name, make) => {
      const { scheduler } = world()

      const caught = await scheduler.run(function* () {
        try {
          yield make()
        } catch (caught) {
          return caught
        }
        return 'nothing was thrown'
      })

      expect(errorsIn(caught)).toContain(error)
    },
  )
})

function errorsIn(error: unknown): readonly unknown[] {
  return error instanceof AggregateError ? error.errors : [error]
}
