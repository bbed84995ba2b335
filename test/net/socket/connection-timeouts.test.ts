// The timeouts of a connection that belongs to no server: options of `connect`.
import { ClosedError, type Connection, connect, listen, TimeoutError } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { all, type Coroutine, now, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { WORLDS } from '../server/each-driver.js'
import { abort, pair, pairAt } from '../simulated-pair.js'
import { errorOf, LOOPBACK, MIB, perform } from '../world.js'

const UNLIMITED = { limit: Number.POSITIVE_INFINITY }

/** Buffers that are soon full. */
const SMALL = { buffer: 1024 }

describe.each(WORLDS)('on %s, a connection', ({ driver, play }) => {
  function* pairWith(options: { idleTimeout?: number; stallTimeout?: number }): Coroutine<{
    client: Connection
    server: Connection
  }> {
    const listener = yield* listen(LOOPBACK, 0, driver)
    const ends = yield* pairAt(listener, { ...driver, ...options })
    listener.close()
    return ends
  }

  it('with an idleTimeout fails a read that waits in silence, and the next read has a new limit', async () => {
    const { errors, ms, later } = await play(function* () {
      const { client, server } = yield* pairWith({ idleTimeout: 40 })
      const begun = now()
      const errors = [yield* errorOf(client.recv()), yield* errorOf(client.readline())]
      const ms = now() - begun
      yield* server.sendall('at last\n')
      const later = String(yield* client.readline())
      abort({ client, server })
      return { errors, ms, later }
    })

    for (const error of errors) expect(error).toBeInstanceOf(TimeoutError)
    expect(errors.map(({ message }) => message)).toEqual([
      "recv(65536): nothing arrived within 40 ms (the connection's idleTimeout)",
      "readline(): nothing arrived within 40 ms (the connection's idleTimeout)",
    ])
    expect(ms).toBeGreaterThanOrEqual(80)
    expect(later).toBe('at last\n')
  })

  it('with a stallTimeout fails a send of which the peer takes nothing, and is reset', async () => {
    const { error, after } = await play(function* () {
      const { client, server } = yield* pairWith({ stallTimeout: 80 })
      const error = yield* errorOf(client.sendall(Buffer.alloc(32 * MIB)))
      const after = yield* errorOf(client.sendall('more'))
      const reset = yield* errorOf(server.readall(UNLIMITED))
      server.abort()
      return { error, after, reset }
    })

    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toBe(
      `sendall(${32 * MIB} bytes): the peer accepted nothing within 80 ms (the connection's stallTimeout)`,
    )
    expect(after).toBeInstanceOf(ClosedError)
  })
})

describe('the timeouts of a connection', () => {
  it.each([100, 1000, 30_000])('of %s ms are never early, and at most a quarter late', async (ms) => {
    const waits = await simulate(function* (world) {
      const { client, server } = yield* pair({ idleTimeout: ms })
      const waits: number[] = []
      for (let i = 0; i < 20; i++) {
        const begun = world.now()
        yield* errorOf(client.recv())
        waits.push(world.now() - begun)
        yield* server.sendall('x')
        yield* client.recv()
        yield* sleep(i)
      }
      abort({ client, server })
      return waits
    })

    expect(Math.min(...waits)).toBeGreaterThanOrEqual(ms)
    expect(Math.max(...waits)).toBeLessThanOrEqual(ms * 1.25)
  })

  it('are extended by every byte that arrives, also within a message', async () => {
    const text = await simulate(function* () {
      const { client, server } = yield* pair({ idleTimeout: 1000 })
      yield* spawn(function* () {
        for (let i = 0; i < 20; i++) {
          yield* server.sendall('x')
          yield* sleep(700)
        }
        server.close()
      })
      const text = String(yield* client.readall())
      client.close()
      return text
    })

    expect(text).toBe('x'.repeat(20))
  })

  it('are extended by what is sent', async () => {
    const { error, ms } = await simulate(function* (world) {
      const { client, server } = yield* pair({ idleTimeout: 1000 })
      yield* spawn(function* () {
        for (let i = 0; i < 10; i++) {
          yield* client.sendall('x')
          yield* sleep(700)
        }
      })
      const error = yield* errorOf(client.recv())
      const ms = world.now()
      abort({ client, server })
      return { error, ms }
    })

    expect(error).toBeInstanceOf(TimeoutError)
    expect(ms).toBeGreaterThan(6300 + 1000)
  })

  it('do not end a send whose peer reads slowly but steadily', async () => {
    const received = await simulate(function* () {
      const { client, server } = yield* pair({ stallTimeout: 1000 })
      const reader = yield* spawn(function* () {
        let received = 0
        for (let data = yield* server.recv(100); data.length > 0; data = yield* server.recv(100)) {
          received += data.length
          yield* sleep(50)
        }
        return received
      })
      yield* client.sendall(Buffer.alloc(50_000))
      client.close()
      const received = yield* reader
      server.close()
      return received
    }, SMALL)

    expect(received).toBe(50_000)
  })

  it('watch both directions at once', async () => {
    const errors = await simulate(function* () {
      const { client, server } = yield* pair({ idleTimeout: 1000, stallTimeout: 3000 })
      const errors = yield* all([errorOf(client.recv()), errorOf(client.sendall(Buffer.alloc(50_000)))])
      abort({ client, server })
      return errors.map(({ message }) => message.replace(/^[^:]*: /, ''))
    }, SMALL)

    expect(errors).toEqual([
      "nothing arrived within 1000 ms (the connection's idleTimeout)",
      "the peer accepted nothing within 3000 ms (the connection's stallTimeout)",
    ])
  })

  it('leave no timer when the connection is closed, and have none without a wait or without a limit', async () => {
    const sizes = await simulate(function* () {
      const limited = yield* pair({ idleTimeout: 1000 })
      const unlimited = yield* pair({ linger: 100 })
      const task = yield* spawn(() => perform(limited.client.recv()))
      const other = yield* spawn(() => errorOf(unlimited.client.recv()))
      const { timers } = internals(task)
      yield* sleep(10)
      const sizes = [timers.size]
      yield* limited.server.sendall('x')
      yield* task
      for (const ends of [limited, unlimited]) abort(ends)
      yield* other
      yield* sleep(10)
      sizes.push(timers.size)
      return sizes
    })

    expect(sizes).toEqual([1, 0])
  })

  it('stop when nothing waits any more', async () => {
    const sizes = await simulate(function* () {
      const { client, server } = yield* pair({ idleTimeout: 1000, stallTimeout: 1000 })
      yield* server.sendall('xy')
      const task = yield* spawn(() => perform(client.readexactly(2)))
      yield* task
      yield* sleep(2000)
      const { timers } = internals(task)
      const { size } = timers
      abort({ client, server })
      return size
    })

    expect(sizes).toBe(0)
  })

  it.each([
    ['idleTimeout', 0],
    ['idleTimeout', '5s'],
    ['stallTimeout', -1],
    ['stallTimeout', Number.NaN],
  ])('are refused: %s %s', (option, ms) => {
    expect(() => void connect(LOOPBACK, 80, { [option]: ms })).toThrow(
      new RegExp(`^connect: ${option}: expected ms > 0, or Infinity for no limit`),
    )
  })
})
