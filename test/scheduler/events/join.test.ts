// Promise 5: `join` gives the value of a task, or throws its error.
import { Cancelled, join, KilledError, kill, pause, run, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { after, failAfter } from '../coroutines.js'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

const finished = await run(function* () {
  return yield* spawn(after, 0, 42)
})

eventSuite('join', {
  *fulfilled() {
    return join(yield* spawn(after, 10, 42))
  },
  value: 42,
  awaited: () => join(finished),
  *waiting() {
    return join(yield* spawn(after, 1e12, 42))
  },
  *failing(error) {
    return join(
      yield* spawn(function* () {
        yield pause()
        throw error
      }),
    )
  },
})

describe('join', () => {
  it('waits for the task and gives its value', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(after<string>, 10, 'value')
      note(yield* join(task))
    })

    expect(log).toEqual(['10: value'])
  })

  it('is what delegating to a task means, with its typed value', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(after<string>, 10, 'value')
      const value: string = yield* task
      note(value)
    })

    expect(log).toEqual(['10: value'])
  })

  it('by delegation throws the error of the task, and KilledError if it was killed', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const failing = yield* spawn(failAfter, 1, error)
      const killed = yield* spawn(after<string>, 10, 'value')
      const errors: unknown[] = []
      try {
        yield* failing
      } catch (thrown) {
        errors.push(thrown)
      }
      yield* kill(killed)
      try {
        yield* killed
      } catch (thrown) {
        errors.push(thrown)
      }
      return errors
    })

    expect(caught).toEqual([error, expect.any(KilledError)])
  })

  it('is what yielding a task means', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(after, 10, 42)
      const value: number = yield task
      return value
    })

    expect(value).toBe(42)
  })

  it('accepts the coroutine that was spawned, as in Bluelet', async () => {
    const value = await virtually(function* () {
      const coroutine = after(10, 42)
      yield spawn(coroutine)
      return yield* join(coroutine)
    })

    expect(value).toBe(42)
  })

  it('accepts that coroutine even after it has ended', async () => {
    const value = await virtually(function* () {
      const coroutine = after(10, 42)
      yield spawn(coroutine)
      yield sleep(20)
      return yield* join(coroutine)
    })

    expect(value).toBe(42)
  })

  it('of a finished task gives its value at once, every time', async () => {
    const { scheduler, host } = world()

    const values = await scheduler.run(function* () {
      const task = yield* spawn(after, 10, 42)
      yield sleep(20)
      return [yield* join(task), yield* join(task)]
    })

    expect(values).toEqual([42, 42])
    expect(host.now()).toBe(20)
  })

  it('throws the error of the task, the same object', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        yield sleep(10)
        throw error
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

  it('gives every joiner the value, in the order in which they joined', async () => {
    const { scheduler, log, note } = world()
    function* joiner(name: string, task: Task<string>) {
      note(name + (yield* join(task)))
    }

    await scheduler.run(function* () {
      const task = yield* spawn(after<string>, 10, '!')
      for (const name of ['a', 'b', 'c']) yield spawn(joiner, name, task)
    })

    expect(log).toEqual(['10: a!', '10: b!', '10: c!'])
  })

  it('throws the same error in every joiner', async () => {
    const error = failure()
    const caught: unknown[] = []
    function* joiner(task: Task) {
      try {
        yield join(task)
      } catch (error) {
        caught.push(error)
      }
    }

    await virtually(function* () {
      const task = yield* spawn(function* () {
        yield sleep(10)
        throw error
      })
      yield spawn(joiner, task)
      yield spawn(joiner, task)
    })

    expect(caught).toHaveLength(2)
    expect(caught.every((one) => one === error)).toBe(true)
  })

  it('of a killed task throws KilledError, never Cancelled', async () => {
    const error = await virtually(function* () {
      const task = yield* spawn(after, 1000, 1)
      yield spawn(function* () {
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
    expect(error).not.toBeInstanceOf(Cancelled)
    expect(String(error)).toContain('after#2')
  })

  it('of a task that was already killed throws KilledError at once', async () => {
    const error = await rejection(
      virtually(function* () {
        const task = yield* spawn(after, 1000, 1)
        yield kill(task)
        yield join(task)
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
  })

  it('of a task that swallowed Cancelled and returned gives its value', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(1000)
        } catch {}
        return 'returned'
      })
      yield pause()
      yield kill(task)
      return yield* join(task)
    })

    expect(value).toBe('returned')
  })

  it('of a failed task keeps the error from everything else', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(function* () {
        yield sleep(10)
        throw failure()
      })
      try {
        yield join(task)
      } catch {}
      yield sleep(10)
      return 'the run goes on'
    })

    expect(value).toBe('the run goes on')
  })

  it.each([undefined, null, 42, {}, 'task'])('rejects %o, which is not a task', (target) => {
    expect(() => join(target as never)).toThrow(TypeError)
  })

  it('rejects a coroutine that was never spawned, and says what to do', () => {
    expect(() => join(after(1, 1))).toThrow(/never spawned: yield spawn\(coroutine\) first/)
  })

  it('rejects a coroutine that was called', async () => {
    const error = await rejection(
      virtually(function* () {
        const coroutine = after(1, 1)
        yield coroutine
        yield join(coroutine)
      }),
    )

    expect(String(error)).toContain('is not a task of its own')
  })

  it('waits, by await in async code, for a task of a run in progress', async () => {
    const { scheduler } = world()
    let resolve: (value: number) => void = () => {}
    const promise = new Promise<number>((r) => (resolve = r))
    const task = scheduler.spawn(function* () {
      const value: number = yield promise
      return value
    })
    const ran = scheduler.run(() => after(0, 'root'))

    const joined = Promise.resolve(join(task)).catch((error: Error) => error.name)
    setImmediate(() => setImmediate(() => resolve(42)))

    expect(await joined).toBe(42)
    await ran
  })
})
