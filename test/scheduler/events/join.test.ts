import {
  all,
  Cancelled,
  type Coroutine,
  DeadlockError,
  join,
  KilledError,
  kill,
  Latch,
  pause,
  race,
  run,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { type EventHandler, event, type Timer, type Waiter } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

function* after<T>(ms: number, value: T): Coroutine<T> {
  yield sleep(ms)
  return value
}

function* joining<T>(task: Task<T>): Coroutine<T> {
  return yield* join(task)
}

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

  it('is what yielding a task means', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(after, 10, 42)
      const value: number = yield task
      return value
    })

    expect(value).toBe(42)
  })

  it('takes the coroutine that was spawned, as in Bluelet', async () => {
    const value = await virtually(function* () {
      const coroutine = after(10, 42)
      yield spawn(coroutine)
      return yield* join(coroutine)
    })

    expect(value).toBe(42)
  })

  it('takes that coroutine also once it has ended', async () => {
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

  it('throws the error of the task, the very object', async () => {
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

  it('throws the one error in every joiner', async () => {
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

  it('of a task that was killed before throws KilledError at once', async () => {
    const error = await rejection(
      virtually(function* () {
        const task = yield* spawn(after, 1000, 1)
        yield kill(task)
        yield join(task)
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
  })

  it('of a task that swallowed Cancelled and returned gives what it returned', async () => {
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

  it('of an error hands it to nobody else', async () => {
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

  it.each([undefined, null, 42, {}, 'task'])('refuses %o, which is no task', (target) => {
    expect(() => join(target as never)).toThrow(TypeError)
  })

  it('refuses a coroutine that was never spawned, and says what to do', () => {
    expect(() => join(after(1, 1))).toThrow(/never spawned: yield spawn\(coroutine\) first/)
  })

  it('refuses a coroutine that was called', async () => {
    const error = await rejection(
      virtually(function* () {
        const coroutine = after(1, 1)
        yield coroutine
        yield join(coroutine)
      }),
    )

    expect(String(error)).toContain('is no task of its own')
  })

  it('by await, in async code, waits for a task of a run that goes on', async () => {
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

describe('join in a circle', () => {
  it('of one task is an error at the join', async () => {
    const { scheduler, host } = world()

    const error = await scheduler.run(function* () {
      const tasks: Task[] = []
      const task: Task<unknown> = yield* spawn(function* (): Coroutine<unknown> {
        try {
          yield join(tasks[0] as Task)
        } catch (error) {
          return error
        }
        return undefined
      })
      tasks.push(task)
      return yield* join(task)
    })

    expect(error).toBeInstanceOf(DeadlockError)
    expect((error as DeadlockError).waits).toHaveLength(1)
    expect(host.now()).toBe(0)
  })

  it.each([2, 3, 10])('of %d tasks is an error at the join that closes it', async (length) => {
    const tasks: Task[] = []
    const failed: number[] = []
    let error: unknown
    function* member(i: number): Coroutine<void> {
      try {
        yield join(tasks[(i + 1) % length] as Task)
      } catch (caught) {
        failed.push(i)
        error = caught
      }
    }

    const { scheduler } = world()
    for (let i = 0; i < length; i++) tasks.push(scheduler.spawn(member, i))
    await scheduler.run(function* () {})

    expect(failed).toEqual([length - 1])
    expect(error).toBeInstanceOf(DeadlockError)
    expect((error as DeadlockError).waits).toHaveLength(length)
  })

  it('names each task and what it waits for', async () => {
    const tasks: Task[] = []
    function* member(i: number): Coroutine<void> {
      yield pause()
      yield pause()
      yield join(tasks[1 - i] as Task)
    }

    const error = await rejection(
      virtually(function* () {
        tasks.push(yield* spawn.with({ name: 'a' }, member, 0), yield* spawn.with({ name: 'b' }, member, 1))
      }),
    )

    expect((error as DeadlockError).waits).toEqual(['b#3 waits for join(a#2)', 'a#2 waits for join(b#3)'])
    expect((error as DeadlockError).message).toBe(
      'join(a#2) would wait for itself:\n  b#3 waits for join(a#2)\n  a#2 waits for join(b#3)',
    )
  })

  it('is none when one of the joins is a branch of a race, which another branch can end', async () => {
    const { scheduler } = world()

    const value = await scheduler.run(function* () {
      const [root] = scheduler.tasks()
      const child = yield* spawn(function* () {
        yield pause()
        yield race([join(root as Task), sleep(10)])
        return 1
      })
      return yield* join(child)
    })

    expect(value).toBe(1)
  })

  it('is none when the task that joins back is being killed', async () => {
    const { scheduler } = world()

    const error = await rejection(
      scheduler.run(function* () {
        const [root] = scheduler.tasks()
        const task = yield* spawn(joining, root as Task)
        yield spawn(joining, root as Task) // Else the root's joiners would be none, and no circle looked for.
        yield pause()
        // It is ready now, with Cancelled, although a join is what it yielded last.
        scheduler.cancel(task)
        yield join(task)
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
  })

  it('is none when a task waits by an event that is about its joiner, but no join', async () => {
    const { scheduler } = world()
    const WATCH: EventHandler<Task, Timer, void> = {
      name: 'watch',
      enter: (waiter) =>
        scheduler.timers.add(scheduler.now() + 10, (watching: Waiter<void>) => watching.resume(), waiter),
    }

    const value = await scheduler.run(function* () {
      const [root] = scheduler.tasks()
      const task = yield* spawn(function* () {
        yield event(WATCH, root as Task)
        return 'watched'
      })
      yield spawn(joining, root as Task)
      yield pause()
      return yield* join(task)
    })

    expect(value).toBe('watched')
  })

  it('is looked for past those that wait by a kill', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const last = yield* spawn(after<number>, 10, 1)
      const middle = yield* spawn(joining, last)
      const first = yield* spawn(joining, middle)
      const victim = yield* spawn(function* () {
        try {
          yield sleep(1000)
        } finally {
          yield join(first)
          note('joined')
        }
      })
      yield pause()
      yield kill(victim)
    })

    expect(log).toEqual(['10: joined'])
  })

  it('is seen while other tasks go on', async () => {
    const { scheduler, log, note } = world()
    const tasks: Task[] = []
    function* member(i: number): Coroutine<void> {
      yield sleep(10 * (i + 1))
      try {
        yield join(tasks[1 - i] as Task)
      } catch {
        note('circle')
      }
    }

    await scheduler.run(function* () {
      for (const i of [0, 1]) tasks.push(yield* spawn(member, i))
      yield sleep(1000)
      note('main')
    })

    expect(log).toEqual(['20: circle', '1000: main'])
  })

  it('is seen through a callee', async () => {
    const tasks: Task[] = []
    function* joining(i: number): Coroutine<void> {
      yield join(tasks[i] as Task)
    }
    function* member(i: number): Coroutine<void> {
      yield pause()
      yield pause()
      yield joining(1 - i)
    }

    const error = await rejection(
      virtually(function* () {
        for (const i of [0, 1]) tasks.push(yield* spawn(member, i))
      }),
    )

    expect((error as DeadlockError).waits).toHaveLength(2)
  })

  it('of itself is seen in a race too', async () => {
    const tasks: Task[] = []

    const error = await virtually(function* () {
      const task: Task<unknown> = yield* spawn(function* (): Coroutine<unknown> {
        try {
          yield all([join(tasks[0] as Task), sleep(10)])
        } catch (error) {
          return error
        }
        return undefined
      })
      tasks.push(task)
      return yield* join(task)
    })

    expect(error).toBeInstanceOf(DeadlockError)
  })

  it('is none when the joins make a tree', async () => {
    const value = await virtually(function* () {
      const leaf = yield* spawn(after<number>, 10, 1)
      function* node(): Coroutine<number> {
        return (yield* join(leaf)) + 1
      }
      const a = yield* spawn(node)
      const b = yield* spawn(node)
      return (yield* join(a)) + (yield* join(b))
    })

    expect(value).toBe(4)
  })

  it('is none when a join was withdrawn before', async () => {
    const value = await virtually(function* () {
      const tasks: Task<number>[] = []
      function* first(): Coroutine<number> {
        try {
          yield join(tasks[1] as Task)
        } finally {
          yield sleep(10)
        }
        return 0
      }
      function* second(): Coroutine<number> {
        yield sleep(5)
        try {
          yield join(tasks[0] as Task)
        } catch (error) {
          return error instanceof KilledError ? 1 : 2
        }
        return 3
      }
      tasks.push(yield* spawn(first), yield* spawn(second))
      yield sleep(1)
      yield kill(tasks[0] as Task)
      return yield* join(tasks[1] as Task<number>)
    })

    expect(value).toBe(1)
  })
})

describe('join in a chain', () => {
  it('of a hundred thousand tasks, joined from the front, passes the value through', {
    tags: 'large',
  }, async () => {
    function* link(n: number): Coroutine<number> {
      if (n === 0) return 42
      return yield* join(yield* spawn(link, n - 1))
    }

    const value = await virtually(() => link(100_000))

    expect(value).toBe(42)
  })

  it('of a hundred thousand tasks throws the error through', { tags: 'large' }, async () => {
    const error = failure()
    function* link(n: number): Coroutine<void> {
      if (n === 0) throw error
      yield join(yield* spawn(link, n - 1))
    }

    const caught = await rejection(virtually(() => link(100_000)))

    expect(caught).toBe(error)
  })

  it('of a hundred thousand tasks takes linear time, though each has a joiner already', {
    tags: 'large',
  }, async () => {
    const value = await virtually(function* () {
      const { joins, start, tasks } = yield* chain(100_000)
      yield spawn(function* () {
        joins.open()
        yield sleep(10)
        start.open()
      })
      const values = yield* all(tasks)
      return values.at(-1)
    })

    expect(value).toBe(42)
  })

  it('of a hundred thousand tasks takes linear time, though another task joins each already', {
    tags: 'large',
  }, async () => {
    const value = await virtually(function* () {
      const { joins, start, tasks } = yield* chain(100_000)
      for (const task of tasks) yield spawn(joiner, task)
      yield sleep(1)
      joins.open()
      yield sleep(10)
      start.open()
      return yield* join(tasks.at(-1) as Task<number>)
    })

    expect(value).toBe(42)
  })
})

interface Chain {
  /** Lets each task join the one before it, the first ones first. */
  readonly joins: Latch
  /** Lets the first task end. */
  readonly start: Latch
  readonly tasks: Task<number>[]
}

function* chain(length: number): Coroutine<Chain> {
  const joins = new Latch()
  const start = new Latch()
  function* first(): Coroutine<number> {
    yield start.wait()
    return 42
  }
  function* link(before: Task<number>): Coroutine<number> {
    yield joins.wait()
    return yield* join(before)
  }

  const tasks = [yield* spawn(first)]
  while (tasks.length < length) tasks.push(yield* spawn(link, tasks.at(-1) as Task<number>))
  return { joins, start, tasks }
}

function* joiner(task: Task): Coroutine<void> {
  yield join(task)
}
