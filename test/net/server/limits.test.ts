// The limits of a server: their defaults and their valid values.
import { type Connection, connect, type ServerOptions, server } from '@bluelet/net'
import { nodeDriver } from '@bluelet/net/driver'
import { simulate } from '@bluelet/net/testing'
import { kill, sleep } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { limitsOf } from '../../../packages/net/src/server/options.js'
import { serve } from '../serving.js'
import { echoer, exchange } from '../simulated-pair.js'
import { driverLike, errorOf, LOOPBACK, likeObject, play } from '../world.js'

describe('the limits of a server', () => {
  it.each([
    [undefined, 10_000],
    [Number.POSITIVE_INFINITY, 10_000],
    [1_048_576, 10_000],
    [20_000, 10_000],
    [12_386, 9999],
    [1024, 768],
    [256, 144],
    [64, 16],
  ])('with %s descriptors allow %s connections', (descriptors, connections) => {
    expect(limitsOf({}, descriptors).connections).toBe(connections)
  })

  it('leave at least a quarter of the descriptors to other sockets and waiting connections', () => {
    for (let descriptors = 32; descriptors < 12_000; descriptors += 7) {
      const { connections } = limitsOf({}, descriptors)

      expect(connections).toBeGreaterThan(0)
      expect(connections + Math.ceil(descriptors / 8)).toBeLessThanOrEqual(descriptors * 0.95)
    }
  })

  it('have these other defaults', () => {
    const { perAddress, overload, timeouts, endTimes } = limitsOf({}, undefined)

    expect({ perAddress, overload, timeouts, endTimes }).toEqual({
      endTimes: { stall: 30_000, linger: 5000 },
      perAddress: 7500,
      overload: 'wait',
      timeouts: { firstByte: 60_000, idle: 120_000, message: 30_000, stall: 30_000 },
    })
  })

  it('come from the driver that the server listens with', async () => {
    const open = await simulate(function* (world) {
      const driver = likeObject(world.network, { maxDescriptors: 64 } as object)
      const { port, counts } = yield* serve(echoer, {
        driver,
        maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
      })
      const conns: Connection[] = []
      for (let i = 0; i < 20; i++) conns.push(yield* connect(LOOPBACK, port))
      yield* sleep(100)
      const { open } = counts
      for (const conn of conns) conn.abort()
      return open
    })

    expect(open).toBe(16)
  })

  it('may be switched off', () => {
    const none = Number.POSITIVE_INFINITY
    const options: ServerOptions = {
      maxConnections: none,
      maxConnectionsPerAddress: none,
      firstByteTimeout: none,
      idleTimeout: none,
      messageTimeout: none,
      stallTimeout: none,
      linger: none,
      grace: none,
      keepAlive: none,
    }

    expect(() => server('', 0, echoer, options)).not.toThrow()
  })
})

describe('an invalid option of a server', () => {
  const COUNT = 'expected a positive integer or Infinity'
  const TIME = 'expected ms > 0, or Infinity for no limit'

  it.each([
    ['maxConnections', 0, `server: maxConnections: ${COUNT}, got 0`],
    ['maxConnections', -1, `server: maxConnections: ${COUNT}, got -1`],
    ['maxConnections', 1.5, `server: maxConnections: ${COUNT}, got 1.5`],
    ['maxConnections', Number.NaN, `server: maxConnections: ${COUNT}, got NaN`],
    ['maxConnections', '5', `server: maxConnections: ${COUNT}, got "5"`],
    ['maxConnections', null, `server: maxConnections: ${COUNT}, got null`],
    ['maxConnectionsPerAddress', 0, `server: maxConnectionsPerAddress: ${COUNT}, got 0`],
    ['maxConnectionsPerAddress', '1', `server: maxConnectionsPerAddress: ${COUNT}, got "1"`],
    ['overload', 'drop', "server: overload: expected 'wait', 'close' or 'reset', got \"drop\""],
    ['overload', true, "server: overload: expected 'wait', 'close' or 'reset', got true"],
    ['firstByteTimeout', 0, `server: firstByteTimeout: ${TIME}, got 0`],
    ['idleTimeout', -5, `server: idleTimeout: ${TIME}, got -5`],
    ['messageTimeout', Number.NaN, `server: messageTimeout: ${TIME}, got NaN`],
    ['stallTimeout', '30s', `server: stallTimeout: ${TIME}, got "30s"`],
    ['cancelOnDisconnect', true, "server: cancelOnDisconnect: expected 'reset' or 'end', got true"],
    ['linger', -1, 'server: linger: expected ms >= 0, got -1'],
    ['linger', '5s', 'server: linger: expected ms >= 0, got "5s"'],
    ['signals', 'SIGINT', 'server: signals: expected true or false, got "SIGINT"'],
    ['grace', -1, 'server: grace: expected ms >= 0, got -1'],
    ['grace', Number.NaN, 'server: grace: expected ms >= 0, got NaN'],
    ['grace', '5', 'server: grace: expected ms >= 0, got "5"'],
  ])('is refused at the call of server: %s %s', (option, value, message) => {
    const call = () => server('', 0, echoer, { [option]: value })

    expect(call).toThrow(message)
  })
})

describe('the driver of a server', () => {
  it('need not know the limit of descriptors', async () => {
    const { maxDescriptors: _, ...rest } = nodeDriver

    const reply = await play(function* () {
      const { task, port } = yield* serve(echoer, { driver: driverLike(rest, {}) })
      const conn = yield* connect(LOOPBACK, port)
      const reply = yield* exchange(conn, 'hello')
      conn.close()
      yield* kill(task)
      return reply
    })

    expect(reply).toBe('hello')
  })

  it('refuses connections that were not accepted, so that they see an error and not silence', async () => {
    const error = await simulate(function* () {
      const { port, task } = yield* serve(echoer)
      yield* kill(task)
      return yield* errorOf(connect(LOOPBACK, port))
    })

    expect((error as { code: string }).code).toBe('ECONNREFUSED')
  })
})
