import { kill, pause, run, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { sleeper } from '../coroutines.js'
import { eventSuite } from '../event-suite.js'
import { virtually, world } from '../world.js'

// The tests in ../core/killing are about the effects on the victim.

const finished = await run(function* () {
  return yield* spawn(function* () {})
})

eventSuite('kill', {
  *fulfilled() {
    const task = yield* spawn(sleeper)
    yield pause()
    return kill(task)
  },
  value: undefined,
  awaited: () => kill(finished),
  *waiting() {
    const task = yield* spawn(function* () {
      try {
        yield sleep(1e12)
      } finally {
        yield new Promise(() => {})
      }
    })
    yield pause()
    // The grace period of the victim is a timer too; it begins before the tested event.
    yield spawn(function* () {
      yield kill(task, { grace: 1e12 })
    })
    yield pause()
    return kill(task)
  },
  *failing(error) {
    const task = yield* spawn(function* () {
      try {
        yield sleep(1e12)
      } finally {
        yield pause()
        // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested.
        throw error
      }
    })
    yield pause()
    return kill(task)
  },
})

describe('kill', () => {
  it('resumes the killer when the victim has ended', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const task = yield* spawn(function* () {
        try {
          yield sleep(1000)
        } finally {
          yield sleep(10)
          note('victim')
        }
      })
      yield pause()
      yield kill(task)
      note('killer')
    })

    expect(log).toEqual(['10: victim', '10: killer'])
  })

  it('gives undefined', async () => {
    const value: unknown = await virtually(function* () {
      const task = yield* spawn(sleeper)
      yield pause()
      return yield* kill(task)
    })

    expect(value).toBe(undefined)
  })

  it('accepts the coroutine that was spawned, as in Bluelet', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      const coroutine = sleeper()
      yield spawn(coroutine)
      yield pause()
      yield kill(coroutine)
    })

    expect(host.now()).toBe(0)
  })

  it('does nothing until it is yielded', async () => {
    const state = await virtually(function* () {
      const task = yield* spawn(sleeper)
      yield pause()
      const event = kill(task)
      yield pause()
      const { state } = task
      yield event
      return state
    })

    expect(state).toBe('parked')
  })

  it.each([undefined, null, 42, {}, 'task'])('rejects %o, which is not a task', (target) => {
    expect(() => kill(target as never)).toThrow(TypeError)
  })

  it('rejects a coroutine that was never spawned', () => {
    expect(() => kill(sleeper())).toThrow(/never spawned/)
  })

  it.each([-1, Number.NaN])('rejects a grace period of %d', async (grace) => {
    const error = await virtually(function* () {
      const task = yield* spawn(function* () {})
      try {
        yield kill(task, { grace })
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toEqual(new RangeError(`grace: expected ms >= 0, got ${grace}`))
  })
})
