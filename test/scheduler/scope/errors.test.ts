// Promise 7: an error goes to every task that joins the failed one, otherwise to the supervisor.
import { all, join, Latch, race, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failAfter } from '../coroutines.js'
import { failure, rejection, virtually, world } from '../world.js'

describe('an error that no task joins for', () => {
  it('makes the run reject with the same object', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield spawn(failAfter, 10, error)
        yield sleep(100)
      }),
    )

    expect(caught).toBe(error)
  })

  it('of the root makes the run reject too', async () => {
    const error = failure()

    const caught = await rejection(virtually(() => failAfter(10, error)))

    expect(caught).toBe(error)
  })

  it.each([undefined, null, 0, '', 'a string', Object.freeze(failure('frozen'))])(
    'may be any value, such as %o',
    async (error) => {
      const caught = await rejection(virtually(() => failAfter(10, error)))

      expect(caught).toBe(error)
    },
  )

  it('is neither wrapped nor changed, except for its stack', async () => {
    class OwnError extends Error {
      readonly code = 'OWN'
    }
    const error = new OwnError('own', { cause: 'a cause' })

    const caught = (await rejection(virtually(() => failAfter(10, error)))) as OwnError

    expect(caught).toBe(error)
    expect([caught.name, caught.message, caught.code, caught.cause]).toEqual([
      'Error',
      'own',
      'OWN',
      'a cause',
    ])
  })

  it('cancels every other task, including the root, and waits for the clean-ups', async () => {
    const { scheduler, log, note } = world()
    function* cleaner(name: string, ms: number) {
      try {
        yield sleep(1e9)
      } finally {
        yield sleep(ms)
        note(name)
      }
    }

    const error = await rejection(
      scheduler.run(function* () {
        yield spawn(cleaner, 'a', 5)
        yield spawn(cleaner, 'b', 20)
        yield spawn(failAfter, 10, failure())
        yield cleaner('root', 10)
      }),
    )
    note(String(error))

    expect(log).toEqual(['15: a', '20: root', '30: b', '30: Error: failure'])
  })

  it('does not start a task that has not started', async () => {
    const { scheduler, log, note } = world()

    await rejection(
      scheduler.run(function* () {
        yield spawn(function* () {
          note('started')
        })
        throw failure()
      }),
    )

    expect(log).toEqual([])
  })

  it('reaches the run even from a task whose spawner has ended', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield spawn(function* () {
          yield spawn(failAfter, 10, error)
        })
        yield sleep(100)
      }),
    )

    expect(caught).toBe(error)
  })

  it('reaches the run even after the root has ended', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        yield spawn(failAfter, 10, error)
        return 42
      }),
    )

    expect(caught).toBe(error)
  })

  it('is not kept for a task that joins later: it has reached the run', async () => {
    const error = failure()
    const joined: unknown[] = []

    const caught = await rejection(
      virtually(function* () {
        const task = yield* spawn(failAfter, 10, error)
        try {
          yield sleep(20)
        } finally {
          try {
            yield join(task)
          } catch (error) {
            joined.push(error)
          }
        }
      }),
    )

    expect(caught).toBe(error)
    expect(joined).toEqual([error])
  })

  it('causes no uncaughtException and no unhandledRejection', async () => {
    const reported: unknown[] = []
    const report = (error: unknown) => void reported.push(error)
    process.on('uncaughtExceptionMonitor', report)

    await rejection(virtually(() => failAfter(10, failure())))
    await new Promise((resolve) => setImmediate(resolve))

    process.off('uncaughtExceptionMonitor', report)
    expect(reported).toEqual([])
  })
})

describe('several errors', () => {
  it('make an AggregateError, in the order in which they were thrown', async () => {
    const errors = [failure('first'), failure('second'), failure('third')]
    function* failing(i: number) {
      try {
        yield sleep(1e9)
      } finally {
        yield sleep(i)
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        throw errors[i]
      }
    }

    const caught = await rejection(
      virtually(function* () {
        yield spawn(failing, 2)
        yield spawn(failing, 1)
        yield sleep(1)
        throw errors[0]
      }),
    )

    expect(caught).toBeInstanceOf(AggregateError)
    const found = (caught as AggregateError).errors
    expect(found.map((error: unknown) => errors.indexOf(error as Error))).toEqual([0, 1, 2])
  })

  it('are listed in its message', async () => {
    const caught = await rejection(
      virtually(function* () {
        yield spawn(function* () {
          try {
            yield sleep(1e9)
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            throw failure('second')
          }
        })
        yield sleep(1)
        throw failure('first')
      }),
    )

    expect((caught as Error).message).toContain('first')
    expect((caught as Error).message).toContain('second')
  })

  it('that are one object count as one error', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        const task = yield* spawn(failAfter, 10, error)
        yield join(task)
      }),
    )

    expect(caught).toBe(error)
  })

  it('of tasks that fail in the same turn all count', async () => {
    const errors = [failure('first'), failure('second')]

    const caught = await rejection(
      virtually(function* () {
        const latch = new Latch()
        function* failing(error: Error) {
          yield latch.wait()
          throw error
        }
        for (const error of errors) yield spawn(failing, error)
        yield sleep(1)
        latch.open()
      }),
    )

    expect((caught as AggregateError).errors).toEqual(errors)
  })
})

describe('an error that a task joins for', () => {
  it('reaches the joiner, and the run goes on', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(failAfter, 10, error)
      try {
        yield join(task)
      } catch (caught) {
        yield sleep(10)
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it.each([
    ['race', (task: Task) => race([task, sleep(1e9)])],
    ['all', (task: Task) => all([task, sleep(1e9)])],
  ])('in %s counts as joined for', async (_name, combine) => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(failAfter, 10, error)
      try {
        yield combine(task)
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('goes to the run when the joiner was withdrawn before', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        const task = yield* spawn(failAfter, 10, error)
        yield race([task, sleep(5)])
        yield sleep(100)
      }),
    )

    expect(caught).toBe(error)
  })

  it('passes from joiner to joiner, and is printed and thrown once', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        const first = yield* spawn(failAfter, 10, error)
        const second = yield* spawn(function* () {
          yield join(first)
        })
        const third = yield* spawn(function* () {
          yield join(second)
        })
        yield join(third)
      }),
    )

    expect(caught).toBe(error)
  })
})
