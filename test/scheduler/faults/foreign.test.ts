// Promise 5: a wait for a task of another scheduler holds the run of the waiter open.
import {
  all,
  type Coroutine,
  DeadlockError,
  type Event,
  type Group,
  group,
  join,
  kill,
  pause,
  race,
  run,
  Scheduler,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { idle, pausing } from '../coroutines.js'
import { afterMacrotasks } from '../outside.js'
import { rejection } from '../world.js'

/** A run of another scheduler, with a task that waits and takes its time to clean up. */
function foreign(): { readonly task: Task<string>; readonly over: Promise<unknown> } {
  const scheduler = new Scheduler()
  const over = scheduler.run(pausing)
  const task = scheduler.spawn(function* victim() {
    try {
      yield* sleep(20)
      return 'value'
    } finally {
      yield* sleep(20)
    }
  })
  return { task, over }
}

function* performing(event: Event): Coroutine<unknown> {
  return yield event
}

describe('a wait for a task of another scheduler', () => {
  it.each<[string, (task: Task<string>) => Event, unknown]>([
    ['join', (task) => join(task), 'value'],
    ['kill', (task) => kill(task), undefined],
    ['join in race', (task) => race([join(task)]), 'value'],
    ['kill in all', (task) => all([kill(task)]), [undefined]],
    ['kill in timeout', (task) => timeout(10_000, kill(task)), undefined],
    ['kill in a group', (task) => group(() => performing(kill(task))), undefined],
  ])('by %s is no deadlock', async (_name, make, value) => {
    const { task, over } = foreign()
    await afterMacrotasks(3)

    const given = await run(() => performing(make(task)))
    await over

    expect(given).toEqual(value)
    expect(task.state).toBe('ended')
  })

  it.each<[string, (task: Task<string>) => Event]>([
    ['join', (task) => join(task)],
    ['kill', (task) => kill(task)],
  ])('by %s that is withdrawn holds nothing open', async (_name, make) => {
    const { task, over } = foreign()
    await afterMacrotasks(3)

    const error = await rejection(
      run(function* () {
        yield* race([make(task), pause()])
        yield* join(yield* spawn(() => performing(group(() => idle()))))
      }),
    )
    await over

    expect(error).toBeInstanceOf(DeadlockError)
  })

  it('by a group into which it was spawned is no deadlock', async () => {
    let shared: Group | undefined
    const other = new Scheduler()
    const over = other.run(function* () {
      while (shared === undefined) yield* sleep(1)
      const task = yield* shared.spawn(function* child() {
        yield* sleep(30)
        return 'of the child'
      })
      return yield* join(task)
    })

    const given = await run(function* () {
      return yield* group(function* (g) {
        shared = g
        yield* sleep(10)
        return 'of the body'
      })
    })

    expect(given).toBe('of the body')
    expect(await over).toBe('of the child')
  })

  it('by a group that it fails ends the group with its error', async () => {
    const error = new Error('of the child')
    let shared: Group | undefined
    const other = new Scheduler()
    const over = other.run(function* () {
      while (shared === undefined) yield* sleep(1)
      yield* shared.spawn(function* child() {
        yield* sleep(10)
        throw error
      })
    })

    const caught = await rejection(
      run(function* () {
        yield* group(function* (g) {
          shared = g
          yield* sleep(10_000)
        })
      }),
    )
    await over

    expect(caught).toBe(error)
  })
})

describe('a join cycle over several schedulers', () => {
  it.each([2, 3])('of %d is an error at the join that closes it', async (count) => {
    const tasks: Task[] = []
    const schedulers = Array.from({ length: count }, () => new Scheduler())
    const runs = schedulers.map((scheduler, i) => {
      const over = scheduler.run(function* () {
        yield* sleep(5)
      })
      tasks.push(
        scheduler.spawn(function* member() {
          yield* sleep(1)
          yield* join(tasks[(i + 1) % count] as Task)
        }),
      )
      return over
    })

    const outcomes = await Promise.allSettled(runs)

    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(errors[0]).toBeInstanceOf(DeadlockError)
    expect((errors[0] as DeadlockError).waits).toHaveLength(count)
  })
})
