// A simulated world that has nothing left to call: nothing that it simulates will happen any more.

import { Cancelled, DeadlockError, type Event, run, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import { type EventHandler, event } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { fromOutside } from '../outside.js'
import { failure, rejection } from '../world.js'

describe('on a host that simulates sockets, a wait for a socket', () => {
  /** Waits to be woken by the given source. */
  function waitOn(source: string): Event<string> {
    const handler: EventHandler<undefined, undefined, string> = {
      name: 'waitOn',
      external: source,
      describe: () => `waitOn(${source})`,
      enter: (waiter) => {
        waiters.push((value) => waiter.resume(value))
        return undefined
      },
      withdraw: () => {},
    }
    return event<string>(handler, undefined)
  }
  const waiters: ((value: string) => void)[] = []
  const simulating = (simulates = ['socket', 'lookup']) => {
    waiters.length = 0
    return { host: new VirtualHost({ simulates }) }
  }

  it.each(['socket', 'lookup'])(
    'is a deadlock once the host has nothing left to call: %s',
    async (source) => {
      const error = await rejection(
        run(function* main() {
          yield waitOn(source)
        }, simulating()),
      )

      expect(error).toBeInstanceOf(DeadlockError)
      expect((error as DeadlockError).waits).toEqual([`main#1 waits for waitOn(${source})`])
    },
  )

  it('is no deadlock while the host has something to call', async () => {
    const options = simulating()

    const value = await run(function* () {
      options.host.at(1000, () => waiters[0]?.('arrived'))
      return yield* waitOn('socket')
    }, options)

    expect(value).toBe('arrived')
    expect(options.host.now()).toBe(1000)
  })

  it('is no deadlock while another task waits for a real promise', async () => {
    const value = await run(function* () {
      yield spawn(function* () {
        yield new Promise<void>((resolve) => fromOutside(resolve))
        waiters[0]?.('woken')
      })
      return yield* waitOn('socket')
    }, simulating())

    expect(value).toBe('woken')
  })

  it('is a deadlock after a real promise that has woken no task', async () => {
    const log: string[] = []

    const error = await rejection(
      run(function* main() {
        yield spawn(function* () {
          yield new Promise<void>((resolve) => fromOutside(resolve))
          log.push('the promise is settled')
        })
        yield waitOn('socket')
      }, simulating()),
    )

    expect(error).toBeInstanceOf(DeadlockError)
    expect(log).toEqual(['the promise is settled'])
  })

  it('is no deadlock when the host does not simulate that source', async () => {
    const value = await run(function* () {
      fromOutside(() => waiters[0]?.('woken'))
      return yield* waitOn('pipe')
    }, simulating())

    expect(value).toBe('woken')
  })

  it('is no deadlock while a hold without a source is open', async () => {
    const options = simulating()
    const scheduler = new Scheduler(options)

    const value = await scheduler.run(function* () {
      internals(scheduler).ref()
      fromOutside(() => {
        waiters[0]?.('woken')
        internals(scheduler).unref()
      })
      return yield* waitOn('socket')
    })

    expect(value).toBe('woken')
  })

  it('is a deadlock even while something simulated holds the run', async () => {
    const scheduler = new Scheduler(simulating())

    const run = scheduler.run(function* main() {
      internals(scheduler).ref('socket')
      try {
        yield waitOn('socket')
      } finally {
        internals(scheduler).unref('socket')
      }
    })

    expect(await rejection(run)).toBeInstanceOf(DeadlockError)
  })

  it('that is a deadlock runs the finally blocks, including their sleeps', async () => {
    const options = simulating()
    const log: string[] = []

    await rejection(
      run(function* () {
        try {
          yield waitOn('socket')
        } finally {
          yield sleep(10)
          log.push(`cleaned up at ${options.host.now()}`)
        }
      }, options),
    )

    expect(log).toEqual(['cleaned up at 10'])
  })

  it('is ended in a clean-up that hangs', async () => {
    const options = simulating()

    const error = await rejection(
      run(function* () {
        try {
          yield waitOn('socket')
        } finally {
          yield waitOn('socket')
        }
      }, options),
    )

    expect(error).toBeInstanceOf(DeadlockError)
  })
})

describe('a run in a simulated world in which nothing can happen any more', () => {
  /** Waits for something that only the world could cause. */
  const arrival: EventHandler<undefined, undefined, void> = {
    name: 'arrival',
    external: 'socket',
    enter: () => undefined,
    withdraw: () => {},
  }
  const simulating = () => ({ host: new VirtualHost({ simulates: ['socket'] }) })

  it('ends the remaining waits once the root has returned', async () => {
    const log: string[] = []
    const options = simulating()

    const value = await run(function* () {
      yield spawn(function* () {
        try {
          yield event(arrival, undefined)
        } catch (error) {
          log.push(String(error instanceof Cancelled))
          throw error
        } finally {
          yield sleep(10)
          log.push(`cleaned up at ${options.host.now()}`)
        }
      })
      return 42
    }, options)

    expect(value).toBe(42)
    expect(log).toEqual(['true', 'cleaned up at 10'])
  })

  it('ends them only after every timer has expired', async () => {
    const log: string[] = []
    const options = simulating()

    await run(function* () {
      yield spawn(function* () {
        yield sleep(1000)
        log.push(`slept until ${options.host.now()}`)
      })
      yield spawn(function* () {
        try {
          yield event(arrival, undefined)
        } finally {
          log.push(`ended at ${options.host.now()}`)
        }
      })
    }, options)

    expect(log).toEqual(['slept until 1000', 'ended at 1000'])
  })

  it('ends a clean-up that waits there too, after its grace period', async () => {
    const options = simulating()

    await run(
      function* () {
        yield spawn(function* () {
          try {
            yield event(arrival, undefined)
          } finally {
            yield event(arrival, undefined)
          }
        })
      },
      { ...options, grace: 2000 },
    )

    expect(options.host.now()).toBe(2000)
  })

  it('is in a deadlock while the root itself waits', async () => {
    const error = await rejection(
      run(function* main() {
        yield spawn(function* listening() {
          yield event(arrival, undefined)
        })
        yield event(arrival, undefined)
      }, simulating()),
    )

    expect(error).toBeInstanceOf(DeadlockError)
    expect((error as DeadlockError).waits).toEqual([
      'main#1 waits for arrival()',
      'listening#2 waits for arrival()',
    ])
  })

  it('rejects with the error of a clean-up', async () => {
    const error = failure()

    const ending = run(function* () {
      yield spawn(function* () {
        try {
          yield event(arrival, undefined)
        } catch {
          throw error
        }
      })
    }, simulating())

    expect(await rejection(ending)).toBe(error)
  })
})

describe('a run that is held open in a simulated world in which nothing can happen any more', () => {
  it('rejects once the world has nothing left to call', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost({ simulates: ['socket'] }) })
    const pending = new Promise<string>((resolve) => {
      let turns = 0
      const turn = () => (++turns === 100 ? resolve('nothing happens') : setImmediate(turn))
      turn()
    })

    const ending = scheduler.run(function* () {
      internals(scheduler).ref('socket')
    })

    expect(await Promise.race([ending.catch(String), pending])).toContain('the run is held open')
  })
})
