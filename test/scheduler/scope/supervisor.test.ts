// Promise 7: a supervisor that a user writes.
import { group, join, kill, sleep, spawn } from '@bluelet/scheduler'
import { type Supervisor, spawnUnder } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { failAfter } from '../coroutines.js'
import { failure, rejection, virtually } from '../world.js'

describe('a supervisor', () => {
  interface RecordingSupervisor {
    readonly supervisor: Supervisor
    readonly log: string[]
  }

  function recordingSupervisor(): RecordingSupervisor {
    const log: string[] = []
    return {
      log,
      supervisor: {
        adopt: (task) => void log.push(`adopt ${task.name}`),
        fail: (task, error) => void log.push(`fail ${task.name}: ${error}`),
        disown: (task) => void log.push(`disown ${task.name}`),
      },
    }
  }

  it('is told of a task, its error and its end, in this order', async () => {
    const { supervisor, log } = recordingSupervisor()

    await virtually(function* () {
      yield spawnUnder(supervisor)(failAfter, 10, failure())
    })

    expect(log).toEqual(['adopt failAfter', 'fail failAfter: Error: failure', 'disown failAfter'])
  })

  it('is inherited by the tasks that its tasks spawn', async () => {
    const { supervisor, log } = recordingSupervisor()

    await virtually(function* () {
      yield spawnUnder(supervisor)(function* parent() {
        yield spawn(failAfter, 10, failure())
      })
    })

    expect(log).toEqual([
      'adopt parent',
      'adopt failAfter',
      'disown parent',
      'fail failAfter: Error: failure',
      'disown failAfter',
    ])
  })

  it('keeps the error from the run', async () => {
    const { supervisor } = recordingSupervisor()

    const value = await virtually(function* () {
      yield spawnUnder(supervisor)(failAfter, 10, failure())
      yield sleep(100)
      return 'went on'
    })

    expect(value).toBe('went on')
  })

  it('is not told of an error that a task joins for', async () => {
    const { supervisor, log } = recordingSupervisor()

    await virtually(function* () {
      const task = yield* spawnUnder(supervisor)(failAfter, 10, failure())
      try {
        yield join(task)
      } catch {}
    })

    expect(log).toEqual(['adopt failAfter', 'disown failAfter'])
  })

  it('is told of the end of a task that is killed before its first step', async () => {
    const { supervisor, log } = recordingSupervisor()

    await virtually(function* () {
      const task = yield* spawnUnder(supervisor)(failAfter, 10, failure())
      yield kill(task)
    })

    expect(log).toEqual(['adopt failAfter', 'disown failAfter'])
  })

  it('is the group for tasks spawned in one, until the group ends', async () => {
    const inside = failure('inside')
    const outside = failure('outside')
    const caught: unknown[] = []

    const rejected = await rejection(
      virtually(function* () {
        try {
          yield group(function* () {
            yield spawn(failAfter, 10, inside)
          })
        } catch (error) {
          caught.push(error)
        }
        yield spawn(failAfter, 10, outside)
        yield sleep(100)
      }),
    )

    expect(caught).toEqual([inside])
    expect(rejected).toBe(outside)
  })
})
