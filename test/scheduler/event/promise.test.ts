// Promise 12: `yield` of a promise or another thenable.
import { pause, race } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, virtually } from '../world.js'

describe('a promise', () => {
  it('gives its value where it is yielded', async () => {
    const value = await virtually(function* () {
      return (yield Promise.resolve(42)) as number
    })

    expect(value).toBe(42)
  })

  it('throws its error where it is yielded, the same object', async () => {
    const error = failure()

    const caught = await virtually(function* () {
      try {
        yield Promise.reject(error)
      } catch (caught) {
        return caught
      }
      return 'nothing was thrown'
    })

    expect(caught).toBe(error)
  })

  it('may reject with any value', async () => {
    const caught = await virtually(function* () {
      try {
        yield Promise.reject(undefined)
      } catch (caught) {
        return [caught]
      }
      return 'nothing was thrown'
    })

    expect(caught).toEqual([undefined])
  })

  it('that no task waits for any longer may reject without consequences', async () => {
    const value = await virtually(function* () {
      const late = new Promise((_resolve, reject) => setImmediate(reject, failure()))
      yield race([late, pause()])
      yield new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      return 'went on'
    })

    expect(value).toBe('went on')
  })

  it('may be any thenable, even one that calls back at once', async () => {
    const value = await virtually(function* () {
      return (yield thenable((resolve) => resolve(42))) as number
    })

    expect(value).toBe(42)
  })

  it('counts once, even if its thenable calls back several times', async () => {
    const values = await virtually(function* () {
      const value: number = yield thenable((resolve, reject) => {
        resolve(1)
        resolve(2)
        reject(failure())
      })
      yield pause()
      return value
    })

    expect(values).toBe(1)
  })

  it('counts as settled when a thenable calls back and then throws, as with await', async () => {
    const value = await virtually(function* () {
      return (yield thenable((resolve) => {
        resolve(1)
        throw failure('after it called back')
      })) as number
    })

    expect(value).toBe(1)
  })
})

function thenable(
  then: (resolve: (value: number) => void, reject: (error: unknown) => void) => void,
): PromiseLike<number> {
  // biome-ignore lint/suspicious/noThenProperty: that is what the tests are about.
  return { then: then as never }
}
