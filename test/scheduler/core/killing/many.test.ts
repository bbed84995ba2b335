// Kills at every step of a program, and kills of many tasks at once.

import {
  all,
  type Coroutine,
  group,
  join,
  kill,
  Latch,
  pause,
  race,
  Scheduler,
  sleep,
  spawn,
  type Task,
  timeout,
} from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { internals } from '../../../support/internals.js'
import { world } from '../../world.js'
import { cleaner } from './coroutines.js'

describe('a kill at every yield', () => {
  /** Waits in many ways, and counts what it takes and gives back. */
  function* scenario(taken: Set<string>): Coroutine<void> {
    function* holding(name: string, inner: () => Coroutine): Coroutine<void> {
      taken.add(name)
      try {
        yield inner()
      } finally {
        // A kill may also come at this yield, while the coroutine is leaving by itself.
        try {
          yield pause()
        } finally {
          taken.delete(name)
        }
      }
    }
    function* leaf(ms: number): Coroutine<void> {
      yield sleep(ms)
      yield* sleep(ms)
    }

    yield holding('call', () => leaf(1))
    yield* holding('yield*', () => leaf(2))
    yield race([holding('race 1', () => leaf(5)), holding('race 2', () => leaf(3)), sleep(100)])
    yield all([holding('all 1', () => leaf(1)), holding('all 2', () => leaf(4)), pause()])
    try {
      yield timeout(
        3,
        holding('timeout', () => leaf(5)),
      )
    } catch (error) {
      if ((error as Error).name !== 'TimeoutError') throw error
    }
    yield group(function* (g) {
      yield g.spawn(holding, 'group 1', () => leaf(3))
      yield g.spawn(holding, 'group 2', () => leaf(1))
      yield holding('body', () => leaf(1))
    })
    const task = yield* spawn(holding, 'joined', () => leaf(2))
    try {
      yield join(task)
    } finally {
      yield kill(task)
    }
  }

  async function killedAfter(steps: number): Promise<{ left: string[]; outcome: string; timers: number }> {
    const host = new VirtualHost({ manual: true })
    // One step a turn, so that the turn which a timer begins takes no more than one step either.
    const scheduler = new Scheduler({ host, budget: { steps: 1 } })
    const taken = new Set<string>()
    const victims: Task[] = []
    const killing = new Latch()

    const result = scheduler.run(function* () {
      victims.push(yield* spawn(scenario, taken))
      const task = victims[0] as Task
      yield race([killing.wait(), joinQuietly(task)])
      yield kill(task)
      yield sleep(1)
      const left = [...taken, ...scheduler.snapshot().slice(1).map(String)]
      return { left, outcome: task.outcome?.kind ?? 'none', timers: internals(scheduler).timers.size }
    })
    // The steps of every task count, so that the kill comes at every possible moment.
    for (let step = 0; scheduler.snapshot().length > 0; step++) {
      if (step === steps) killing.open()
      if (!scheduler.step()) host.advance(internals(scheduler).timers.earliest - host.now())
    }
    return result
  }

  function* joinQuietly(task: Task): Coroutine<void> {
    try {
      yield join(task)
    } catch {}
  }

  it('leaves nothing behind, whichever step it comes at', { tags: 'large' }, async () => {
    const outcomes: string[] = []
    const leaks: unknown[] = []

    for (let steps = 1; outcomes.at(-1) !== 'returned'; steps++) {
      const { left, outcome, timers } = await killedAfter(steps)
      if (left.length > 0 || timers > 0) leaks.push({ steps, left, timers })
      outcomes.push(outcome)
    }

    expect(leaks).toEqual([])
    expect(outcomes.length).toBeGreaterThan(70)
  })
})

describe('killing many tasks', () => {
  it('at once waits for the clean-up of each', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      const tasks: Task[] = []
      for (let i = 1; i <= 1000; i++) tasks.push(yield* spawn(cleaner, i))
      yield sleep(1)
      yield all(tasks.map((task) => kill(task)))
    })

    expect(host.now()).toBe(1001)
  })
})
