import { describe, expect, it } from 'vitest'
import {
  BEGAN,
  BUSY,
  LONGEST,
  LONGEST_BEGAN,
  LONGEST_SCHEDULER,
  LONGEST_TASK,
  makeCounters,
  RUNNING_SCHEDULER,
  RUNNING_TASK,
  SPAWNED,
  STEPS,
  TASKS,
} from '../../../packages/net/src/monitor/counters.js'
import { Top } from '../../../packages/net/src/monitor/top.js'

/** Counters, a clock that the test sets, and what is made of both. */
function world() {
  const counters = makeCounters()
  const clock = { now: 0 }
  return { counters, clock, top: new Top(counters, () => clock.now) }
}

describe('Top', () => {
  it('gives rates over the last samples', () => {
    const { counters, clock, top } = world()
    counters[TASKS] = 1
    for (let second = 1; second <= 100; second++) {
      clock.now = second * 1000
      counters[STEPS] = second * 50
      counters[BUSY] = second * 20
      counters[SPAWNED] = second
      top.sample()
    }
    counters[STEPS] = 5100
    clock.now = 100_500

    expect(top.lines()).toEqual([
      '1 task; since the monitor began 100 tasks spawned, 5100 steps',
      'last 1500 ms: 100 steps/s, 1 tasks/s, steps ran for 1 % of the time',
      'last 11 s: 57 steps/s, 1 tasks/s, steps ran for 2 % of the time',
      'last 61 s: 51 steps/s, 1 tasks/s, steps ran for 2 % of the time',
      'longest step of the last minute: none has ended',
    ])
  })

  it('gives the rate since the beginning at the beginning', () => {
    const { counters, clock, top } = world()
    clock.now = 200
    counters[STEPS] = 10

    expect(top.lines()[1]).toBe('last 200 ms: 50 steps/s, 0 tasks/s, steps ran for 0 % of the time')
    expect(top.lines()).toHaveLength(3)
  })

  it('names the longest step of the last minute', () => {
    const { counters, clock, top } = world()
    counters.set([30, 500, 1, 7], LONGEST)
    expect([LONGEST_BEGAN, LONGEST_SCHEDULER, LONGEST_TASK]).toEqual([LONGEST + 1, LONGEST + 2, LONGEST + 3])
    clock.now = 1000
    top.sample()
    counters.set([20, 1500, 2, 8], LONGEST)
    clock.now = 2000

    expect(top.lines().at(-1)).toBe('longest step of the last minute: 30.0 ms, of task 7, 1500 ms ago')

    for (let i = 0; i < 62; i++) top.sample()
    counters.set([20, 1500, 2, 8], LONGEST)
    expect(top.lines().at(-1)).toBe('longest step of the last minute: 20.0 ms, of task 2.8, 500 ms ago')
  })

  it('names the step that runs now', () => {
    const { counters, clock, top } = world()
    expect(top.running).toBe(0)

    counters[RUNNING_SCHEDULER] = 1
    counters[RUNNING_TASK] = 3
    counters[BEGAN] = 100
    clock.now = 2600

    expect(top.running).toBe(2500)
    expect(top.lines().at(-1)).toBe('now: a step of task 3 has run for 2500 ms')
  })
})
