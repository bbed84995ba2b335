import { type Coroutine, call, kill, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually } from '../world.js'

function* pausing(): Coroutine<void> {
  yield pause()
}

/** A coroutine as a compiler makes it, for engines without generators: of plain functions. */
function compiled<T>(coroutine: Coroutine<T>): Coroutine<T> {
  const plain = {
    next: (value: unknown) => coroutine.next(value),
    throw: (error: unknown) => coroutine.throw(error),
    return: (value: T) => coroutine.return(value),
    [Symbol.iterator]: () => plain,
  }
  return plain as unknown as Coroutine<T> // It lacks what only the types of newer engines have.
}

describe('a coroutine that is made of plain functions', () => {
  it.each(['next', 'throw', Symbol.iterator])('is none without %s', async (member) => {
    const incomplete = { ...compiled(pausing()), [member]: undefined }

    const error = await rejection(
      virtually(function* () {
        yield incomplete as never
      }),
    )

    expect(String(error)).toContain('TypeError: cannot yield an object (Object)')
  })

  it('gives what it returns, as root, as task and as callee', async () => {
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

  it('gets the error of what it yielded', async () => {
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

  it('runs its finally when it is killed', async () => {
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
