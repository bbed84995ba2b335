// Promise 12: `await` of an event, in async code.
import {
  Channel,
  type Coroutine,
  join,
  pause,
  race,
  sleep,
  spawn,
  TimeoutError,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { runScript } from '../../support/script.js'
import { failure, rejection } from '../world.js'

describe('await', () => {
  it('performs an event in async code', async () => {
    const channel = new Channel<string>()
    channel.trySend('sent')

    const received = await channel.receive()

    expect(received).toBe('sent')
  })

  it('throws the error of an event, the same object', async () => {
    const error = failure()

    const caught = await rejection(timeout(1000, rejectedLater(error)))

    expect(caught).toBe(error)
  })

  it('works inside Promise.race, Promise.all and for await', async () => {
    const all = await Promise.all([sleep(0), wait(Promise.resolve(1))])
    const first = await Promise.race([wait(Promise.resolve('first')), new Promise(() => {})])
    const each: unknown[] = []
    for await (const value of [wait(Promise.resolve('x')), pause()]) each.push(value)

    expect([all, first, each]).toEqual([[undefined, 1], 'first', ['x', undefined]])
  })

  it('performs a combination that has coroutines as branches', async () => {
    const value = await race([
      (function* (): Coroutine<string> {
        yield pause()
        return 'coroutine'
      })(),
      new Promise<string>(() => {}),
    ])

    expect(value).toBe('coroutine')
  })

  it('of a timeout rejects with a TimeoutError', async () => {
    const error = await rejection(timeout(1, new Promise(() => {})))

    expect(error).toBeInstanceOf(TimeoutError)
  })

  it('handles a promise that is rejected at once, before the engine reports it as unhandled', {
    tags: 'large',
  }, async () => {
    const { code, stdout, stderr } = await runScript(`
      import { timeout } from '@bluelet/scheduler'
      try {
        await timeout(1000, Promise.reject(new Error('refused')))
      } catch (error) {
        console.log('caught', error.message)
      }
    `)

    expect([code, stdout, stderr]).toEqual([0, 'caught refused\n', ''])
  })

  it('offers catch and finally', async () => {
    const error = failure()
    const calls: unknown[] = []

    await wait(rejectedLater(error))
      .finally(() => calls.push('finally'))
      .catch((caught: unknown) => calls.push(caught))

    expect(calls).toEqual(['finally', error])
  })

  it('does not enter an event before it is awaited', async () => {
    let entered = 0
    const counted = event<void>(
      {
        name: 'counted',
        enter(waiter) {
          entered++
          waiter.resume()
        },
        withdraw() {},
      },
      undefined,
    )

    await new Promise((resolve) => setImmediate(resolve))
    const before = entered
    await counted
    await counted

    expect([before, entered]).toEqual([0, 1])
  })
})

function rejectedLater(error: Error): Promise<never> {
  return new Promise((_resolve, reject) => setImmediate(() => setImmediate(reject, error)))
}

describe('await of a spawn', () => {
  it('gives the task at once', async () => {
    const task = await spawn(function* worker() {
      yield* sleep(20)
      return 'done'
    })

    const { outcome } = task
    const value = await join(task)

    expect([outcome, value]).toEqual([undefined, 'done'])
  })

  it('gives the error to a join, and to no other receiver', async () => {
    const error = failure()
    const task = await spawn(function* () {
      yield* sleep(5)
      throw error
    })

    expect(await rejection(join(task))).toBe(error)
  })

  it('makes an error that nothing joins an unhandled rejection, with that error', {
    tags: 'large',
  }, async () => {
    const { code, stdout } = await runScript(`
      import { sleep, spawn } from '@bluelet/scheduler'
      process.on('unhandledRejection', (error) => console.log('unhandled', error.message))
      const task = await spawn(function* () { yield* sleep(5); throw new Error('failed') })
      console.log(task.outcome)
    `)

    expect([code, stdout]).toEqual([0, 'undefined\nunhandled failed\n'])
  })
})
