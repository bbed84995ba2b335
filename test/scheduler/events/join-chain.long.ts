// Many tasks, each of which joins the next.
import { all, type Coroutine, join, Latch, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { joining } from '../coroutines.js'
import { failure, rejection, virtually } from '../world.js'

interface Chain {
  /** Makes each task join the one before it, from the first to the last. */
  readonly joins: Latch
  /** Ends the first task. */
  readonly start: Latch
  readonly tasks: Task<number>[]
}

describe('a chain of joins', () => {
  it('of a hundred thousand tasks, joined from the front, passes the value along', {
    tags: 'large',
  }, async () => {
    function* link(n: number): Coroutine<number> {
      if (n === 0) return 42
      return yield* join(yield* spawn(link, n - 1))
    }

    const value = await virtually(() => link(100_000))

    expect(value).toBe(42)
  })

  it('of a hundred thousand tasks passes the error along', { tags: 'large' }, async () => {
    const error = failure()
    function* link(n: number): Coroutine<void> {
      if (n === 0) throw error
      yield join(yield* spawn(link, n - 1))
    }

    const caught = await rejection(virtually(() => link(100_000)))

    expect(caught).toBe(error)
  })

  it('of a hundred thousand tasks takes linear time although each task already has a joiner', {
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

  it('of a hundred thousand tasks takes linear time although another task already joins each', {
    tags: 'large',
  }, async () => {
    const value = await virtually(function* () {
      const { joins, start, tasks } = yield* chain(100_000)
      for (const task of tasks) yield spawn(joining, task)
      yield sleep(1)
      joins.open()
      yield sleep(10)
      start.open()
      return yield* join(tasks.at(-1) as Task<number>)
    })

    expect(value).toBe(42)
  })
})

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
