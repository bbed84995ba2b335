// What each event waits for, as objects: tasks and resources.
import {
  all,
  allSettled,
  Channel,
  group,
  join,
  kill,
  Latch,
  pause,
  race,
  Semaphore,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import { record } from '@bluelet/scheduler/trace'
import { describe, expect, it } from 'vitest'
import { targetsOf } from '../../../packages/scheduler/src/core/targets.js'
import { failure, stepAll, world } from '../world.js'

describe('what an event waits for', () => {
  it('is the task that it joins or kills', () => {
    const { scheduler } = world()
    const task = scheduler.spawn(function* main() {})

    expect([join(task), kill(task), task].map(targetsOf)).toEqual([[task], [task], [task]])
    stepAll(scheduler)
  })

  it('is the channel, the semaphore or the latch', () => {
    const channel = new Channel()
    const semaphore = new Semaphore()
    const latch = new Latch()

    expect(targetsOf(channel.send(1))).toEqual([channel])
    expect(targetsOf(channel.receive())).toEqual([channel])
    expect(targetsOf(semaphore.acquire())).toEqual([semaphore])
    expect(targetsOf(latch.wait())).toEqual([latch])
  })

  it('is what the branches of a combination wait for', () => {
    const latch = new Latch()
    const semaphore = new Semaphore()
    const branches = [latch.wait(), sleep(1), semaphore.acquire()] as const

    for (const combined of [all(branches), allSettled(branches), race(branches)]) {
      expect(targetsOf(combined)).toEqual([latch, semaphore])
    }
    expect(targetsOf(timeout(5, latch.wait()))).toEqual([latch])
  })

  it('is nothing for time, for what cannot be yielded, and for a handler that fails', () => {
    const fails = event(
      {
        name: 'fails',
        on: () => {
          throw failure()
        },
      },
      undefined,
    )

    for (const yielded of [sleep(1), pause(), Promise.resolve(), 17, undefined, fails]) {
      expect(targetsOf(yielded)).toEqual([])
    }
  })

  it('is in the trace, with an id for each resource', async () => {
    const { scheduler } = world()
    const recording = record(scheduler)
    await scheduler.run(function* main() {
      const latch = new Latch()
      const task = yield* spawn(function* opener() {
        yield* sleep(1)
        latch.open()
      })
      yield* race([latch.wait(), task])
      yield* latch.wait()
      yield* group(function* body() {})
    })
    const { events } = recording.stop()

    expect(events.filter(({ e }) => e === 'res')).toMatchObject([
      { res: 1, op: 'made', at: 'Latch' },
      { res: 2, op: 'made', at: 'group' },
    ])
    expect(
      events.flatMap((event) => (event.e === 'yield' && event.on ? [[event.op, event.on]] : [])),
    ).toEqual([
      ['race', { tasks: [2], res: 1 }],
      ['latch.wait', { res: 1 }],
      ['group', { res: 2 }],
    ])
  })
})
