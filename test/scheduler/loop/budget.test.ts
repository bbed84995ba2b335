// The budget of promise 2: how many steps a turn takes, and for how long, before it lets the host poll.
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

/** A host that makes each call when it is told, and whose clock moves by what a step takes. */
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

  /** Makes one call that was asked for soon. */
  turn(): boolean {
    const call = this.#calls.shift()
    call?.()
    return call !== undefined
  }
}

interface Watched {
  readonly host: Stepwise
  /** How many steps the tasks have taken. */
  steps: number
}

/** Runs tasks without end, each of whose steps takes some time. */
function busy(tasks: number, stepMs: number, options: SchedulerOptions): Watched {
  const host = new Stepwise()
  const watched: Watched = { host, steps: 0 }
  function* worker(): Coroutine {
    while (true) {
      watched.steps++
      host.time += stepMs
      yield pause()
    }
  }
  const scheduler = new Scheduler({ host, ...options })
  for (let i = 1; i < tasks; i++) scheduler.spawn(worker)
  void scheduler.run(worker)
  return watched
}

describe('budgetSteps', () => {
  it.each([1, 2, 3, 63, 64, 65, 100, 1000, 1024])('of %i is never exceeded in a turn', (budgetSteps) => {
    const watched = busy(3, 0, { budgetSteps })

    for (let turn = 1; turn <= 5; turn++) {
      watched.host.turn()

      expect(watched.steps).toBeLessThanOrEqual(turn * budgetSteps)
    }
  })

  it('is 1024 by default: no more steps are taken although there are more tasks', () => {
    const watched = busy(3000, 0, {})

    watched.host.turn()

    expect(watched.steps).toBe(1024)
  })

  it('goes on in the next turn with the task that came next', () => {
    const host = new Stepwise()
    const log: number[] = []
    const scheduler = new Scheduler({ host, budgetSteps: 2 })
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
  it('is asked for once, however many tasks become ready before it', () => {
    const host = new Stepwise()
    const scheduler = new Scheduler({ host })
    void scheduler.run(function* () {})
    scheduler.spawn(function* () {})
    scheduler.spawn(function* () {})

    let turns = 0
    while (host.turn()) turns++

    expect(turns).toBe(1)
  })

  it('is not asked for by a release while there is another hold', () => {
    const host = new Stepwise()
    const scheduler = new Scheduler({ host })
    void scheduler.run(function* () {
      scheduler.hold()
      scheduler.hold()
    })
    while (host.turn()) {}

    scheduler.release()
    const first = host.turn()
    scheduler.release()
    const second = host.turn()

    expect([first, second]).toEqual([false, true])
  })

  it.each<[string, Event]>([
    ['for ever', new Latch().wait()],
    ['for a timer, which the host has not', sleep(10)],
  ])('that comes when the run is over does no harm to a task that waits %s', (_name, event) => {
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

describe('budgetMs', () => {
  it('ends a turn after the step that used it up, when steps are slow', () => {
    const watched = busy(100, 10, { budgetMs: 2 })

    watched.host.turn()

    expect(watched.steps).toBe(1)
  })

  it('ends a turn of quick steps not long after it is used up', () => {
    // 2 ms at 0.01 ms a step are 200 steps; the clock is looked at every 64.
    const watched = busy(1000, 0.01, { budgetMs: 2 })

    watched.host.turn()

    expect(watched.steps).toBeGreaterThanOrEqual(200)
    expect(watched.steps).toBeLessThanOrEqual(264)
  })

  it('is 2 by default', () => {
    const watched = busy(100, 0.5, {})

    watched.host.turn()

    // After 1, 2, 4 steps it looks: 4 of them take 2 ms.
    expect(watched.steps).toBe(4)
  })

  it('of Infinity leaves the steps to be the limit', () => {
    const watched = busy(100, 1e6, { budgetMs: Number.POSITIVE_INFINITY, budgetSteps: 50 })

    watched.host.turn()

    expect(watched.steps).toBe(50)
  })
})
