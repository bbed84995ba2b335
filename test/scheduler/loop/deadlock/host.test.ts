// Deadlocks that only the host can detect: nothing outside is left that could call in.

import { DeadlockError, type Event, pause, race, run, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { internals } from '../../../support/internals.js'
import { waitFor } from '../../coroutines.js'
import { fromOutside, withResolvers } from '../../outside.js'
import { rejection } from '../../world.js'

describe('a run whose host has nothing left that could call in', () => {
  /** Virtual time, on a host that is exhausted when the test says so. */
  class ExhaustibleHost extends VirtualHost {
    readonly listeners = new Set<(simulated: boolean) => void>()

    override onIdle(callback: (simulated: boolean) => void): () => void {
      this.listeners.add(callback)
      return () => this.listeners.delete(callback)
    }

    exhaust(): void {
      for (const callback of [...this.listeners]) callback(false)
    }
  }

  it('ends with DeadlockError after its finally blocks', async () => {
    const host = new ExhaustibleHost()
    const log: string[] = []

    const outcome = rejection(
      run(
        function* main() {
          try {
            yield new Promise(() => {})
          } finally {
            yield sleep(1)
            log.push('finally')
          }
        },
        { host },
      ),
    )
    fromOutside(() => host.exhaust())

    const error = await outcome
    expect(error).toBeInstanceOf(DeadlockError)
    expect((error as DeadlockError).waits).toEqual(['main#1 waits for wait()'])
    expect(log).toEqual(['finally'])
  })

  it('goes on while a task is ready', async () => {
    const host = new ExhaustibleHost()

    const outcome = run(() => waitFor(pause()), { host })
    host.exhaust()

    expect(await outcome).toBe(undefined)
  })

  it('goes on while a timer is set', async () => {
    const host = new ExhaustibleHost()
    host.at(5, () => host.exhaust())

    const value = await run(() => waitFor(race([sleep(10), new Promise(() => {})])), { host })

    expect([value, host.now()]).toEqual([undefined, 10])
  })

  it('says so when it is held open although every task has ended', async () => {
    const host = new ExhaustibleHost()
    const scheduler = new Scheduler({ host })

    const outcome = rejection(
      scheduler.run(function* () {
        internals(scheduler).ref()
        internals(scheduler).ref()
      }),
    )
    fromOutside(() => host.exhaust())

    expect(String(await outcome)).toBe(
      'Error: every task has ended, but the run is held open: ref() was called 2 times more than unref()',
    )
  })

  it('stops listening once it is over', async () => {
    const host = new ExhaustibleHost()

    const during = await run(
      function* () {
        yield pause()
        return host.listeners.size
      },
      { host },
    )

    expect([during, host.listeners.size]).toEqual([1, 0])
  })
})

describe('a run on a host that simulates what its tasks wait for', () => {
  /** Waits for a simulated socket from which nothing comes. */
  function arrival(): Event<void> {
    return event({ name: 'arrival', external: 'socket', enter() {} }, undefined)
  }

  it('ends with DeadlockError when the host has nothing left to call', async () => {
    const host = new VirtualHost({ simulates: ['socket'] })

    const error = await rejection(
      run(
        function* main() {
          yield race([arrival(), sleep(10)])
          yield arrival()
        },
        { host },
      ),
    )

    expect(error).toBeInstanceOf(DeadlockError)
    expect((error as DeadlockError).waits).toEqual(['main#1 waits for arrival()'])
    expect(host.now()).toBe(10)
  })

  it('goes on while a task waits for something that only the real world can end', async () => {
    const host = new VirtualHost({ simulates: ['socket'] })
    const { promise, resolve } = withResolvers<string>()
    const log: string[] = []

    const outcome = rejection(
      run(
        function* () {
          yield spawn(function* () {
            log.push((yield promise) as string)
          })
          yield arrival()
        },
        { host },
      ),
    )
    fromOutside(() => resolve('kept'))

    expect(await outcome).toBeInstanceOf(DeadlockError)
    expect(log).toEqual(['kept'])
  })

  it('ends the remaining waits once the root has returned, such as a server without connections', async () => {
    const host = new VirtualHost({ simulates: ['socket'] })
    const log: string[] = []

    const value = await run(
      function* () {
        yield spawn(function* () {
          try {
            yield arrival()
          } finally {
            log.push('finally')
          }
        })
        return 'returned'
      },
      { host },
    )

    expect([value, log]).toEqual(['returned', ['finally']])
  })
})
