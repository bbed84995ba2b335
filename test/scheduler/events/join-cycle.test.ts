// Promise 5: a join cycle is an error.

import {
  all,
  type Coroutine,
  DeadlockError,
  join,
  KilledError,
  kill,
  pause,
  race,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { type EventHandler, event, type Timer, type Waiter } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { after, joining } from '../coroutines.js'
import { rejection, virtually, world } from '../world.js'

describe('a join cycle', () => {
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

  it('names each task and its wait in the error', async () => {
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

  it('is not reported when one of the joins is a branch of a race, which another branch can end', async () => {
    const { scheduler } = world()

    const value = await scheduler.run(function* () {
      const [root] = internals(scheduler).tasks
      const child = yield* spawn(function* () {
        yield pause()
        yield race([join(root as Task), sleep(10)])
        return 1
      })
      return yield* join(child)
    })

    expect(value).toBe(1)
  })

  it('is not reported when the task that joins back is being killed', async () => {
    const { scheduler } = world()

    const error = await rejection(
      scheduler.run(function* () {
        const [root] = internals(scheduler).tasks
        const task = yield* spawn(joining, root as Task)
        yield spawn(joining, root as Task) // Otherwise the root would have no joiners, and the scheduler would not search for a cycle.
        yield pause()
        // The task is now ready, with Cancelled, although its last yield was a join.
        internals(scheduler).cancel(task)
        yield join(task)
      }),
    )

    expect(error).toBeInstanceOf(KilledError)
  })

  it('is not reported when a task waits for its joiner by an event that is not a join', async () => {
    const { scheduler } = world()
    const WATCH: EventHandler<Task, Timer, void> = {
      name: 'watch',
      enter: (waiter) =>
        internals(scheduler).timers.add(
          scheduler.now() + 10,
          (watching: Waiter<void>) => watching.resume(),
          waiter,
        ),
    }

    const value = await scheduler.run(function* () {
      const [root] = internals(scheduler).tasks
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

  it('is found across tasks that wait in a kill', async () => {
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

  it('is found while other tasks go on', async () => {
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

  it('is found across a callee', async () => {
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

  it('of a single task is found in a race too', async () => {
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

  it('is not reported for joins that form a tree', async () => {
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

  it('is not reported when a join was withdrawn before', async () => {
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
