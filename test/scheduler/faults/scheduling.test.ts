// The faults of the scheduling of Bluelet for Python.
import {
  type Coroutine,
  call,
  DeadlockError,
  join,
  kill,
  Latch,
  pause,
  sleep,
  spawn,
  type Task,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { after } from '../coroutines.js'
import { rejection, virtually, world } from '../world.js'

describe('the scheduling faults of the original, none of which exist here', () => {
  it('a task that pauses forever lets sleepers and promises proceed', async () => {
    const { scheduler } = world()
    let spinning = true

    const value = await scheduler.run(function* () {
      yield spawn(function* () {
        while (spinning) yield pause()
      })
      const value: string = yield new Promise<string>((resolve) => setImmediate(() => resolve('came in')))
      spinning = false
      return value
    })

    expect(value).toBe('came in')
  })

  it.each([
    ['a join cycle', () => cycle()],
    ['a wait for something that cannot happen', () => new Latch().wait()],
  ])('%s is reported rather than spun on forever', async (_name, wait) => {
    const error = await rejection(
      virtually(function* () {
        yield wait()
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
  })

  it('a bad yield is an error at that yield', async () => {
    const error = await virtually(function* () {
      try {
        yield 42 as never
      } catch (error) {
        return error
      }
      return undefined
    })

    expect(error).toBeInstanceOf(TypeError)
  })

  it('a step reads no task but its own', async () => {
    const { scheduler } = world()
    let looks = 0

    await scheduler.run(function* () {
      const parked: Task[] = []
      for (let i = 0; i < 1000; i++) parked.push(yield* spawn(after, 1e9, i))
      yield sleep(1)
      const stop = watchFields(parked, () => looks++)
      for (let i = 0; i < 100; i++) yield pause()
      stop()
      for (const task of parked) yield kill(task)
    })

    expect(looks).toBe(0)
  })

  it('a wall clock that goes back does not affect sleeps', async () => {
    const { scheduler, host } = world()
    const { now } = Date
    Date.now = () => now() - 3_600_000

    await scheduler.run(function* () {
      yield sleep(10)
    })

    Date.now = now
    expect(host.now()).toBe(10)
  })

  it('two coroutines that wait for one latch are both woken', async () => {
    const { scheduler, log, note } = world()

    await scheduler.run(function* () {
      const latch = new Latch()
      for (const name of ['a', 'b']) {
        yield spawn(function* () {
          yield latch.wait()
          note(name)
        })
      }
      yield sleep(1)
      latch.open()
    })

    expect(log).toEqual(['1: a', '1: b'])
  })

  it.each([
    ['spawned', (coroutine: Coroutine) => spawn(coroutine)],
    ['called', (coroutine: Coroutine) => call(coroutine)],
  ])('a running coroutine cannot be %s again, and continues undisturbed', async (_name, again) => {
    const [error, value] = await virtually(function* () {
      const coroutine = after(10, 'value')
      const task = yield* spawn(coroutine)
      yield sleep(1)
      let error: unknown
      try {
        yield again(coroutine)
      } catch (caught) {
        error = caught
      }
      return [error, yield* join(task)]
    })

    expect(error).toBeInstanceOf(TypeError)
    expect(value).toBe('value')
  })
})

function* cycle(): Coroutine<void> {
  const tasks: Task[] = []
  function* member(i: number): Coroutine<void> {
    yield sleep(1)
    yield join(tasks[1 - i] as Task)
  }
  for (const i of [0, 1]) tasks.push(yield* spawn(member, i))
  yield sleep(10)
}

/** Calls back whenever a field of one of the tasks is read. */
function watchFields(tasks: readonly Task[], look: () => void): () => void {
  const undo: (() => void)[] = []
  for (const task of tasks) {
    const fields = task as unknown as Record<string, unknown>
    for (const name of ['phase', 'handler', 'wait', 'next', 'previous', 'watchers']) {
      const value = fields[name]
      Object.defineProperty(task, name, {
        configurable: true,
        get() {
          look()
          return value
        },
        set(changed: unknown) {
          Object.defineProperty(task, name, { configurable: true, writable: true, value: changed })
        },
      })
      undo.push(() =>
        Object.defineProperty(task, name, { configurable: true, enumerable: true, writable: true, value }),
      )
    }
  }
  return () => {
    for (const restore of undo) restore()
  }
}
