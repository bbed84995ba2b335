import { type Coroutine, group, join, Latch, pause, race, sleep, spawn } from '@bluelet/scheduler'
import type { Supervisor } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { eventSuite } from '../event-suite.js'
import { failure, rejection, virtually, world } from '../world.js'

function* child() {}

eventSuite('spawn', {
  *fulfilled() {
    return spawn(child)
  },
  value: expect.objectContaining({ name: 'child' }),
  awaited: () => spawn(child),
  *failing(error) {
    return spawn((): Coroutine => {
      throw error
    })
  },
})

describe('spawn', () => {
  it('gives the task that runs the coroutine', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(function* () {
        return 42
      })
      return yield* join(task)
    })

    expect(value).toBe(42)
  })

  it('lets the spawner continue first', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield spawn(function* () {
        note('child')
      })
      note('spawner')
    })

    expect(log).toEqual(['0: spawner', '0: child'])
  })

  it('passes its arguments to the function', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(
        function* (a: number, b: string) {
          return [a, b]
        },
        1,
        'two',
      )
      return yield* join(task)
    })

    expect(value).toEqual([1, 'two'])
  })

  it('accepts a coroutine too', async () => {
    const value = await virtually(function* () {
      const task = yield* spawn(
        (function* () {
          return 42
        })(),
      )
      return yield* join(task)
    })

    expect(value).toBe(42)
  })

  it('starts another task each time that one event is yielded', async () => {
    const [first, second] = await virtually(function* () {
      const event = spawn(child)
      return [yield* event, yield* event] as const
    })

    expect(second).not.toBe(first)
  })

  it('names the task after its function', async () => {
    const task = await virtually(function* () {
      return yield* spawn(child)
    })

    expect(String(task)).toBe('child#2')
  })

  it('names the task by its options', async () => {
    const task = await virtually(function* () {
      return yield* spawn.with({ name: 'worker' }, child)
    })

    expect(task.name).toBe('worker')
  })

  it('makes a task that outlives its spawner', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield spawn(function* parent() {
        yield spawn(function* () {
          yield sleep(10)
          note('child')
        })
        note('parent')
      })
    })

    expect(log).toEqual(['0: parent', '10: child'])
  })

  it('starts the tasks of a race once each, although the first decides the race', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      yield race([
        spawn(function* () {
          note('first')
        }),
        spawn(function* () {
          note('second')
        }),
      ])
    })

    expect(log).toEqual(['0: first'])
  })

  it('rejects a coroutine that was spawned before, at the yield', async () => {
    const error = await virtually(function* () {
      const coroutine = child()
      yield spawn(coroutine)
      try {
        yield spawn(coroutine)
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toContain('was spawned before, as task#2')
  })

  it('rejects a coroutine that a function returns for the second time', async () => {
    const coroutine = child()
    const same = () => coroutine

    const error = await rejection(
      virtually(function* () {
        yield spawn(same)
        yield spawn(same)
      }),
    )

    expect(String(error)).toContain('was spawned before, as same#2')
  })

  it('reports the error of a task that no task joins to the run', async () => {
    const error = new Error('of the child')

    const caught = await rejection(
      virtually(function* () {
        yield spawn(function* () {
          throw error
        })
        yield sleep(1000)
      }),
    )

    expect(caught).toBe(error)
  })

  it('has a plain call that takes a supervisor, which is told of the task', async () => {
    const { scheduler } = world()
    const error = failure()
    const calls: unknown[] = []
    const supervisor: Supervisor = {
      adopt: (task) => calls.push(`adopt ${task}`),
      fail: (task, error) => calls.push(`fail ${task}`, error),
      disown: (task) => calls.push(`disown ${task}`),
    }

    await scheduler.run(function* () {
      internals(scheduler).spawnUnder(
        supervisor,
        function* child(thrown: Error) {
          throw thrown
        },
        error,
      )
    })

    expect(calls).toEqual(['adopt child#2', 'fail child#2', error, 'disown child#2'])
  })

  it('rejects an invalid coroutine and invalid options when it is created', () => {
    expect(() => spawn(5 as never)).toThrow(
      'spawn(coroutine): expected a coroutine or a function that makes one, got 5',
    )
    expect(() => spawn.with(null as never, child)).toThrow(
      'spawn.with(options, ...): expected an object such as { name }, got null',
    )
  })

  it('rejects a task for a group that has ended', async () => {
    const error = await virtually(function* () {
      const g = yield* group(function* (g) {
        return g
      })
      try {
        yield g.spawn(child)
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(String(error)).toContain('this group has ended')
  })

  it('a hundred thousand deep, each by the one before, ends', { tags: 'large' }, async () => {
    let spawned = 0
    function* link(n: number): Coroutine<void> {
      spawned++
      if (n > 1) yield spawn(link, n - 1)
    }

    await virtually(() => link(100_000))

    expect(spawned).toBe(100_000)
  })

  it('takes the first step of each task in spawn order, including tasks that other tasks spawn', async () => {
    const { scheduler, log, note } = world()
    const open = new Latch()
    function* leaf(name: string) {
      note(name)
      yield open.wait()
    }
    function* branch(name: string) {
      note(name)
      yield spawn(leaf, `${name}1`)
      yield spawn(leaf, `${name}2`)
    }

    await scheduler.run(function* () {
      yield spawn(branch, 'a')
      yield spawn(branch, 'b')
      yield pause()
      yield pause()
      yield pause()
      open.open()
    })

    expect(log).toEqual(['0: a', '0: b', '0: a1', '0: b1', '0: a2', '0: b2'])
  })
})
