// Killing a task that waits in a combination of events.

import {
  all,
  Channel,
  type Coroutine,
  call,
  group,
  kill,
  pause,
  race,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../../support/internals.js'
import { FOREVER_MS } from '../../coroutines.js'
import { failure, manualScheduler, stepAll, virtually, world } from '../../world.js'
import { cleaner, failingCleaner } from './coroutines.js'

describe.each([
  ['race', (coroutine: Coroutine) => race([coroutine, sleep(FOREVER_MS)])],
  ['all', (coroutine: Coroutine) => all([sleep(FOREVER_MS), coroutine])],
  ['timeout', (coroutine: Coroutine) => timeout(FOREVER_MS, coroutine)],
  ['group', (coroutine: Coroutine) => group(() => coroutine)],
  ['race in all', (coroutine: Coroutine) => all([race([coroutine])])],
  ['timeout in timeout', (coroutine: Coroutine) => timeout(FOREVER_MS, timeout(FOREVER_MS, coroutine))],
  ['group in race', (coroutine: Coroutine) => race([group(() => coroutine)])],
])('killing a task in %s', (_name, combine) => {
  it('waits for the clean-up of its branches', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield combine(cleaner(10, () => note('branch')))
        } finally {
          note('task')
        }
      })
      yield sleep(1)
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['11: branch', '11: task', '11: killer'])
  })

  it('throws the error of a clean-up, the same object, in the task and in the killer', async () => {
    const error = failure()
    const inTask: unknown[] = []

    const caught = await virtually(function* () {
      const task = yield* spawn(function* () {
        try {
          yield combine(failingCleaner(error))
        } catch (caught) {
          inTask.push(caught)
          throw caught
        }
      })
      yield sleep(1)
      try {
        yield kill(task)
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(inTask).toEqual([error])
    expect(caught).toBe(error)
  })

  it('throws Cancelled in the task and in the branch', async () => {
    const { scheduler, log, note } = world()
    function* noting(name: string, inner: () => unknown): Coroutine<void> {
      try {
        yield inner() as Coroutine // Any of these can be yielded.
      } catch (error) {
        note(`${name} ${(error as Error).name}`)
        throw error
      }
    }

    await scheduler.run(function* () {
      const task = yield* spawn(noting, 'task', () => combine(noting('branch', () => sleep(FOREVER_MS))))
      yield sleep(1)
      yield kill(task)
    })

    expect(log).toEqual(['1: branch Cancelled', '1: task Cancelled'])
  })

  it('takes no longer than the grace period when the clean-up of a branch hangs', async () => {
    const { scheduler, host } = world()

    const left = await scheduler.run(
      function* () {
        const task = yield* spawn(function* () {
          yield combine(cleaner(FOREVER_MS))
        })
        yield sleep(1)
        yield kill(task)
        return { tasks: scheduler.snapshot().length, timers: internals(scheduler).timers.size }
      },
      { grace: 100 },
    )

    expect(host.now()).toBe(101)
    expect(left).toEqual({ tasks: 1, timers: 0 })
  })

  it('never starts a branch that has not started', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield combine(
          (function* () {
            note('started')
            yield pause()
          })(),
        )
      })
      // The task takes its step before this kill; its branch would take one after it.
      yield pause()
      yield kill(task)
    })

    expect(log).toEqual([])
  })
})

describe('a branch that returns just as its grace period ends', () => {
  it('has returned, and its value is disposed of', () => {
    const scheduler = manualScheduler()
    const channel = new Channel<string>()
    const log: string[] = []
    const task = scheduler.spawn(function* () {
      yield* race([
        call(function* () {
          const message = yield* channel.receive()
          return { [Symbol.dispose]: () => void log.push(`${message} disposed of`) }
        }),
      ])
    })
    stepAll(scheduler)

    channel.trySend('message')
    internals(scheduler).cancel(task, 0)
    stepAll(scheduler)

    expect(log).toEqual(['message disposed of'])
    expect(task.outcome).toEqual({ kind: 'killed' })
  })
})
