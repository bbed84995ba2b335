// Traps of node:net that a driver built on it could fall into: connecting, listening, closing, and
// the end of the process.

import { spawn as spawnProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ConnectError, connect, ListenError, listen, server } from '@bluelet/net'
import { nodeDriver } from '@bluelet/net/driver'
import { kill, pause, Scheduler, spawn } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClockHost } from '../../support/clock-host.js'
import { type Clogged, cloggedListener } from '../../support/clogged-listener.js'
import { settled, turn, until } from '../../support/deadline.js'
import { openSockets } from '../../support/leaks.js'
import { dial, freePort, type Peer } from '../../support/peer.js'
import { serve } from '../serving.js'
import { accepted, driverLike, errorOf, hostOf, LOOPBACK, MIB, pattern, play } from '../world.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

let clogged: Clogged

beforeAll(async () => {
  clogged = await cloggedListener()
})

afterAll(() => clogged.close())

describe('node:net', () => {
  it('connections that are not accepted are bounded, and the rest are counted', async () => {
    const { live, dropped, dialled } = await play(function* () {
      // The epoll driver drops none, since they wait in the kernel.
      using listener = yield* listen(LOOPBACK, 0, { backlog: 64, driver: 'node' })
      const peers: Peer[] = []
      let dialled = 0
      // At most as many at once as the kernel's own queue holds.
      while (listener.dropped < 50) {
        // A reset may arrive before the client has seen that it is connected.
        const some: PromiseSettledResult<Peer>[] = yield Promise.allSettled(
          Array.from({ length: 50 }, () => dial(listener.address.port)),
        )
        dialled += some.length
        peers.push(...some.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
        // Node 20 accepts one in each turn of its loop.
        for (let i = 0; i < 60; i++) yield turn()
      }
      for (const peer of peers) peer.read()
      yield settled(() => listener.dropped)
      yield settled(() => peers.filter(({ errors }) => errors.length > 0).length)
      const live = peers.filter(({ errors, closed }) => errors.length === 0 && !closed).length
      const { dropped } = listener
      for (const peer of peers) peer.socket.destroy()
      return { live, dropped, dialled }
    })

    expect(live).toBe(64 * 8)
    expect(live + dropped).toBe(dialled)
  })

  it.each([-1, 65_536, 0.5, Number.NaN])(
    'the port %s is an error at the call, like every invalid argument',
    (port) => {
      expect(() => void listen(LOOPBACK, port)).toThrow(RangeError)
      expect(() => void connect(LOOPBACK, port)).toThrow(RangeError)
      expect(() => server(LOOPBACK, port, function* () {})).toThrow(RangeError)
    },
  )

  it('a port in use is an error at the yield, where it can be caught', async () => {
    const error = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      return yield* errorOf(listen(LOOPBACK, listener.address.port))
    })

    expect(error).toBeInstanceOf(ListenError)
    expect(error.code).toBe('EADDRINUSE')
  })

  it("'' listens on every address, and an IPv4 peer has an IPv4 address", async () => {
    const hosts = await play(function* () {
      using listener = yield* listen('', 0)
      const hosts: (string | undefined)[] = []
      for (const host of ['127.0.0.1', '::1']) {
        const peer: Peer = yield dial(listener.address.port, host)
        const conn = yield* listener.accept()
        hosts.push(conn.remoteAddress?.host, conn.localAddress?.host)
        conn.abort()
        peer.socket.destroy()
      }
      return hosts
    })

    expect(hosts).toEqual(['127.0.0.1', '127.0.0.1', '::1', '::1'])
  })

  it('a slow first address is still tried after 250 ms, and the error is never empty', async () => {
    const port = await freePort()
    const closed: string[] = []
    const host = new ClockHost()
    const begun: string[] = []
    const slow = driverLike(nodeDriver, {
      lookup: (_host, done) => void setImmediate(() => done(null, ['127.0.0.9', '127.0.0.1'])),
      connect(target) {
        const { host: address } = hostOf(target)
        begun.push(address)
        const socket = nodeDriver.connect(
          address === '127.0.0.9' ? { host: LOOPBACK, port: clogged.port } : target,
        )
        const reset = socket.reset.bind(socket)
        socket.reset = () => {
          closed.push(address)
          reset()
        }
        return socket
      },
    })

    const running = new Scheduler({ host }).run(() =>
      errorOf(connect('slow.example', port, { driver: slow, timeout: 5000 })),
    )
    await until('the first attempt', () => begun.length === 1 && host.alarms > 0)
    host.advance(250)
    await until('the second attempt', () => begun.length === 2)
    await settled(() => closed.length, 50)
    host.advance(4000)
    const closedEarly = [...closed]
    host.advance(750)
    const error = await running

    expect(closedEarly).toEqual([])
    expect(closed).toEqual(['127.0.0.9'])
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).not.toBe('')
    expect(error.errors.length).toBeGreaterThan(0)
  })

  it('a look-up that never answers is ended by the timeout of connect, and by a kill', async () => {
    const driver = driverLike(nodeDriver, { lookup() {} })

    const { error, outcome } = await play(function* () {
      const error = yield* errorOf(connect('silent.example', 80, { driver, timeout: 5 }))
      const connecting = yield* spawn(function* () {
        yield* connect('silent.example', 80, { driver })
      })
      yield pause()
      yield* kill(connecting)
      return { error, outcome: connecting.outcome?.kind }
    })

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.code).toBe('ETIMEDOUT')
    expect(outcome).toBe('killed')
  })

  it('a connect that is killed as it succeeds leaves no descriptor', async () => {
    const before = openSockets()

    await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      for (let turns = 0; turns < 30; turns++) {
        const connecting = yield* spawn(function* () {
          return yield* connect(LOOPBACK, listener.address.port)
        })
        for (let i = 0; i < turns; i++) yield i % 2 === 0 ? pause() : turn()
        yield* kill(connecting)
        if (connecting.outcome?.kind === 'returned') connecting.outcome.value.abort()
      }
    })
    await until('the descriptors are back', () => openSockets() === before)

    expect(openSockets()).toBe(before)
  })

  it('close ends within its deadline even if the peer does not read', async () => {
    const host = new ClockHost()
    let peer: Peer | undefined

    const running = new Scheduler({ host }).run(function* () {
      const { conn, peer: raw, socket } = yield* accepted()
      peer = raw
      while (socket.unsent === 0) {
        socket.write(Buffer.alloc(MIB))
        yield turn()
      }
      conn.close()
      yield* conn.whenClosed()
    })
    await until('it waits', () => host.alarms > 0)
    host.advance(30_000)
    await running
    await peer!.finish()

    expect(peer!.errors).toEqual(['ECONNRESET'])
  })

  it('close with unread input does not break an upload, and the reply arrives', async () => {
    const { errors, text, ended } = await play(function* () {
      const { task, port } = yield* serve(function* (conn) {
        yield* conn.peek()
        yield* conn.sendall('too large')
      })
      const peer: Peer = yield dial(port)
      const upload = pattern(16 * MIB)
      let uploaded = false
      peer.socket.end(upload, () => {
        uploaded = true
      })
      yield until('the upload is done', () => uploaded || peer.errors.length > 0)
      yield peer.finish()
      yield* kill(task)
      return { errors: peer.errors, text: peer.text, ended: peer.ended }
    })

    expect(errors).toEqual([])
    expect(text).toBe('too large')
    expect(ended).toBe(true)
  })

  it.each(['limited', 'unlimited'])(
    'a program that waits for an impossible event does not exit with code 0 (%s)',
    async (limit) => {
      const child = spawnProcess(process.execPath, ['--import', 'tsx', 'test/net/fixtures/stuck.ts', limit], {
        cwd: root,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let output = ''
      child.stderr.on('data', (data: Buffer) => {
        output += data.toString()
      })

      const [code] = (await once(child, 'close')) as [number | null]

      expect(code).toBe(1)
      expect(output).toContain(limit === 'limited' ? 'ConnectError' : 'DeadlockError')
    },
  )

  it('an error in a callback of the user does not end the process', async () => {
    const errors: unknown[] = []
    const host = new ClockHost()
    const broken = new Error('onListening')

    const running = new Scheduler({ host }).run(
      server(LOOPBACK, 0, function* () {}, {
        onListening() {
          throw broken
        },
      }),
    )
    const error = await running.catch((error: unknown) => error)
    errors.push(error)

    expect(errors).toEqual([broken])
  })

  it('a port can be reused at once after its connections have ended', async () => {
    const again = await play(function* () {
      const first = yield* listen(LOOPBACK, 0)
      const { port } = first.address
      const peer: Peer = yield dial(port)
      const conn = yield* first.accept()
      // Our side ends first, so that the TIME_WAIT state is ours.
      conn.close()
      yield peer.finish()
      peer.end()
      yield* conn.whenClosed()
      first.close()
      using second = yield* listen(LOOPBACK, port)
      return second.address.port === port
    })

    expect(again).toBe(true)
  })

  it('a burst of 120 clients waits for no retransmission', async () => {
    const start = performance.now()

    const peers = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const peers: Peer[] = yield Promise.all(Array.from({ length: 120 }, () => dial(listener.address.port)))
      for (let i = 0; i < peers.length; i++) (yield* listener.accept()).abort()
      for (const peer of peers) peer.socket.destroy()
      return peers.length
    })

    expect(peers).toBe(120)
    // A lost SYN is sent again after a second.
    expect(performance.now() - start).toBeLessThan(900)
  })
})
