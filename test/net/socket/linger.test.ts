// The end of a connection in detail: what `close()` waits for, and for how long.
import { simulate } from '@bluelet/net/testing'
import { Scheduler } from '@bluelet/scheduler'
import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { Linger } from '../../../packages/net/src/socket/linger.js'
import { ClockHost } from '../../support/clock-host.js'
import { pair } from '../simulated-pair.js'
import { likeObject, silentSocket } from '../world.js'

const TIMES = { stall: 30_000, linger: 5000 }

/** A connection's end over a socket that the test controls. */
function ending(unsent: () => number, unacknowledged?: () => number) {
  const host = new ClockHost()
  const calls: string[] = []
  const socket = likeObject(
    silentSocket(() => {}),
    {
      close: (linger: boolean, unread = false) => void calls.push(`close ${linger} ${unread}`),
      reset: () => void calls.push('reset'),
    },
  )
  const end = new Linger(
    new Proxy(socket, {
      get(target, key) {
        if (key === 'unacknowledged') return unacknowledged?.()
        return Reflect.get(target, key)
      },
    }),
    runtimeOf(new Scheduler({ host })),
    {},
  )
  const output = {
    get unsent() {
      return unsent()
    },
    drain: (done: () => void) => done(),
  }
  return { host, calls, end, output }
}

describe('the end of a connection', () => {
  it('sets no timer if nothing is left to send', () => {
    const { host, calls, end, output } = ending(() => 0)

    end.close(true, output, TIMES)

    expect(host.alarms).toBe(0)
    expect(calls).toEqual(['close true true'])
  })

  it('waits as long as the peer takes some of what is left', () => {
    let unsent = 10
    const { host, calls, end, output } = ending(() => unsent)

    end.close(false, output, TIMES)
    for (; unsent > 1; unsent--) host.advance(25_000)
    const early = [...calls]
    host.advance(29_999)
    const justBefore = [...calls]
    host.advance(3751)

    expect(early).toEqual(['close true false'])
    expect(justBefore).toEqual(early)
    expect(calls).toEqual(['close true false', 'reset'])
  })

  it('goes by what the peer acknowledges if the driver sees that, rather than by what is sent', () => {
    let unacknowledged = 10
    const { host, calls, end, output } = ending(
      () => 5,
      () => unacknowledged,
    )

    end.close(false, output, TIMES)
    for (; unacknowledged > 5; unacknowledged--) host.advance(25_000)
    const early = [...calls]
    host.advance(33_750)

    expect(early).toEqual(['close true false'])
    expect(calls).toEqual(['close true false', 'reset'])
  })

  it('waits for the peer’s end once all is sent', () => {
    let unsent = 1
    const { host, calls, end, output } = ending(() => unsent)

    end.close(true, output, TIMES)
    host.advance(29_000)
    unsent = 0
    end.lingers()
    host.advance(4999)
    const early = [...calls]
    host.advance(1)

    expect(early).toEqual(['close true true'])
    expect(calls).toEqual(['close true true', 'reset'])
  })

  it('stops its timer when all is sent, and when the descriptor is free', () => {
    let unsent = 1
    const { host, calls, end, output } = ending(() => unsent)

    end.close(true, output, TIMES)
    unsent = 0
    host.advance(10_000)
    const sent = host.alarms
    end.lingers()
    end.descriptorClosed()
    end.lingers()

    expect([sent, host.alarms]).toEqual([0, 0])
    expect(calls).toEqual(['close true true'])
  })

  it('sets no timer for times without a limit', () => {
    const patient = ending(() => 1)

    patient.end.close(true, patient.output, {
      stall: Number.POSITIVE_INFINITY,
      linger: Number.POSITIVE_INFINITY,
    })
    patient.end.lingers()

    expect(patient.host.alarms).toBe(0)
  })
})

describe('the option linger', () => {
  it.each([
    ['of connect', { linger: 1000 }, undefined, 1000],
    ['of close, in place of that of connect', { linger: 1000 }, { linger: 200 }, 200],
    ['of close', {}, { linger: 0 }, 0],
  ] as const)('%s is how long the peer may take', async (_which, options, closing, expected) => {
    const ms = await simulate(function* (world) {
      const { client, server } = yield* pair(options)
      yield* server.sendall('unread')
      yield* client.peek()
      const begin = world.now()
      client.close(closing)
      yield* client.whenClosed()
      const ms = world.now() - begin
      server.abort()
      return ms
    })

    expect(ms).toBe(expected)
  })
})
