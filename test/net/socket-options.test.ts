// What a user may set of sockets: how it is checked, and what Node is asked for.
import net from 'node:net'
import { connect, listen, type SocketSettings, server } from '@bluelet/net'
import { kill } from '@bluelet/scheduler'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { rawServer } from '../support/peer.js'
import { serve } from './serving.js'
import { echoer } from './simulated-pair.js'
import { LOOPBACK, play } from './world.js'

afterEach(() => void vi.restoreAllMocks())

describe('an option of sockets that can be none', () => {
  const FLAG = 'expected true or false, got'
  const PROBES = 'expected ms > 0, or Infinity for never, got'

  it.each([
    ['noDelay', 1, `noDelay: ${FLAG} 1`],
    ['noDelay', null, `noDelay: ${FLAG} null`],
    ['keepAlive', 0, `keepAlive: ${PROBES} 0`],
    ['keepAlive', true, `keepAlive: ${PROBES} true`],
    ['keepAlive', Number.NaN, `keepAlive: ${PROBES} NaN`],
  ])('is refused at the call, by whichever takes it: %s %s', (option, value, message) => {
    const options = { [option]: value }

    expect(() => connect(LOOPBACK, 1, options)).toThrow(`connect: ${message}`)
    expect(() => listen(LOOPBACK, 0, options)).toThrow(`listen: ${message}`)
    expect(() => server(LOOPBACK, 0, echoer, options)).toThrow(`listen: ${message}`)
  })

  it.each([
    ['ipv6Only', 'yes', `listen: ipv6Only: ${FLAG} "yes"`],
    ['reusePort', 0, `listen: reusePort: ${FLAG} 0`],
  ])('is refused by listen and server: %s %s', (option, value, message) => {
    const options = { [option]: value }

    expect(() => listen(LOOPBACK, 0, options)).toThrow(message)
    expect(() => server(LOOPBACK, 0, echoer, options)).toThrow(message)
  })
})

describe('the options of sockets', () => {
  const CASES: [SocketSettings, object][] = [
    [{}, { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }],
    [{ noDelay: false }, { noDelay: false, keepAlive: true, keepAliveInitialDelay: 60_000 }],
    [{ keepAlive: 5000 }, { noDelay: true, keepAlive: true, keepAliveInitialDelay: 5000 }],
    [{ keepAlive: Number.POSITIVE_INFINITY }, { noDelay: true, keepAlive: false, keepAliveInitialDelay: 0 }],
    [{ keepAlive: 1e12 }, { noDelay: true, keepAlive: true, keepAliveInitialDelay: 32_767_000 }],
  ]

  it.each(CASES)('are what Node is asked for when it connects: %j', async (settings, expected) => {
    const connects = vi.spyOn(net.Socket.prototype, 'connect')

    await play(function* () {
      const raw: Awaited<ReturnType<typeof rawServer>> = yield rawServer()
      const conn = yield* connect(LOOPBACK, raw.port, { ...settings, driver: 'node' })
      conn.abort()
      raw.close()
    })

    expect(connects).toHaveBeenCalledWith(expect.objectContaining({ host: LOOPBACK, ...expected }))
  })

  it.each(CASES)('are what Node is asked for when it listens: %j', async (settings, expected) => {
    const creates = vi.spyOn(net, 'createServer')

    await play(function* () {
      const { task } = yield* serve(echoer, { ...settings, driver: 'node' })
      yield* kill(task)
    })

    expect(creates).toHaveBeenCalledWith(expect.objectContaining({ ...expected, allowHalfOpen: true }))
  })

  it.each([
    [{}, { backlog: 511, ipv6Only: false, reusePort: false, host: LOOPBACK, port: 0 }],
    [
      { backlog: 7, ipv6Only: true },
      { backlog: 7, ipv6Only: true, reusePort: false },
    ],
  ])('of a listener are what Node is asked for: %j', async (options, expected) => {
    const listens = vi.spyOn(net.Server.prototype, 'listen')

    await play(function* () {
      const listener = yield* listen(LOOPBACK, 0, { ...options, driver: 'node' })
      listener.close()
    })

    expect(listens).toHaveBeenCalledWith(expect.objectContaining(expected))
  })
})
