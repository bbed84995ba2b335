// A call that gives back more than was taken is an error at that call.
import { Scheduler, Semaphore, sleep, wait } from '@bluelet/scheduler'
import { defaultHost, runtimeOf } from '@bluelet/scheduler/lowlevel'
import { VirtualHost } from '@bluelet/scheduler/testing'
import { describe, expect, it } from 'vitest'
import { virtually } from '../world.js'

describe('unref()', () => {
  it.each([undefined, 'socket'])('without a ref() is an error, of the source %s', (source) => {
    const runtime = runtimeOf(new Scheduler())
    const name = source === undefined ? '' : `"${source}"`

    expect(() => runtime.unref(source)).toThrow(
      `unref(${name}): every ref(${name}) has been taken back; call unref once for each ref, with the same source`,
    )
  })

  it('more often than ref() is an error', () => {
    const runtime = runtimeOf(new Scheduler({ host: new VirtualHost() }))
    for (let i = 0; i < 3; i++) runtime.ref('socket')
    for (let i = 0; i < 3; i++) runtime.unref('socket')

    expect(() => runtime.unref('socket')).toThrow(RangeError)
  })

  it('of another source than that of ref() is an error', () => {
    const runtime = runtimeOf(new Scheduler())
    runtime.ref('socket')

    expect(() => runtime.unref()).toThrow(RangeError)
    expect(() => runtime.unref('promise')).toThrow(RangeError)
    runtime.unref('socket')
  })

  it('does not end the wait of a task', async () => {
    const scheduler = new Scheduler({ host: { ...defaultHost } })
    let told: unknown

    const value = await scheduler.run(function* () {
      const promise = new Promise((resolve) =>
        setImmediate(() => {
          try {
            runtimeOf(scheduler).unref('promise')
          } catch (error) {
            told = error
          }
          setImmediate(resolve, 'value')
        }),
      )
      return yield* wait(promise)
    })

    expect(value).toBe('value')
    expect(told).toBeInstanceOf(RangeError)
  })

  it('after its run was ended while it was held open balances the ref()', async () => {
    const scheduler = new Scheduler({ host: new VirtualHost({ simulates: ['socket'] }) })
    const runtime = runtimeOf(scheduler)
    runtime.ref('socket')

    await expect(scheduler.run(function* () {})).rejects.toThrow('the run is held open')
    runtime.unref('socket')

    expect(() => runtime.unref('socket')).toThrow(RangeError)
    expect(await scheduler.run(() => sleeping())).toBe('value')
  })

  function* sleeping() {
    yield* sleep(1)
    return 'value'
  }
})

describe('unref() of a virtual host', () => {
  it.each(['socket', undefined])('more often than ref() is an error, of the source %s', (source) => {
    const host = new VirtualHost({ simulates: ['socket'] })
    for (let i = 0; i < 3; i++) host.ref(source)
    for (let i = 0; i < 3; i++) host.unref(source)

    expect(() => host.unref(source)).toThrow('call unref once for each ref, with the same source')
  })
})

describe('release() of a semaphore', () => {
  it.each([1, 3])('of %d permits more often than acquire() is an error', async (permits) => {
    const semaphore = new Semaphore(permits)
    await virtually(function* () {
      for (let i = 0; i < permits; i++) yield* semaphore.acquire()
    })
    for (let i = 0; i < permits; i++) semaphore.release()

    expect(() => semaphore.release()).toThrow(
      `release(): expected a taken permit, but all ${permits} are free`,
    )
    expect(semaphore.permits).toBe(permits)
  })
})

describe('detach() of a probe', () => {
  it('may be called again, and leaves later probes attached', () => {
    const scheduler = new Scheduler()
    const seen: string[] = []
    const detach = scheduler.attach({ spawn: () => void seen.push('first') })
    detach()
    scheduler.attach({ spawn: () => void seen.push('second') })
    detach()

    scheduler.spawn(sleeping)

    expect(seen).toEqual(['second'])
  })

  function* sleeping() {
    yield* sleep(1)
  }
})
