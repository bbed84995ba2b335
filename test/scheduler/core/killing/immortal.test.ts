// Promise 6: tasks that survive every attempt to end them.
import { AbandonedError, type Coroutine, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { FOREVER_MS } from '../../coroutines.js'
import { failure, rejection, virtually, world } from '../../world.js'

/**
 * True. It stops the formatter from removing a `continue` in `finally` as the redundant last line
 * of a loop.
 */
const stubborn = FOREVER_MS > 0

/** Survives every kill. No virtual time passes while it runs, so its grace period has to be 0. */
function* immortal(): Coroutine<void> {
  while (true) {
    try {
      yield pause()
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
      if (stubborn) continue
    }
  }
}

describe('a task that cannot be ended', () => {
  it('is abandoned, and the error that its killer gets names it', async () => {
    const error = await virtually(function* () {
      const task = yield* spawn(immortal)
      yield pause()
      try {
        yield kill(task, { grace: 0 })
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(AbandonedError)
    expect((error as Error).message).toContain('immortal#2')
  }, 3000)

  it('takes no further step and is missing from the snapshot', async () => {
    const { scheduler } = world()

    const names = await scheduler.run(function* main() {
      const task = yield* spawn(immortal)
      yield pause()
      try {
        yield kill(task, { grace: 0 })
      } catch {}
      yield sleep(1)
      return scheduler.snapshot().map(({ name }) => name)
    })

    expect(names).toEqual(['main'])
  }, 3000)

  it('makes the run reject when the run itself cancels it', async () => {
    const error = failure()

    const caught = await rejection(
      virtually(
        function* () {
          yield spawn(immortal)
          yield pause()
          throw error
        },
        { grace: 0 },
      ),
    )

    expect((caught as AggregateError).errors).toEqual([error, expect.any(AbandonedError)])
  }, 3000)

  it('has answered return() as often as the error says', async () => {
    let returns = 0
    function* counting(): Coroutine<void> {
      while (true) {
        let returned = true
        try {
          yield pause()
          returned = false
        } catch {
          returned = false
        } finally {
          if (returned) returns++
          // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
          if (stubborn) continue
        }
      }
    }

    const error = await virtually(function* () {
      const task = yield* spawn(counting)
      yield pause()
      try {
        yield kill(task, { grace: 0 })
      } catch (error) {
        return String(error)
      }
      return 'nothing'
    })

    expect(error).toContain(`it answered ${returns} return() calls with another yield`)
  })

  it('is also abandoned when it waits between its yields', async () => {
    const error = await virtually(function* () {
      const task = yield* spawn(function* immortalSleeper() {
        while (true) {
          try {
            yield sleep(1)
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
            if (stubborn) continue
          }
        }
      })
      yield pause()
      try {
        yield kill(task, { grace: 10 })
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(AbandonedError)
  })

  it('is abandoned with its callers when it is a callee', async () => {
    const { scheduler } = world()

    const left = await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        yield immortal()
      })
      yield sleep(0)
      try {
        yield kill(task, { grace: 0 })
      } catch {}
      return scheduler.snapshot().length
    })

    expect(left).toBe(1)
  }, 3000)
})
