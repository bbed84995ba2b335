// Promise 6, where a test takes more than a few seconds.
import { kill, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { joining, sleeper } from '../../coroutines.js'
import { virtually } from '../../world.js'

describe('killing many tasks', () => {
  it('that join one task takes linear time', async () => {
    const value = await virtually(function* () {
      const joined = yield* spawn(sleeper)
      const joiners: Task[] = []
      for (let i = 0; i < 500_000; i++) joiners.push(yield* spawn(joining, joined))
      yield sleep(1)
      // Killing from the middle is the worst case for a list.
      const half = joiners.length / 2
      for (let i = 0; i < half; i++) {
        yield kill(joiners[half - 1 - i] as Task)
        yield kill(joiners[half + i] as Task)
      }
      yield kill(joined)
      return 'done'
    })

    expect(value).toBe('done')
  })
})
