// Promise 14: a scheduler that the test drives by hand, step by step.

import {
  type Coroutine,
  DeadlockError,
  join,
  Latch,
  pause,
  Scheduler,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { afterMacrotasks } from '../outside.js'
import { failure, rejection, stepAll } from '../world.js'
import { byHand } from './by-hand.js'

describe('step', () => {
  it('takes one step of the task that has been ready longest', () => {
    const { scheduler, log, stepper } = byHand()
    stepper('a', 3)
    stepper('b', 3)

    scheduler.step()
    const first = [...log]
    scheduler.step()
    scheduler.step()

    expect([first, log]).toEqual([['a1'], ['a1', 'b1', 'a2']])
  })

  it('returns whether there was a step to take', () => {
    const { scheduler, stepper } = byHand()

    const before = scheduler.step()
    stepper('a', 0)
    const stepped = scheduler.step()

    expect([before, stepped, scheduler.step()]).toEqual([false, true, false])
  })

  it('does not count a step for a task that was cancelled before its first one', () => {
    const { scheduler, log, stepper } = byHand()
    const victim = scheduler.spawn(function* () {
      log.push('of the victim')
    })
    stepper('a', 1)

    internals(scheduler).cancel(victim)
    const steps = stepAll(scheduler)

    expect(log).toEqual(['a1'])
    expect(steps).toBeLessThanOrEqual(3)
    expect(victim.outcome).toEqual({ kind: 'killed' })
  })

  it('lets no time pass', () => {
    const { scheduler, host, log } = byHand()
    scheduler.spawn(function* () {
      yield sleep(10)
      log.push('slept')
    })

    const steps = stepAll(scheduler)

    expect([steps, host.now(), log]).toEqual([1, 0, []])
  })

  it('wakes the tasks that are due after the clock was moved forward', () => {
    const { scheduler, host, log } = byHand()
    for (const ms of [30, 10, 20]) {
      scheduler.spawn(function* () {
        yield sleep(ms)
        log.push(`slept ${ms}`)
      })
    }
    stepAll(scheduler)

    host.advance(20)
    const steps = stepAll(scheduler)

    expect([steps, log]).toEqual([2, ['slept 10', 'slept 20']])
  })

  it('throws the error of a task that no task joined, when there is no run', () => {
    const { scheduler } = byHand()
    const error = failure()
    scheduler.spawn(function* () {
      throw error
    })

    expect(() => scheduler.step()).toThrow(error)
  })

  it('throws each of several such errors once, and the other tasks go on', () => {
    const { scheduler, log, stepper } = byHand()
    for (const message of ['one', 'two']) {
      scheduler.spawn(function* () {
        throw failure(message)
      })
    }
    stepper('a', 2)
    const thrown: string[] = []

    for (let i = 0; i < 10; i++) {
      try {
        scheduler.step()
      } catch (error) {
        thrown.push((error as Error).message)
      }
    }

    expect([thrown, log]).toEqual([
      ['one', 'two'],
      ['a1', 'a2'],
    ])
  })

  it('throws no error that a joiner received', () => {
    const { scheduler, log } = byHand()
    const failing = scheduler.spawn(function* (): Coroutine {
      yield pause()
      throw failure('taken')
    })
    scheduler.spawn(function* () {
      try {
        yield join(failing)
      } catch (error) {
        log.push((error as Error).message)
      }
    })

    stepAll(scheduler)

    expect(log).toEqual(['taken'])
  })

  it('within a step is an error that names the task and affects no other task', () => {
    const { scheduler, log, stepper } = byHand()
    let caught: unknown
    scheduler.spawn(function* nosy() {
      try {
        scheduler.step()
      } catch (error) {
        caught = error
      }
      yield pause()
      log.push('nosy')
    })
    stepper('a', 1)

    stepAll(scheduler)

    expect(caught).toEqual(new Error('step(): called within a step, of nosy#1'))
    expect(log).toEqual(['a1', 'nosy'])
  })

  it('within a step of a turn is an error too, and the run goes on', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost() })

    const caught = await scheduler.run(function* () {
      try {
        return scheduler.step()
      } catch (error) {
        return error
      } finally {
        yield pause()
      }
    })

    expect(caught).toEqual(new Error('step(): called within a step, of anonymous#1'))
  })

  it('of another scheduler within a step is allowed', () => {
    const { scheduler, log } = byHand()
    const other = byHand()
    other.stepper('other', 2)
    scheduler.spawn(function* () {
      while (other.scheduler.step()) yield pause()
      log.push('outer')
    })

    stepAll(scheduler)

    expect([other.log, log]).toEqual([['other1', 'other2'], ['outer']])
  })

  it('takes a run to its end', async () => {
    const { scheduler, host } = byHand()
    const outcome = scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield sleep(10)
        return 42
      })
      return yield* join(task)
    })

    stepAll(scheduler)
    host.advance(10)
    stepAll(scheduler)

    expect(await outcome).toBe(42)
  })

  it('detects the deadlock of a run', async () => {
    const { scheduler } = byHand()
    const outcome = rejection(
      scheduler.run(function* () {
        yield new Latch().wait()
      }),
    )

    stepAll(scheduler)

    expect(await outcome).toBeInstanceOf(DeadlockError)
  })

  it('leaves an error to the run in progress', async () => {
    const { scheduler } = byHand()
    const error = failure()
    const outcome = rejection(
      scheduler.run(function* () {
        throw error
      }),
    )

    stepAll(scheduler)

    expect(await outcome).toBe(error)
  })

  it('makes the same program take the same steps, whatever order a seed picks for the time', () => {
    function replay(): string[] {
      const { scheduler, host, log } = byHand()
      for (let i = 0; i < 20; i++) {
        scheduler.spawn(function* () {
          for (let j = 0; j < 3; j++) {
            yield sleep((i * 7 + j * 3) % 5)
            log.push(`${i}.${j} at ${host.now()}`)
          }
        })
      }
      for (let turn = 0; turn < 30; turn++) {
        stepAll(scheduler)
        host.advance(1)
      }
      return log
    }

    const [first, second] = [replay(), replay()]

    expect(first).toHaveLength(60)
    expect(second).toEqual(first)
  })
})

