import { null as nothing, pause } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { world } from '../world.js'

eventSuite('pause', {
  *fulfilled() {
    return pause()
  },
  value: undefined,
  awaited: () => pause(),
})

describe('pause', () => {
  it('lets every other ready task take a step first', async () => {
    const { scheduler, log, note } = world()
    function* stepper(name: string) {
      for (let i = 1; i <= 3; i++) {
        note(`${name}${i}`)
        yield pause()
      }
    }

    for (const name of ['a', 'b', 'c']) scheduler.spawn(stepper, name)
    await scheduler.run(function* () {})

    expect(log).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3'].map((line) => `0: ${line}`))
  })

  it('is also written as null, as in Bluelet', () => {
    expect(nothing).toBe(pause)
  })

  it('lets no time pass', async () => {
    const { scheduler, host } = world()

    await scheduler.run(function* () {
      for (let i = 0; i < 100; i++) yield pause()
    })

    expect(host.now()).toBe(0)
  })
})
