// Promise 8: a run ends when every task has ended. The tests of `spawn` and `group` are in events/.

import * as everything from '@bluelet/scheduler'
import { type Coroutine, pause, run, Scheduler, sleep, spawn, type Task } from '@bluelet/scheduler'
import { defaultHost, type Supervisor } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { after } from '../coroutines.js'
import { failure, rejection, virtually, world } from '../world.js'

describe('run', () => {
  it('resolves with the value of the root', async () => {
    const value = await virtually(() => after(10, 42))

    expect(value).toBe(42)
  })

  it('accepts a coroutine, or a function that returns one', async () => {
    const values = [await virtually(after(1, 'coroutine')), await virtually(() => after(1, 'function'))]

    expect(values).toEqual(['coroutine', 'function'])
  })

  it('resolves when the last task has ended, not when the root has', async () => {
    const { scheduler, host } = world()

    const value = await scheduler.run(function* () {
      yield spawn(after, 100, 1)
      return 'root'
    })

    expect(value).toBe('root')
    expect(host.now()).toBe(100)
  })

  it('waits for what the last tasks spawn', async () => {
    const { scheduler, host } = world()
    function* link(n: number): Coroutine<void> {
      yield sleep(10)
      if (n > 1) yield spawn(link, n - 1)
    }

    await scheduler.run(() => link(5))

    expect(host.now()).toBe(50)
  })

  it('waits for what holds it open after every task has ended', async () => {
    const { scheduler } = world()
    let released = false

    await scheduler.run(function* () {
      internals(scheduler).ref()
      setImmediate(() => {
        released = true
        internals(scheduler).unref()
      })
    })

    expect(released).toBe(true)
  })

  it('takes no step before it returns', async () => {
    let stepped = false

    const promise = virtually(function* () {
      stepped = true
    })
    const before = stepped
    await promise

    expect(before).toBe(false)
    expect(stepped).toBe(true)
  })

  it('names the root after its function', async () => {
    const { scheduler } = world()

    const names = await scheduler.run(function* main() {
      return scheduler.snapshot().map(({ id, name }) => `${name}#${id}`)
    })

    expect(names).toEqual(['main#1'])
  })

  it('leaves nothing behind', async () => {
    const { scheduler } = world()

    await scheduler.run(function* () {
      yield spawn(after, 10, 1)
      yield sleep(20)
    })

    expect(scheduler.snapshot()).toEqual([])
    expect(internals(scheduler).timers.size).toBe(0)
  })

  it('leaves nothing behind when it rejects', async () => {
    const { scheduler } = world()

    await rejection(
      scheduler.run(function* () {
        yield spawn(after, 1e9, 1)
        yield sleep(20)
        throw failure()
      }),
    )

    expect(scheduler.snapshot()).toEqual([])
    expect(internals(scheduler).timers.size).toBe(0)
  })

  it('rejects with the error of its root although a task joined the root', async () => {
    const { scheduler } = world()
    const error = failure()

    const caught = await rejection(
      scheduler.run(function* () {
        const [root] = internals(scheduler).tasks
        yield spawn(function* () {
          try {
            yield root as Task
          } catch {}
        })
        yield sleep(10)
        throw error
      }),
    )

    expect(caught).toBe(error)
  })

  it('gives the number of errors and their messages when there are several', async () => {
    function* failing(message: string): Coroutine<void> {
      yield sleep(10)
      throw failure(message)
    }

    const caught = await rejection(
      virtually(function* () {
        yield spawn(failing, 'first')
        yield spawn(failing, 'second')
      }),
    )

    expect((caught as AggregateError).message).toBe('2 tasks failed: Error: first; Error: second')
  })

  it('gives a task that a clean-up spawned its grace period although another task fails meanwhile', async () => {
    const { scheduler, log, note } = world()

    await rejection(
      scheduler.run(function* () {
        yield spawn(function* () {
          yield sleep(10)
          throw failure('first')
        })
        try {
          yield sleep(1000)
        } finally {
          yield spawn(function* () {
            yield sleep(10)
            note('late task is done')
          })
          yield sleep(1)
          // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
          throw failure('second')
        }
      }),
    )

    expect(log).toEqual(['20: late task is done'])
  })

  it('cancels a task that a clean-up spawned when its grace period is over', async () => {
    const { scheduler, log, note } = world()

    await rejection(
      scheduler.run(
        function* () {
          try {
            yield spawn(function* () {
              throw failure()
            })
            yield sleep(1000)
          } finally {
            yield spawn(function* () {
              try {
                yield sleep(1000)
              } finally {
                note('late task is cancelled')
              }
            })
          }
        },
        { grace: 10 },
      ),
    )

    expect(log).toEqual(['10: late task is cancelled'])
  })

  it('stops the grace period of a task that a clean-up spawned when that task has ended', async () => {
    const { scheduler } = world()
    const timers: number[] = []

    await rejection(
      scheduler.run(function* () {
        try {
          yield spawn(function* () {
            throw failure()
          })
          yield sleep(1000)
        } finally {
          yield spawn(after, 10, 'late task')
          timers.push(internals(scheduler).timers.size)
          yield sleep(20)
          timers.push(internals(scheduler).timers.size)
        }
      }),
    )

    // The other timer is the grace period of the root.
    expect(timers).toEqual([2, 1])
  })

  it('can be called again after it resolved or rejected', async () => {
    const { scheduler } = world()

    const values = [
      await scheduler.run(() => after(1, 'first')),
      await scheduler.run(() => after(1, 'second')),
      await rejection(
        scheduler.run(function* () {
          throw 'third'
        }),
      ),
      await scheduler.run(() => after(1, 'fourth')),
    ]

    expect(values).toEqual(['first', 'second', 'third', 'fourth'])
  })

  it('rejects while the scheduler is running', async () => {
    const { scheduler } = world()

    const first = scheduler.run(() => after(10, 'first'))
    const error = await rejection(scheduler.run(() => after(10, 'second')))

    expect(String(error)).toContain('this scheduler is already running')
    expect(await first).toBe('first')
  })

  it('called within a task starts an independent run', async () => {
    const host = new VirtualHost()

    const value = await run(
      function* () {
        const value: number = yield virtually(() => after(1000, 42))
        return value
      },
      { host },
    )

    expect(value).toBe(42)
    expect(host.now()).toBe(0)
  })

  it.each([undefined, null, 42, 'main', {}, async () => 1, () => 1])(
    'rejects %o, which is not a coroutine',
    async (main) => {
      const error = await rejection(virtually(main as never))

      expect(error).toBeInstanceOf(TypeError)
    },
  )

  it('rejects with the error of the function that should return the coroutine', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(() => {
        throw error
      }),
    )

    expect(caught).toBe(error)
  })

  it('can run another root after it rejected an invalid one', async () => {
    const { scheduler } = world()
    await rejection(scheduler.run(42 as never))

    const value = await scheduler.run(() => after(1, 'value'))

    expect(value).toBe('value')
  })

  it('rejects a coroutine that ran before', async () => {
    const coroutine = after(1, 1)
    await virtually(coroutine)

    const error = await rejection(virtually(coroutine))

    expect(error).toBeInstanceOf(TypeError)
  })

  it('can run again after it rejected a coroutine that ran before', async () => {
    const { scheduler } = world()
    const coroutine = after(1, 1)
    await virtually(coroutine)
    await rejection(scheduler.run(coroutine))

    const value = await scheduler.run(() => after(1, 'value'))

    expect(value).toBe('value')
  })

  it.each([-1, Number.NaN])('rejects a grace period of %d', async (grace) => {
    const error = await rejection(virtually(() => after(1, 1), { grace }))

    expect(error).toBeInstanceOf(RangeError)
  })

  it('runs tasks that were spawned from outside before it', async () => {
    const { scheduler } = world()
    const task = scheduler.spawn(after, 10, 42)

    await scheduler.run(function* () {})

    expect(task.outcome).toEqual({ kind: 'returned', value: 42 })
  })

  it('receives the error of a task that was spawned from outside before it', async () => {
    const { scheduler } = world()
    const error = failure()
    scheduler.spawn(function* () {
      throw error
    })

    const caught = await rejection(scheduler.run(() => after(10, 1)))

    expect(caught).toBe(error)
  })

  it('leaves tasks that were spawned under a supervisor before it to that supervisor', async () => {
    const { scheduler } = world()
    const error = failure()
    const failed: unknown[] = []
    const supervisor: Supervisor = { adopt() {}, fail: (_task, error) => failed.push(error), disown() {} }
    internals(scheduler).spawnUnder(supervisor, function* () {
      throw error
    })

    const value = await scheduler.run(() => after(10, 1))

    expect([value, failed]).toEqual([1, [error]])
  })

  it('runs tasks that are spawned from outside meanwhile', async () => {
    const { scheduler } = world()
    const tasks: Task[] = []

    await scheduler.run(function* () {
      yield sleep(1)
      tasks.push(scheduler.spawn(after, 10, 42))
    })

    expect(tasks[0]?.outcome).toEqual({ kind: 'returned', value: 42 })
  })

  it('is both a method of Scheduler and a function, even as a member of the module object', async () => {
    const values = [
      await new Scheduler({ host: new VirtualHost() }).run(() => after(1, 1)),
      await everything.run(() => after(1, 2), { host: new VirtualHost() }),
    ]

    expect(values).toEqual([1, 2])
  })

  it('can be in progress several times at once', async () => {
    const values = await Promise.all([virtually(() => after(10, 1)), virtually(() => after(5, 2))])

    expect(values).toEqual([1, 2])
  })

  it('works on the default host', async () => {
    const value = await run(() => after(0, 42), { host: defaultHost })

    expect(value).toBe(42)
  })
})

describe('a run on a host without timers', () => {
  it('rejects with the error of the host after running the finally blocks', async () => {
    const error = failure('no timers')
    class Timerless extends VirtualHost {
      override at(): unknown {
        throw error
      }
    }
    const log: string[] = []

    const caught = await rejection(
      run(
        function* () {
          try {
            yield sleep(10)
          } finally {
            yield pause()
            log.push('finally')
          }
        },
        { host: new Timerless() },
      ),
    )

    expect(caught).toBe(error)
    expect(log).toEqual(['finally'])
  })
})
