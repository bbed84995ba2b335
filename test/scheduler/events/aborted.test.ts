import { getEventListeners } from 'node:events'
import {
  aborted,
  Channel,
  type Coroutine,
  DeadlockError,
  type Event,
  kill,
  Latch,
  race,
  run,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import { onAbort } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../event-suite.js'
import { rejection, virtually } from '../world.js'

eventSuite('aborted', {
  *fulfilled() {
    const controller = new AbortController()
    setImmediate(() => controller.abort('the reason'))
    return aborted(controller.signal)
  },
  value: 'the reason',
  awaited: () => aborted(AbortSignal.abort('the reason')),
  *waiting() {
    return aborted(new AbortController().signal)
  },
})

describe('aborted', () => {
  it('gives the reason of a signal that has been aborted before, without waiting', async () => {
    const reason = new Error('the reason')

    const given = await virtually(() => byDelegation(aborted(AbortSignal.abort(reason))))

    expect(given).toBe(reason)
  })

  it('keeps the run open, so that waiting for it is no deadlock', async () => {
    const controller = new AbortController()
    setImmediate(() => controller.abort('later'))

    const given = await run(() => byDelegation(aborted(controller.signal)))

    expect(given).toBe('later')
  })

  it('wins a race against tasks that wait for each other', async () => {
    const controller = new AbortController()
    setImmediate(() => controller.abort('stop'))

    const given = await run(() =>
      byDelegation(race([new Channel<string>().receive(), aborted(controller.signal)])),
    )

    expect(given).toBe('stop')
  })

  it('removes its listener when it has fired, when it is withdrawn, and when its task is killed', async () => {
    const { signal } = new AbortController()
    const controller = new AbortController()

    await virtually(function* () {
      yield race([aborted(signal), sleep(10)])
      const waiting = yield* spawn(() => byDelegation(aborted(signal)))
      yield sleep(10)
      yield kill(waiting)
      const firing = yield* spawn(() => byDelegation(aborted(controller.signal)))
      yield sleep(10)
      controller.abort()
      yield firing
    })

    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('adds one listener to a signal, however many tasks and runs wait for it', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const listeners = () => getEventListeners(signal, 'abort').length
    const counts: number[] = []
    const resumed: number[] = []

    const runs = Array.from({ length: 11 }, () =>
      rejection(run(() => byDelegation(sleep(60_000)), { signal })),
    )
    await virtually(function* () {
      for (let i = 0; i < 20; i++) {
        yield* spawn(function* () {
          yield* aborted(signal)
          resumed.push(i)
        })
      }
      const killed = yield* spawn(() => byDelegation(aborted(signal)))
      yield sleep(1)
      counts.push(listeners())
      yield kill(killed)
      counts.push(listeners())
      controller.abort('now')
      counts.push(listeners())
    })

    expect(counts).toEqual([1, 1, 0])
    expect(resumed).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(await Promise.all(runs)).toEqual(runs.map(() => 'now'))
  })

  it('is not resumed by a signal from which another one that it resumes has withdrawn it', async () => {
    const calls: string[] = []
    const controller = new AbortController()
    let withdraw = (): void => {}
    onAbort(controller.signal, () => {
      calls.push('first')
      withdraw()
    })
    withdraw = onAbort(controller.signal, () => void calls.push('second'))
    onAbort(controller.signal, () => void calls.push('third'))

    controller.abort()
    withdraw()

    expect(calls).toEqual(['first', 'third'])
  })

  it('holds nothing once its signal has fired: what waits afterwards is a deadlock', async () => {
    const error = await rejection(
      virtually(function* () {
        yield aborted(AbortSignal.abort())
        yield new Latch().wait()
      }),
    )

    expect(error).toBeInstanceOf(DeadlockError)
  })

  it.each([undefined, null, 5, 'signal', {}])('refuses %o', (signal) => {
    expect(() => aborted(signal as unknown as AbortSignal)).toThrow(
      /aborted\(signal\): expected an AbortSignal, got /,
    )
  })
})

function* byDelegation<T>(event: Event<T>): Coroutine<T> {
  return yield* event
}
