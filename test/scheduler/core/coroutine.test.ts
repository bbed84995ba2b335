import { type Coroutine, call, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { pausing } from '../coroutines.js'
import { failure, rejection, virtually } from '../world.js'

/** A coroutine as compilers make it for engines without generators: from plain functions. */
function compiled<T>(coroutine: Coroutine<T>): Coroutine<T> {
  const plain = {
    next: (value: unknown) => coroutine.next(value),
    throw: (error: unknown) => coroutine.throw(error),
    return: (value: T) => coroutine.return(value),
    [Symbol.iterator]: () => plain,
  }
  return plain as unknown as Coroutine<T> // It lacks only what the types of newer engines require.
}

describe('a coroutine made of plain functions', () => {
  it.each(['next', 'throw', Symbol.iterator])('is not accepted without %s', async (member) => {
    const incomplete = { ...compiled(pausing()), [member]: undefined }

    const error = await rejection(
      virtually(function* () {
        yield incomplete as never
      }),
    )

    expect(String(error)).toContain('TypeError: cannot yield an object (Object)')
  })

  it('returns its value as a root, as a task and as a callee', async () => {
    const inner = (): Coroutine<string> =>
      compiled(
        (function* () {
          yield sleep(1)
          return 'inner'
        })(),
      )

    const values = await virtually(
      compiled(
        (function* () {
          const task = yield* spawn(inner)
          return [yield* call(inner()), (yield task) as string]
        })(),
      ),
    )

    expect(values).toEqual(['inner', 'inner'])
  })

  it('gets the error of the event that it yielded', async () => {
    const error = failure()

    const caught = await virtually(
      compiled(
        (function* () {
          try {
            yield Promise.reject(error)
          } catch (caught) {
            return caught
          }
          return 'nothing was thrown'
        })(),
      ),
    )

    expect(caught).toBe(error)
  })

  it('runs its finally block when it is killed', async () => {
    const log: string[] = []

    await virtually(function* () {
      const task = yield* spawn(
        compiled(
          (function* () {
            try {
              yield sleep(1000)
            } finally {
              yield pause()
              log.push('finally')
            }
          })(),
        ),
      )
      yield pause()
      yield kill(task)
    })

    expect(log).toEqual(['finally'])
  })
})
