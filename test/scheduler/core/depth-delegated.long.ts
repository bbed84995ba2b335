// Promise 3, where a test takes a minute or two.
import { type Coroutine, call, pause } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually } from '../world.js'

function* descend(n: number, error: Error): Coroutine<number> {
  if (n > 0) return (yield* call(descend, n - 1, error)) + 1
  yield pause()
  throw error
}

describe('yield* call(...), a million deep,', () => {
  it('is thrown through', async () => {
    const error = failure()

    const caught = await rejection(virtually(() => descend(1_000_000, error)))

    expect(caught).toBe(error)
  })
})
