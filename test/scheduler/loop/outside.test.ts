// Promise 12: code outside of every task that wakes or spawns tasks of a run.
import { Channel, callback, join, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { withResolvers } from '../outside.js'
import { virtually, world } from '../world.js'

describe('code outside of every task', () => {
  it('wakes a task that waits for an external channel, value by value', async () => {
    const channel = new Channel<number>({ external: true })
    const outcome = virtually(function* () {
      const received = []
      for (let i = 0; i < 3; i++) received.push(yield* channel.receive())
      return received
    })

    for (const value of [1, 2, 3]) {
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      channel.trySend(value)
    }

    expect(await outcome).toEqual([1, 2, 3])
  })

  it('may send to an external channel before the run waits for it', async () => {
    const channel = new Channel<number>({ external: true })
    channel.trySend(1)

    const value = await virtually(function* () {
      return yield* channel.receive()
    })

    expect(value).toBe(1)
  })

  it('can spawn into a run in progress, and the run waits for that task', async () => {
    const { scheduler, log, note } = world()
    const { promise, resolve } = withResolvers<void>()
    const outcome = scheduler.run(function* () {
      yield promise
    })

    scheduler.spawn(function* () {
      resolve()
      yield sleep(10)
      note('ended')
    })
    await outcome

    expect(log).toEqual(['10: ended'])
  })

  it('can wake a task by a callback while another task runs', async () => {
    let click: () => void = () => {}

    const order = await virtually(function* () {
      const order: string[] = []
      const task = yield* spawn(function* () {
        yield callback<void>((resume) => {
          click = resume
        })
        order.push('clicked')
      })
      yield pause()
      click()
      order.push('click returned')
      yield join(task)
      return order
    })

    expect(order).toEqual(['click returned', 'clicked'])
  })
})
