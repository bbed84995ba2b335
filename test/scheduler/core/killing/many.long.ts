// Promise 6 of the design, where it takes more than a few seconds.
import { kill, sleep, spawn, type Task } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { joining, sleeper } from '../../coroutines.js'
import { virtually } from '../../world.js'

describe('the kill of many', () => {
  it('tasks that join one is done in linear time', async () => {
    const value = await virtually(function* () {
      const joined = yield* spawn(sleeper)
      const joiners: Task[] = []
      for (let i = 0; i < 500_000; i++) joiners.push(yield* spawn(joining, joined))
      yield sleep(1)
      // From the middle, which is the worst for a list.
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
