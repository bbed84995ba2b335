// The options of sockets: how they are checked, and how they are passed to Node.
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { connect, listen, server } from '@bluelet/net'
import { type DriverName, driverNamed, type SocketSettings } from '@bluelet/net/driver'
import { kill } from '@bluelet/scheduler'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { rawServer } from '../../support/peer.js'
import { serve } from '../serving.js'
import { echoer } from '../simulated-pair.js'
import { accepted, connected, LOOPBACK, play } from '../world.js'

afterEach(() => void vi.restoreAllMocks())

describe('an invalid option of sockets', () => {
  const FLAG = 'expected true or false, got'
  const PROBES = 'expected ms > 0, or Infinity for never, got'

  it.each([
    ['noDelay', 1, `noDelay: ${FLAG} 1`],
    ['noDelay', null, `noDelay: ${FLAG} null`],
    ['keepAlive', 0, `keepAlive: ${PROBES} 0`],
    ['keepAlive', true, `keepAlive: ${PROBES} true`],
    ['keepAlive', Number.NaN, `keepAlive: ${PROBES} NaN`],
  ])('is refused at the call by every function that has it: %s %s', (option, value, message) => {
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

  it.each(CASES)('are passed to Node for a socket that connects: %j', async (settings, expected) => {
    const made = vi.spyOn(net, 'Socket')

    await play(function* () {
      const raw: Awaited<ReturnType<typeof rawServer>> = yield rawServer()
      const conn = yield* connect(LOOPBACK, raw.port, { ...settings, driver: 'node' })
      conn.abort()
      raw.close()
    })

    expect(made).toHaveBeenCalledWith(expect.objectContaining(expected))
  })

  it.each(CASES)('are passed to Node for a server that listens: %j', async (settings, expected) => {
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
  ])('of a listener are passed to Node: %j', async (options, expected) => {
    const listens = vi.spyOn(net.Server.prototype, 'listen')

    await play(function* () {
      const listener = yield* listen(LOOPBACK, 0, { ...options, driver: 'node' })
      listener.close()
    })

    expect(listens).toHaveBeenCalledWith(expect.objectContaining(expected))
  })
})

describe.skipIf(process.platform !== 'linux').each(drivers())('on the %s driver, the system', (driver) => {
  it.each([
    [{}, 60],
    [{ keepAlive: 5000 }, 5],
    [{ keepAlive: Number.POSITIVE_INFINITY }, undefined],
  ])('probes a silent connection if keepAlive is set: %j', async (settings, seconds) => {
    const found: (number | undefined)[] = []

    await play(function* () {
      const served = yield* accepted({ ...settings, driver })
      const made = yield* connected({ ...settings, driver })
      for (const { conn, peer } of [served, made]) {
        found.push(probeIn(conn.localAddress!.port, conn.remoteAddress!.port))
        conn.abort()
        peer.socket.destroy()
      }
    })

    // What is left until then, which may be less on a busy machine.
    expect(found.map((left) => left !== undefined && left <= seconds! && left > seconds! - 4)).toEqual(
      found.map(() => seconds !== undefined),
    )
  })
})

/** The drivers that are available here. */
function drivers(): DriverName[] {
  return (['node', 'epoll'] as const).filter((name) => {
    try {
      return driverNamed(name)
    } catch {
      return false
    }
  })
}

/**
 * The seconds until the system probes a connection, by its ports; undefined if it does not
 * (proc_net_tcp.txt of Linux).
 */
function probeIn(local: number, remote: number): number | undefined {
  const hex = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .find((each) => each.includes(`${hex(local)}0100007F${hex(remote)}`))
  const [kind, ticks] = line!
    .trim()
    .split(/ +/)[5]!
    .split(':')
    .map((text) => Number.parseInt(text, 16))
  return kind === KEEP_ALIVE ? Math.round(ticks! / TICKS_A_SECOND) : undefined
}

const KEEP_ALIVE = 2
const TICKS_A_SECOND = 100
