// Tasks that kill themselves or each other.

import {
  all,
  type Coroutine,
  call,
  DeadlockError,
  group,
  join,
  kill,
  race,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../../support/internals.js'
import { FOREVER_MS } from '../../coroutines.js'
import { virtually, world } from '../../world.js'

describe('a task that kills itself', () => {
  it('ends after its finally blocks', async () => {
    const { scheduler, log, note } = world()
    const tasks: Task[] = []

    const outcome = await scheduler.run(function* () {
      tasks.push(
        yield* spawn(function* () {
          try {
            yield kill(tasks[0] as Task)
            note('went on')
          } finally {
            yield sleep(1)
            note('finally')
          }
        }),
      )
      yield sleep(10)
      return tasks[0]?.outcome
    })

    expect(log).toEqual(['1: finally'])
    expect(outcome).toEqual({ kind: 'killed' })
  })

  it.each([
    ['race', (event: Coroutine) => race([event, sleep(FOREVER_MS)])],
    ['all', (event: Coroutine) => all([event, sleep(FOREVER_MS)])],
    ['timeout', (event: Coroutine) => timeout(FOREVER_MS, event)],
    ['a callee', (event: Coroutine) => call(event)],
    ['a group', (event: Coroutine) => group(() => event)],
  ])('ends from within %s', async (_name, combine) => {
    const { scheduler, host } = world()
    const tasks: Task[] = []
    function* killsItself(): Coroutine<void> {
      yield kill(tasks[0] as Task)
    }

    const outcome = await scheduler.run(function* () {
      tasks.push(
        yield* spawn(function* () {
          yield combine(killsItself())
        }),
      )
      try {
        yield join(tasks[0] as Task)
      } catch {}
      return tasks[0]?.outcome
    })

    expect(outcome).toEqual({ kind: 'killed' })
    expect(host.now()).toBe(0)
  })

  it.each([
    ['race', (task: Task) => race([kill(task), sleep(FOREVER_MS)])],
    ['all', (task: Task) => all([sleep(FOREVER_MS), kill(task)])],
    ['timeout', (task: Task) => timeout(FOREVER_MS, kill(task))],
  ])('ends when the kill is an event in %s', async (_name, combine) => {
    const { scheduler, host } = world()
    const tasks: Task[] = []

    const [outcome, timers] = await scheduler.run(function* () {
      tasks.push(
        yield* spawn(function* () {
          yield combine(tasks[0] as Task)
        }),
      )
      try {
        yield join(tasks[0] as Task)
      } catch {}
      return [tasks[0]?.outcome, internals(scheduler).timers.size] as const
    })

    expect(outcome).toEqual({ kind: 'killed' })
    expect(timers).toBe(0)
    expect(host.now()).toBe(0)
  })

  it('continues its clean-up when it kills itself there', async () => {
    const { scheduler, log, note } = world()
    const tasks: Task[] = []

    await scheduler.run(function* () {
      tasks.push(
        yield* spawn(function* () {
          try {
            yield sleep(FOREVER_MS)
          } finally {
            yield kill(tasks[0] as Task)
            note('finally')
          }
        }),
      )
      yield sleep(1)
      yield kill(tasks[0] as Task)
      note('killer')
    })

    expect(log).toEqual(['1: finally', '1: killer'])
  })

  it('gets a DeadlockError when it joins itself in its clean-up', async () => {
    const tasks: Task[] = []
    let error: unknown

    await virtually(function* () {
      tasks.push(
        yield* spawn(function* () {
          try {
            yield sleep(FOREVER_MS)
          } finally {
            try {
              yield join(tasks[0] as Task)
            } catch (caught) {
              error = caught
            }
          }
        }),
      )
      yield sleep(1)
      yield kill(tasks[0] as Task)
    })

    expect(error).toBeInstanceOf(DeadlockError)
  })
})

describe('tasks that kill each other', () => {
  it('leave one alive when neither is in its clean-up', async () => {
    const { scheduler, log, note } = world()
    const tasks: Task[] = []
    function* member(i: number): Coroutine<void> {
      yield sleep(1)
      try {
        yield kill(tasks[1 - i] as Task)
        note(`${i} killed`)
      } finally {
        note(`${i} ended`)
      }
    }

    for (const i of [0, 1]) tasks.push(scheduler.spawn(member, i))
    await scheduler.run(function* () {})

    expect(log).toEqual(['1: 1 ended', '1: 0 killed', '1: 0 ended'])
  })

  it('both end when the victim kills its killer in its clean-up', async () => {
    const tasks: Task[] = []
    const { scheduler, host } = world()
    function* killer(): Coroutine<void> {
      yield sleep(1)
      yield kill(tasks[1] as Task)
    }
    function* victim(): Coroutine<void> {
      try {
        yield sleep(FOREVER_MS)
      } finally {
        yield kill(tasks[0] as Task)
      }
    }

    tasks.push(scheduler.spawn(killer), scheduler.spawn(victim))
    await scheduler.run(function* () {})

    expect(tasks.map(({ outcome }) => outcome?.kind)).toEqual(['killed', 'killed'])
    expect(host.now()).toBe(1)
  })

  it('both end after the grace period when both are in their clean-up', async () => {
    const tasks: Task[] = []
    const { scheduler, host } = world()
    function* member(i: number): Coroutine<void> {
      try {
        yield sleep(FOREVER_MS)
      } finally {
        yield kill(tasks[1 - i] as Task)
      }
    }

    for (const i of [0, 1]) tasks.push(scheduler.spawn(member, i))
    await scheduler.run(
      function* () {
        yield sleep(1)
        yield all(tasks.map((task) => kill(task)))
      },
      { grace: 100 },
    )

    expect(tasks.map(({ outcome }) => outcome?.kind)).toEqual(['killed', 'killed'])
    expect(host.now()).toBe(101)
  })
})