describe('advance, with a scheduler that is driven by hand,', () => {
  it('takes no step, even while a run is in progress', () => {
    const { scheduler, host, log } = byHand()
    void scheduler.run(function* () {
      yield sleep(10)
      log.push('slept')
    })
    stepAll(scheduler)

    host.advance(10)
    const before = [...log]
    stepAll(scheduler)

    expect([before, log]).toEqual([[], ['slept']])
  })

  it('takes no step when there is no run', () => {
    const { scheduler, host, log } = byHand()
    scheduler.spawn(function* () {
      yield sleep(10)
      log.push('slept')
    })
    stepAll(scheduler)

    host.advance(10)

    expect(log).toEqual([])
  })
})

describe('spawn from outside', () => {
  it('adds a task that takes its first step in its turn', () => {
    const { scheduler, log } = byHand()

    const task = scheduler.spawn(function* first(): Coroutine<number> {
      log.push('stepped')
      return 1
    })
    const before = [`${task}`, task.state, ...log]
    stepAll(scheduler)

    expect(before).toEqual(['first#1', 'new'])
    expect([task.state, task.outcome, log]).toEqual(['ended', { kind: 'returned', value: 1 }, ['stepped']])
  })

  it('adds the task to the next run', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost() })
    const error = failure()
    scheduler.spawn(function* () {
      yield sleep(10)
      throw error
    })

    const caught = await rejection(scheduler.run(function* () {}))

    expect(caught).toBe(error)
  })

  it('takes no step by itself while there is no run, on a host that makes calls', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost() })
    let stepped = false
    scheduler.spawn(function* () {
      stepped = true
    })

    await afterMacrotasks(10)

    expect(stepped).toBe(false)
  })
})
