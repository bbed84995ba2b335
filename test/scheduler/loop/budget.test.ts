// Promise 2: the budget of a turn, in steps and in time, after which the host polls.

import {
  type Coroutine,
  type Event,
  Latch,
  pause,
  Scheduler,
  type SchedulerOptions,
  sleep,
} from '@bluelet/scheduler'
import type { Host } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'

/** A host that makes one call at a time, when the test says so. The tasks move its clock. */
class Stepwise implements Host {
  time = 0
  readonly #calls: (() => void)[] = []

  now(): number {
    return this.time
  }

  soon(callback: () => void): void {
    this.#calls.push(callback)
  }

  at(): unknown {
    return undefined
  }

  cancel(): void {}

  report(error: unknown): void {
    throw error
  }

  /** Makes the oldest call that is still to be made. */
  turn(): boolean {
    const call = this.#calls.shift()
    call?.()
    return call !== undefined
  }
}

interface Load {
  readonly host: Stepwise
  /** The number of steps that the tasks have taken. */
  steps: number
}

/** Runs tasks that never end; each of their steps takes some time. */
function busy(tasks: number, stepMs: number, options: SchedulerOptions): Load {
  const host = new Stepwise()
  const load: Load = { host, steps: 0 }
  function* worker(): Coroutine {
    while (true) {
      load.steps++
      host.time += stepMs
      yield pause()
    }
  }
  const scheduler = new Scheduler({ host, ...options })
  for (let i = 1; i < tasks; i++) scheduler.spawn(worker)
  void scheduler.run(worker)
  return load
}

describe('budget.steps', () => {
  it.each([1, 2, 3, 63, 64, 65, 100, 1000, 1024])('of %i is never exceeded in a turn', (steps) => {
    const load = busy(3, 0, { budget: { steps } })

    for (let turn = 1; turn <= 5; turn++) {
      load.host.turn()

      expect(load.steps).toBeLessThanOrEqual(turn * steps)
    }
  })

  it('is 1024 by default, even when more tasks are ready', () => {
    const load = busy(3000, 0, {})

    load.host.turn()

    expect(load.steps).toBe(1024)
  })

  it('is followed by a turn that begins with the next task', () => {
    const host = new Stepwise()
    const log: number[] = []
    const scheduler = new Scheduler({ host, budget: { steps: 2 } })
    for (let i = 0; i < 5; i++) {
      scheduler.spawn(function* () {
        log.push(i)
      })
    }
    void scheduler.run(function* () {})

    const afterTurns: number[][] = []
    while (host.turn()) afterTurns.push([...log])

    expect(afterTurns).toEqual([
      [0, 1],
      [0, 1, 2, 3],
      [0, 1, 2, 3, 4],
    ])
  })
})

describe('a turn', () => {
  it('is requested once, however many tasks become ready before it', () => {
    const host = new Stepwise()
    const scheduler = new Scheduler({ host })
    void scheduler.run(function* () {})
    scheduler.spawn(function* () {})
    scheduler.spawn(function* () {})

    let turns = 0
    while (host.turn()) turns++

    expect(turns).toBe(1)
  })

  it('is not requested by a release while the scheduler is held otherwise', () => {
    const host = new Stepwise()
    const scheduler = new Scheduler({ host })
    void scheduler.run(function* () {
      internals(scheduler).ref()
      internals(scheduler).ref()
    })
    while (host.turn()) {}

    internals(scheduler).unref()
    const first = host.turn()
    internals(scheduler).unref()
    const second = host.turn()

    expect([first, second]).toEqual([false, true])
  })

  it.each<[string, Event]>([
    ['forever', new Latch().wait()],
    ['for a timer that the host does not have', sleep(10)],
  ])('that comes after the end of the run does not affect a task that waits %s', (_name, event) => {
    const host = new Stepwise()
    host.at = () => {
      throw new Error('no timers')
    }
    const scheduler = new Scheduler({ host })
    void scheduler.run(function* () {})
    scheduler.step()
    const task = scheduler.spawn(function* () {
      yield event
    })
    scheduler.step()

    host.turn()

    expect(task.state).toBe('parked')
  })
})

describe('budget.time', () => {
  it('ends a turn of slow steps after the step that used it up', () => {
    const load = busy(100, 10, { budget: { time: 2 } })

    load.host.turn()

    expect(load.steps).toBe(1)
  })

  it('ends a turn of quick steps soon after it is used up', () => {
    // 2 ms at 0.01 ms a step are 200 steps; the scheduler reads the clock every 64 steps.
    const load = busy(1000, 0.01, { budget: { time: 2 } })

    load.host.turn()

    expect(load.steps).toBeGreaterThanOrEqual(200)
    expect(load.steps).toBeLessThanOrEqual(264)
  })

  it('is 2 by default', () => {
    const load = busy(100, 0.5, {})

    load.host.turn()

    // The scheduler reads the clock after 1, 2 and 4 steps, and 4 steps take 2 ms.
    expect(load.steps).toBe(4)
  })

  it('of Infinity leaves the number of steps as the only limit', () => {
    const load = busy(100, 1e6, { budget: { steps: 50, time: Number.POSITIVE_INFINITY } })

    load.host.turn()

    expect(load.steps).toBe(50)
  })
})
