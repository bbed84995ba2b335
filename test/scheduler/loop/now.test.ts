// Promise 11: `now()`, the time of the scheduler whose task is running.
import { now, pause, run, Scheduler, sleep } from '@bluelet/scheduler'
import { runningScheduler, runtimeOf } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { manualScheduler, stepAll, virtually } from '../world.js'

describe('now', () => {
  it('is the virtual time in a task of a virtual host', async () => {
    const times = await virtually(function* () {
      const begin = now()
      yield* sleep(10)
      return [begin, now()]
    })

    expect(times).toEqual([0, 10])
  })

  it('is that of the inner scheduler while it is stepped in a step of the outer one', async () => {
    const times: number[] = []
    const inner = manualScheduler()
    inner.spawn(function* () {
      times.push(now())
    })

    await run(
      function* () {
        yield* sleep(7)
        times.push(now())
        stepAll(inner)
        times.push(now())
      },
      { host: new VirtualHost() },
    )

    expect(times).toEqual([7, 0, 7])
  })

  it('is a TypeError outside of a task, also after a step has thrown', async () => {
    expect(() => now()).toThrow(
      new TypeError('now(): no task is running; call it in a coroutine, or use scheduler.now()'),
    )
    await run(function* () {
      yield* pause()
      throw new Error()
    }).catch(() => {})
    expect(() => now()).toThrow(TypeError)
  })
})

describe('runningScheduler', () => {
  it('is the scheduler whose task is running, and undefined outside', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost() })

    const inside = await scheduler.run(function* () {
      return runningScheduler()
    })

    expect(inside).toBe(runtimeOf(scheduler))
    expect(runningScheduler()).toBe(undefined)
  })
})
