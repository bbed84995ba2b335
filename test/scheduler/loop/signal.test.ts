// Promise 12: the option `signal` of `run`.
import { Cancelled, type Coroutine, pause, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { failure, rejection, virtually, world } from '../world.js'

describe('signal', () => {
  const reason = failure('the reason')

  it('that is already aborted prevents every step', async () => {
    let steps = 0

    const error = await rejection(
      virtually(
        function* () {
          steps++
        },
        { signal: AbortSignal.abort(reason) },
      ),
    )

    expect([error, steps]).toEqual([reason, 0])
  })

  it('that is aborted during the run cancels every task, waits for the clean-ups and rejects with the reason', async () => {
    const controller = new AbortController()
    const { scheduler, log, note } = world()
    function* cleaner(name: string) {
      try {
        yield sleep(1000)
      } catch (error) {
        note(`${name} got ${(error as Error).name}`)
        throw error
      } finally {
        yield sleep(5)
        note(`${name} has cleaned up`)
      }
    }

    const error = await rejection(
      scheduler.run(
        function* () {
          yield spawn(cleaner, 'child')
          yield spawn(function* () {
            yield sleep(10)
            controller.abort(reason)
          })
          yield* cleaner('main')
        },
        { signal: controller.signal },
      ),
    )

    expect(error).toBe(reason)
    expect(log).toEqual([
      '10: main got Cancelled',
      '10: child got Cancelled',
      '15: main has cleaned up',
      '15: child has cleaned up',
    ])
  })

  it('that is aborted from outside wakes a run in which every task waits', async () => {
    const controller = new AbortController()
    const waiting = rejection(virtually(waitForever, { signal: controller.signal }))
    setImmediate(() => setImmediate(() => controller.abort(reason)))

    expect(await waiting).toBe(reason)
  })

  it('that is aborted after the run has no effect', async () => {
    const controller = new AbortController()
    const { scheduler } = world()
    await scheduler.run(function* () {}, { signal: controller.signal })
    const second = scheduler.run(function* () {
      yield sleep(10)
      return 2
    })

    controller.abort(reason)

    expect(await second).toBe(2)
  })

  it('has no listener left when the run has ended', async () => {
    const listeners = new Set<unknown>()
    const signal = {
      aborted: false,
      addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
      removeEventListener: (_type: 'abort', listener: () => void) => void listeners.delete(listener),
    }

    await virtually(function* () {}, { signal })

    expect(listeners.size).toBe(0)
  })

  it('has a reason of its own when the user gave none', async () => {
    const error = await rejection(virtually(waitForever, { signal: AbortSignal.abort() }))

    expect((error as Error).name).toBe('AbortError')
  })

  it('that is aborted a second time by a clean-up changes nothing', async () => {
    const controller = new AbortController()

    const error = await rejection(
      virtually(
        function* () {
          try {
            controller.abort(reason)
            yield pause()
          } finally {
            controller.abort(failure('another reason'))
          }
        },
        { signal: controller.signal },
      ),
    )

    expect(error).toBe(reason)
  })

  it('does not lose the error of a clean-up', async () => {
    const controller = new AbortController()
    const broken = failure('clean-up')

    const error = await rejection(
      virtually(
        function* () {
          try {
            controller.abort(reason)
            yield pause()
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: the clean-up fails.
            throw broken
          }
        },
        { signal: controller.signal },
      ),
    )

    expect((error as AggregateError).errors).toEqual([reason, broken])
  })

  it('takes precedence over the value of a root that swallows Cancelled', async () => {
    const controller = new AbortController()

    const error = await rejection(
      virtually(
        function* () {
          try {
            controller.abort(reason)
            yield pause()
          } catch (error) {
            if (!(error instanceof Cancelled)) throw error
          }
          return 'swallowed'
        },
        { signal: controller.signal },
      ),
    )

    expect(error).toBe(reason)
  })

  it('waits for a clean-up during the grace period, then calls return()', async () => {
    const controller = new AbortController()
    const { scheduler, host } = world()

    const error = await rejection(
      scheduler.run(
        function* () {
          try {
            controller.abort(reason)
            yield pause()
          } finally {
            yield sleep(1e6)
          }
        },
        { signal: controller.signal, grace: 100 },
      ),
    )

    expect([error, host.now()]).toEqual([reason, 100])
  })
})

function* waitForever(): Coroutine<void> {
  yield new Promise(() => {})
}
