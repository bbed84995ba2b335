import { type Coroutine, call, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { rejection, virtually, world } from '../world.js'

function* answer() {
  yield pause()
  return 42
}

eventSuite('call', {
  *fulfilled() {
    return call(answer)
  },
  value: 42,
  awaited: () => call(answer),
  *waiting() {
    return call(function* () {
      yield sleep(1e12)
    })
  },
  *failing(error) {
    return call(function* () {
      yield pause()
      throw error
    })
  },
})

describe('call', () => {
  it('passes its arguments to the function', async () => {
    const value = await virtually(function* () {
      return yield* call(
        function* (a: number, b: string) {
          return [a, b]
        },
        1,
        'two',
      )
    })

    expect(value).toEqual([1, 'two'])
  })

  it('accepts a coroutine', async () => {
    const value = await virtually(function* () {
      return yield* call(answer())
    })

    expect(value).toBe(42)
  })

  it('is what yielding a coroutine means', async () => {
    const value = await virtually(function* () {
      const value: number = yield answer()
      return value
    })

    expect(value).toBe(42)
  })

  it('runs the coroutine on the same task', async () => {
    const { scheduler } = world()

    const snapshot = await scheduler.run(function* main() {
      return yield* call(function* () {
        return scheduler.snapshot()
      })
    })

    expect(snapshot).toMatchObject([{ name: 'main', callees: 1 }])
  })

  it('throws the error of its coroutine, which can be caught at the yield', async () => {
    const error = new Error('of the callee')

    const caught = await virtually(function* () {
      try {
        yield call(function* () {
          yield pause()
          throw error
        })
      } catch (caught) {
        return caught
      }
      return undefined
    })

    expect(caught).toBe(error)
  })

  it('throws the error of its function at the yield', async () => {
    const error = new Error('of the function')

    const caught = await rejection(
      virtually(function* () {
        yield call((): Coroutine => {
          throw error
        })
      }),
    )

    expect(caught).toBe(error)
  })

  it('rejects a coroutine that was called before', async () => {
    const error = await rejection(
      virtually(function* () {
        const coroutine = answer()
        yield call(coroutine)
        yield call(coroutine)
      }),
    )

    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).toContain('was called before')
  })

  it('rejects a coroutine that was spawned', async () => {
    const error = await rejection(
      virtually(function* () {
        const coroutine = answer()
        yield spawn(coroutine)
        yield call(coroutine)
      }),
    )

    expect(String(error)).toContain('was spawned before, as task#2')
  })

  it('rejects the coroutine that yields it', async () => {
    const error = await rejection(
      virtually(function* () {
        const own: Coroutine[] = []
        function* caller(): Coroutine {
          return yield call(own[0] as Coroutine)
        }
        own.push(caller())
        yield own[0] as Coroutine
      }),
    )

    expect(error).toBeInstanceOf(TypeError)
  })

  it('rejects a value that is neither a coroutine nor a function, when it is created', () => {
    expect(() => call(5 as never)).toThrow(
      'call(coroutine): expected a coroutine or a function that makes one, got 5',
    )
  })

  it('rejects an async function, and says what to write instead', async () => {
    const error = await rejection(
      virtually(function* () {
        yield call((async () => 1) as unknown as () => Coroutine)
      }),
    )

    expect(String(error)).toContain('use function* and yield in place of await')
  })
})
