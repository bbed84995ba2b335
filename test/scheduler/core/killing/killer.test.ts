// Promise 6: what the task that kills another one waits for and gets.
import { type Coroutine, join, kill, pause, race, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { FOREVER_MS } from '../../coroutines.js'
import { failure, rejection, virtually, world } from '../../world.js'
import { cleaner, failingCleaner } from './coroutines.js'

describe('a killer', () => {
  it('waits until the victim has ended', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(cleaner, 10, () => note('victim'))
      yield pause()
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['10: victim', '10: killer'])
  })

  it('that is the second one waits together with the first', async () => {
    const { scheduler, log, note } = world()
    function* killer(name: string, task: Task) {
      yield kill(task)
      note(name)
    }

    await scheduler.run(function* () {
      const task = yield* spawn(cleaner, 10, () => note('victim'))
      yield pause()
      yield spawn(killer, 'first', task)
      yield sleep(5)
      yield spawn(killer, 'second', task)
    })

    expect(log).toEqual(['10: victim', '10: first', '10: second'])
  })

  it('that is killed leaves the kill in progress', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(cleaner, 10, () => note('victim'))
      yield pause()
      const killer = yield* spawn(function* () {
        yield kill(task)
      })
      yield sleep(5)
      yield kill(killer)
      note('killer of the killer')
    })

    expect(log).toEqual(['5: killer of the killer', '10: victim'])
  })

  it('gets the error of the clean-up, the same object', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      const task = yield* spawn(failingCleaner, error)
      yield pause()
      try {
        yield kill(task)
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('that is the second one gets that error too, as does a joiner', async () => {
    const error = failure()
    const caught: unknown[] = []
    function* catching(task: Task, how: (task: Task) => Coroutine) {
      try {
        yield how(task)
      } catch (error) {
        caught.push(error)
      }
    }

    await virtually(function* () {
      const task = yield* spawn(failingCleaner, error)
      yield pause()
      yield spawn(catching, task, byJoin)
      yield spawn(catching, task, byKill)
      yield spawn(catching, task, byKill)
    })

    expect(caught).toHaveLength(3)
    expect(caught.every((one) => one === error)).toBe(true)
  })

  it('that no longer waits leaves the error of the clean-up to the supervisor', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(function* () {
        const task = yield* spawn(function* () {
          try {
            yield sleep(FOREVER_MS)
          } finally {
            yield sleep(10)
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            throw error
          }
        })
        yield pause()
        yield race([kill(task), sleep(5)])
        yield sleep(100)
      }),
    )

    expect(caught).toBe(error)
  })
})

function* byJoin(task: Task): Coroutine {
  return yield* join(task)
}

function* byKill(task: Task): Coroutine {
  return yield* kill(task)
}
