// Errors of the trampoline and of timers themselves, which belong to no coroutine.

import { type Event, Scheduler, sleep } from '@bluelet/scheduler'
import {
  type EventHandler,
  event,
  type Host,
  type Supervisor,
  type Waiter,
} from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { afterMacrotasks } from '../outside.js'
import { failure, rejection, stepAll } from '../world.js'
import { byHand } from './by-hand.js'

describe('an error that escapes from the trampoline', () => {
  /** A host that records what is thrown into it. */
  function guarded(): { host: Host; thrown: unknown[] } {
    const virtual = new VirtualHost()
    const thrown: unknown[] = []
    const guard = (callback: () => void) => () => {
      try {
        callback()
      } catch (error) {
        thrown.push(error)
      }
    }
    const host: Host = {
      now: () => virtual.now(),
      soon: (callback) => virtual.soon(guard(callback)),
      at: (deadline, callback) => virtual.at(deadline, guard(callback)),
      cancel: (timer) => virtual.cancel(timer),
      report: (error) => virtual.report(error),
    }
    return { host, thrown }
  }

  it("thrown by the callback of a handler's timer ends the run, not the process", async () => {
    const { host, thrown } = guarded()
    const scheduler = new Scheduler({ host })
    const error = failure('of a timer')

    const outcome = scheduler.run(function* () {
      internals(scheduler).timers.add(
        5,
        () => {
          throw error
        },
        undefined,
      )
      yield sleep(10)
      return 'went on'
    })
    const ended = await Promise.race([
      outcome.catch((caught: unknown) => caught),
      afterMacrotasks(50).then(() => 'hangs'),
    ])

    expect(ended).toBe(error)
    expect(thrown).toEqual([])
  })
})

describe('an error that breaks a step', () => {
  /** An event whose handler violates the protocol: it resumes its waiter, then throws. */
  function broken(error: Error): Event {
    return event(
      {
        name: 'broken',
        enter(waiter: Waiter<void>) {
          waiter.resume()
          throw error
        },
      },
      undefined,
    )
  }

  it('is thrown by step, and the scheduler takes further steps', () => {
    const { scheduler, log, stepper } = byHand()
    const error = failure()
    scheduler.spawn(function* () {
      yield broken(error)
    })
    stepper('a', 1)

    expect(() => scheduler.step()).toThrow(error)
    stepAll(scheduler)

    expect(log).toEqual(['a1'])
  })

  it('of a timer that belongs to no task is reported', () => {
    const { scheduler, host } = byHand()
    const error = failure()
    internals(scheduler).timers.add(
      0,
      () => {
        throw error
      },
      undefined,
    )

    scheduler.step()

    expect(host.reports).toEqual([error])
  })
})

describe('a supervisor that fails while it receives an error of the trampoline', () => {
  it('hides neither that error nor its own', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost() })
    const [broken, own] = [failure('of a handler'), failure('of the supervisor')]
    const BROKEN: EventHandler<undefined, void> = {
      name: 'broken',
      enter(waiter) {
        waiter.resume(undefined as never)
        throw broken
      },
    }
    const supervisor: Supervisor = {
      adopt() {},
      fail() {
        throw own
      },
      disown() {},
    }

    const error = await rejection(
      scheduler.run(function* () {
        internals(scheduler).spawnUnder(supervisor, function* () {
          yield event(BROKEN, undefined)
        })
        yield sleep(1)
      }),
    )

    expect((error as AggregateError).errors).toEqual([broken, own])
  })
})
