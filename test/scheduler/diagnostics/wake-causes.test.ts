// Promise 15: what a probe is told about the cause of a wake.

import {
  type AbortSignalLike,
  Channel,
  type Coroutine,
  callback,
  kill,
  Latch,
  pause,
  race,
  type Scheduler,
  Semaphore,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import { event, type WakeCause } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { waitFor } from '../coroutines.js'
import { fromOutside } from '../outside.js'
import { world } from '../world.js'
import { causeText } from './cause-text.js'

/** Runs a coroutine and returns the wakes: each task and what woke it. */
async function wakesOf(
  main: (scheduler: Scheduler) => Coroutine,
  options: { signal?: AbortSignalLike } = {},
): Promise<string[]> {
  const { scheduler } = world()
  const wakes: string[] = []
  scheduler.attach({ wake: (task, cause) => wakes.push(`${task} by ${causeText(cause)}`) })
  await scheduler.run(() => main(scheduler), options).catch(() => {})
  return wakes
}

describe('the cause of a wake', () => {
  it('is the task that opened, sent, released, killed or ended', async () => {
    const [latch, channel, semaphore] = [new Latch(), new Channel<number>(), new Semaphore()]

    const wakes = await wakesOf(function* () {
      yield semaphore.acquire()
      const killed = yield* spawn.with({ name: 'sleeper' }, waitFor(sleep(1e6)))
      yield spawn.with({ name: 'latched' }, waitFor(latch.wait()))
      yield spawn.with({ name: 'receiver' }, waitFor(channel.receive()))
      yield spawn.with({ name: 'acquirer' }, waitFor(semaphore.acquire()))
      yield pause()
      yield spawn(function* waker() {
        latch.open()
        channel.trySend(1)
        semaphore.release()
        yield kill(killed)
      })
    })

    expect(wakes).toEqual([
      'latched#3 by waker#6',
      'receiver#4 by waker#6',
      'acquirer#5 by waker#6',
      'sleeper#2 by waker#6',
      'waker#6 by sleeper#2',
    ])
  })

  it('is a timer, with its deadline', async () => {
    const wakes = await wakesOf(function* () {
      yield sleep(10)
      yield sleep(5)
    })

    expect(wakes).toEqual(['anonymous#1 by timer of 10', 'anonymous#1 by timer of 15'])
  })

  it('is a promise', async () => {
    const wakes = await wakesOf(function* () {
      yield new Promise((resolve) => fromOutside(() => resolve(1)))
    })

    expect(wakes).toEqual(['anonymous#1 by promise'])
  })

  it('is a callback', async () => {
    const wakes = await wakesOf(() => waitFor(callback<number>((resume) => fromOutside(() => resume(1)))))

    expect(wakes).toEqual(['anonymous#1 by callback'])
  })

  it('is the task that called back, if a task did', async () => {
    let click: (() => void) | undefined

    const wakes = await wakesOf(function* () {
      yield spawn(function* clicker() {
        click?.()
      })
      yield callback<void>((resume) => {
        click = resume
      })
    })

    expect(wakes).toEqual(['anonymous#1 by clicker#2'])
  })

  it('is an external channel', async () => {
    const channel = new Channel<number>({ external: true })

    const wakes = await wakesOf(function* () {
      fromOutside(() => void channel.trySend(1))
      yield channel.receive()
    })

    expect(wakes).toEqual(['anonymous#1 by channel'])
  })

  it('is external, with its kind, when it is neither a task nor a timer', async () => {
    const { scheduler } = world()
    const causes: WakeCause[] = []
    scheduler.attach({ wake: (_task, cause) => causes.push(cause) })

    await scheduler.run(() => waitFor(callback<void>((resume) => fromOutside(resume))))

    expect(causes).toEqual([{ kind: 'external', source: 'callback' }])
  })

  it('is the name that a handler gives to its own source', async () => {
    const readable = event<void>(
      {
        name: 'recv',
        external: 'socket',
        enter: (waiter) => fromOutside(() => waiter.resume()),
        withdraw() {},
      },
      undefined,
    )

    const wakes = await wakesOf(() => waitFor(readable))

    expect(wakes).toEqual(['anonymous#1 by socket'])
  })

  it('is the outside for a latch that is opened from outside', async () => {
    const latch = new Latch()

    const wakes = await wakesOf(function* (scheduler: Scheduler) {
      internals(scheduler).ref()
      fromOutside(() => {
        latch.open()
        internals(scheduler).unref()
      })
      yield latch.wait()
    } as (scheduler: Scheduler) => Coroutine)

    expect(wakes).toEqual(['anonymous#1 by outside'])
  })

  it('is the promise that decided a race', async () => {
    const wakes = await wakesOf(function* () {
      yield race([new Promise((resolve) => fromOutside(() => resolve(1))), new Latch().wait()])
    })

    expect(wakes).toEqual(['anonymous#1 by promise'])
  })

  it('is not the promise that a task waited for when a signal has cancelled the task', async () => {
    const controller = new AbortController()

    const wakes = await wakesOf(
      function* () {
        fromOutside(() => controller.abort())
        yield new Promise(() => {})
      },
      { signal: controller.signal },
    )

    expect(wakes).toEqual(['anonymous#1 by outside'])
  })
})
