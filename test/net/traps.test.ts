// What node:net does behind one's back, a test for each trap that a driver over it can fall into, by its number. Those of servers are
// elsewhere: T18, T19 and T37 in shutdown, T21 in stress, T22 in descriptors.faults, T23 and T24 in limits, T32 in deadlines,
// T33 in the scheduler's host, T38 in socket-options, T41 in the suite of drivers, T43 in drivers/node-listener.
import { spawn as spawnProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import {
  ClosedError,
  ConnectError,
  type Connection,
  ConnectionResetError,
  connect,
  ListenError,
  type Listener,
  listen,
  type ServerOptions,
  server,
} from '@bluelet/net'
import { nodeDriver } from '@bluelet/net/driver'
import { type Coroutine, join, kill, pause, Scheduler, sleep, spawn, type Task } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ClockHost } from '../support/clock-host.js'
import { type Clogged, cloggedListener } from '../support/clogged-listener.js'
import { settled, turn, until } from '../support/deadline.js'
import { openSockets } from '../support/leaks.js'
import { dial, freePort, type Peer, rawServer } from '../support/peer.js'
import { accepted, driverLike, errorOf, LOOPBACK, pattern, play } from './world.js'

const MIB = 1024 * 1024
const root = fileURLToPath(new URL('../..', import.meta.url))

let clogged: Clogged
beforeAll(async () => {
  clogged = await cloggedListener()
})
afterAll(() => clogged.close())

function* serve(
  handler: (conn: Connection) => Coroutine,
  options: ServerOptions = {},
): Coroutine<{ task: Task; port: number; errors: unknown[] }> {
  let listener: Listener | undefined
  const errors: unknown[] = []
  const task = yield* spawn(
    server(LOOPBACK, 0, handler, {
      onListening: (opened) => {
        listener = opened
      },
      onError: (error) => void errors.push(error),
      ...options,
    }),
  )
  yield until('the server listens', () => listener !== undefined)
  return { task, port: listener!.address.port, errors }
}

/** How many bytes of chunks this process holds. */
function held(): number {
  globalThis.gc?.()
  return process.memoryUsage().arrayBuffers
}

describe('node:net', () => {
  it('T1: a peer that has ended its side still gets its reply', async () => {
    const text = await play(function* () {
      const { task, port } = yield* serve(function* (conn) {
        const request = yield* conn.readall()
        yield* sleep(5)
        yield* conn.sendall(`reply to ${request}`)
      })
      const peer: Peer = yield dial(port)
      peer.write('request').end()
      yield peer.finish()
      yield* kill(task)
      return peer.text
    })

    expect(text).toBe('reply to request')
  })

  it('T1: a peer that has ended its side gets the reply of a client of ours, too', async () => {
    const raw = await rawServer()

    const text = await play(function* () {
      const conn = yield* connect(LOOPBACK, raw.port)
      const peer: Peer = yield raw.next()
      peer.write('question').end()
      const question = yield* conn.readall()
      yield* sleep(5)
      yield* conn.sendall(`answer to ${question}`)
      conn.close()
      yield peer.finish()
      return peer.text
    })

    expect(text).toBe('answer to question')
  })

  it.each(['before', 'after'])(
    'T2: a reset is no end of the stream, whether it comes %s we wait',
    async (when) => {
      const error = await play(function* () {
        const { conn, peer } = yield* accepted()
        if (when === 'before') yield peer.reset()
        const reader = yield* spawn(() => errorOf(conn.readall()))
        for (let i = 0; i < 5; i++) yield turn()
        if (when === 'after') yield peer.reset()
        const error = yield* join(reader)
        conn.close()
        return error
      })

      expect(error).toBeInstanceOf(ConnectionResetError)
    },
  )

  it('T2: a reset behind bytes that nobody has read is no end of the stream', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('the first half of a mess')
      for (let i = 0; i < 5; i++) yield turn()
      yield peer.reset()
      const error = yield* errorOf(conn.readall())
      conn.close()
      return error
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('T3: a sendall whose connection is destroyed meanwhile does not succeed', async () => {
    const errors = await play(function* () {
      const errors: unknown[] = []
      for (const end of ['close', 'abort', 'reset'] as const) {
        const { conn, peer, socket } = yield* accepted()
        const sender = yield* spawn(() => errorOf(conn.sendall(Buffer.alloc(16 * MIB))))
        yield settled(() => socket.unsent)
        if (end === 'reset') yield peer.reset()
        else conn[end]()
        errors.push(yield* join(sender))
        conn.close()
        peer.socket.destroy()
      }
      return errors
    })

    expect(errors[0]).toBeInstanceOf(ClosedError)
    expect(errors[1]).toBeInstanceOf(ClosedError)
    expect(errors[2]).toBeInstanceOf(ConnectionResetError)
  })

  it('T4: writes after the peer has gone fail with one class of error, at the first that the kernel refuses', async () => {
    const errors = await play(function* () {
      const errors: unknown[] = []
      const { conn, peer } = yield* accepted()
      // Closed in an orderly way, both sides: the first write still goes out, and brings a reset back.
      peer.socket.destroy()
      yield until('the peer is closed', () => peer.closed)
      yield* conn.sendall('goes out')
      for (let i = 0; i < 5; i++) yield turn()
      errors.push(yield* errorOf(conn.sendall('second')), yield* errorOf(conn.sendall('third')))
      conn.close()
      return errors
    })

    expect(errors[0]).toBeInstanceOf(ConnectionResetError)
    expect(errors[1]).toBeInstanceOf(ClosedError)
  })

  it('T5: a reset that came while nobody read is told by the next recv and by the next send', async () => {
    const errors = await play(function* () {
      const errors: unknown[] = []
      for (const operation of ['recv', 'send'] as const) {
        const { conn, peer } = yield* accepted()
        yield peer.reset()
        errors.push(yield* errorOf(operation === 'recv' ? conn.recv() : conn.send('x')))
        conn.close()
      }
      return errors
    })

    for (const error of errors) expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('T6: unread data does not keep a closed connection open', async () => {
    const closed = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('never read').end()
      for (let i = 0; i < 5; i++) yield turn()
      conn.close()
      yield* conn.whenClosed()
      return true
    })

    expect(closed).toBe(true)
  })

  it('T7: fewer bytes than were asked for are given at once', async () => {
    const text = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('eleven byte')
      const data = yield* conn.recv(1024)
      conn.close()
      peer.end()
      return String(data)
    })

    expect(text).toBe('eleven byte')
  })

  it('T8: what a user asks for does not become memory', async () => {
    const { grown, length } = await play(function* () {
      const { conn, peer } = yield* accepted()
      const before = held()
      const block = Buffer.alloc(65_536)
      let written = 0
      const offer = () => {
        while (written < 32 * MIB) {
          written += block.length
          if (!peer.socket.write(block)) return
        }
      }
      peer.socket.on('drain', offer)
      peer.write('x')
      const data = yield* conn.recv(2 ** 40)
      offer()
      yield settled(() => written)
      const grown = held() - before
      conn.abort()
      peer.socket.destroy()
      return { grown, length: data.length }
    })

    expect(length).toBe(1)
    expect(grown).toBeLessThan(512 * 1024)
  })

  it('T9: a connection that nobody reads holds nothing', async () => {
    const grown = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const before = held()
      const block = Buffer.alloc(MIB)
      const peers: Peer[] = yield Promise.all(Array.from({ length: 20 }, () => dial(listener.address.port)))
      const conns: Connection[] = []
      for (const peer of peers) {
        peer.write(block)
        conns.push(yield* listener.accept())
      }
      yield settled(() => peers.reduce((sum, { socket }) => sum + socket.writableLength, 0))
      const grown = held() - before - block.length
      for (const conn of conns) conn.abort()
      for (const peer of peers) peer.socket.destroy()
      return grown
    })

    expect(grown).toBeLessThan(20 * 4096)
  })

  it('T10: a reader is woken by data, by the end and by an error, each exactly once', async () => {
    const log = await play(function* () {
      const log: string[] = []
      const { conn, peer } = yield* accepted()
      const reader = yield* spawn(function* () {
        while (true) {
          try {
            const data = yield* conn.recv()
            log.push(data.length === 0 ? 'end' : String(data))
            if (data.length === 0) return
          } catch (error) {
            log.push((error as Error).name)
            return
          }
        }
      })
      for (const text of ['a', 'b', 'c']) {
        peer.write(text)
        yield until(text, () => log.includes(text))
      }
      peer.end()
      yield* join(reader)
      conn.close()
      return log
    })

    expect(log).toEqual(['a', 'b', 'c', 'end'])
  })

  it('T11: data that came before anybody read, or accepted, is not lost', async () => {
    const texts = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const peer: Peer = yield dial(listener.address.port)
      peer.write('early').end()
      for (let i = 0; i < 10; i++) yield turn()
      const conn = yield* listener.accept()
      for (let i = 0; i < 10; i++) yield turn()
      const texts = [String(yield* conn.recv()), String(yield* conn.recv())]
      conn.close()
      return texts
    })

    expect(texts).toEqual(['early', ''])
  })

  it('T12: an error on a connection that nobody uses ends nothing', async () => {
    const survived = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      const unaccepted: Peer = yield dial(listener.address.port)
      yield unaccepted.reset()
      const first = yield* listener.accept()
      const { conn, peer } = yield* accepted()
      // It reads, so that it hears of the reset, and nobody waits for it.
      const reader = yield* spawn(function* () {
        yield* conn.recv()
      })
      yield pause()
      yield* kill(reader)
      yield peer.reset()
      for (let i = 0; i < 10; i++) yield turn()
      first.close()
      conn.close()
      return true
    })

    expect(survived).toBe(true)
  })

  it('T13: bytes that came before a reset are given first, and then the error', async () => {
    const log = await play(function* () {
      const log: string[] = []
      const { conn, peer } = yield* accepted()
      const reader = yield* spawn(function* () {
        yield* conn.recv()
      })
      yield pause()
      yield* kill(reader)
      // Three pieces, all of which have come before the reset does.
      for (const text of ['one ', 'two ', 'three']) {
        peer.write(text)
        for (let i = 0; i < 5; i++) yield turn()
      }
      yield peer.reset()
      for (let i = 0; i < 5; i++) yield turn()
      try {
        while (true) log.push(String(yield* conn.recv()))
      } catch (error) {
        log.push((error as Error).name)
      }
      conn.close()
      return log
    })

    expect(log.at(-1)).toBe('ConnectionResetError')
    expect(log.slice(0, -1).join('')).toBe('one two three')
  })

  it('T14: after a failure every operation says ClosedError, with the failure as its cause', async () => {
    const errors = await play(function* () {
      const { conn, peer } = yield* accepted()
      yield peer.reset()
      const errors = [yield* errorOf(conn.recv())]
      errors.push(yield* errorOf(conn.recv()), yield* errorOf(conn.readline()))
      conn.close()
      errors.push(yield* errorOf(conn.recv()), yield* errorOf(conn.sendall('x')))
      return errors
    })

    expect(errors[0]).toBeInstanceOf(ConnectionResetError)
    for (const error of errors.slice(1)) expect(error).toBeInstanceOf(ClosedError)
    expect(errors[1].cause).toBe(errors[0])
    expect(errors[2].cause).toBe(errors[0])
  })

  it('T15: a buffer that is changed after a killed sendall does not change what was sent', async () => {
    const { bytes, errors, ended } = await play(function* () {
      const { conn, peer, socket } = yield* accepted()
      const data = Buffer.alloc(16 * MIB, 'a')
      const sender = yield* spawn(function* () {
        yield* conn.sendall(data)
      })
      yield settled(() => socket.unsent)
      yield* kill(sender)
      data.fill('b')
      yield peer.finish()
      return { bytes: peer.bytes, errors: peer.errors, ended: peer.ended }
    })

    expect(bytes.includes('b')).toBe(false)
    expect(errors).toEqual(['ECONNRESET'])
    expect(ended).toBe(false)
  })

  it('T16: a reader that does not read bounds what is buffered for it, and the others are served', async () => {
    const { sent, grown, reply } = await play(function* () {
      const block = Buffer.alloc(MIB)
      let sent = 0
      const { task, port } = yield* serve(function* (conn) {
        if (String(yield* conn.readline()) === 'all\n') {
          for (; sent < 64 * MIB; sent += block.length) yield* conn.sendall(block)
        } else yield* conn.sendall('served')
      })
      const before = held()
      const slow: Peer = yield dial(port)
      slow.write('all\n')
      yield settled(() => sent)
      const grown = held() - before
      const other: Peer = yield dial(port)
      other.write('one\n').end()
      yield other.finish()
      slow.socket.destroy()
      yield* kill(task)
      return { sent, grown, reply: other.text }
    })

    expect(reply).toBe('served')
    expect(sent).toBeLessThan(32 * MIB)
    expect(grown).toBeLessThan(MIB)
  })

  it('T17: a task whose writes never wait lets timers and other connections have their turn', async () => {
    const { writes, served } = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.socket.on('data', () => {})
      peer.read()
      const { task, port } = yield* serve(function* (conn) {
        yield* conn.sendall(yield* conn.recv())
      })
      let writes = 0
      const writer = yield* spawn(function* () {
        while (true) {
          yield* conn.sendall('x')
          writes++
        }
      })
      for (let i = 0; i < 5; i++) yield* sleep(1)
      const other: Peer = yield dial(port)
      other.write('ping').end()
      yield other.finish()
      const served = other.text
      yield* kill(writer)
      yield* kill(task)
      conn.abort()
      return { writes, served }
    })

    expect(served).toBe('ping')
    expect(writes).toBeGreaterThan(100)
  })

  it('T20: connections that nobody accepts are bounded, and the rest is counted', async () => {
    const { live, dropped, dialled } = await play(function* () {
      // The epoll driver drops none: they wait in the kernel.
      using listener = yield* listen(LOOPBACK, 0, { backlog: 64, driver: 'node' })
      const peers: Peer[] = []
      let dialled = 0
      // No more at once than the kernel's own queue holds.
      while (listener.dropped < 50) {
        // A reset may come before the client has seen that it is connected.
        const some: PromiseSettledResult<Peer>[] = yield Promise.allSettled(
          Array.from({ length: 50 }, () => dial(listener.address.port)),
        )
        dialled += some.length
        peers.push(...some.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
        // Node 20 takes one off it in a turn of its loop.
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
    'T25: the port %s is an error at once, as any other wrong argument',
    (port) => {
      expect(() => void listen(LOOPBACK, port)).toThrow(RangeError)
      expect(() => void connect(LOOPBACK, port)).toThrow(RangeError)
      expect(() => server(LOOPBACK, port, function* () {})).toThrow(RangeError)
    },
  )

  it('T25: a port in use is an error at the yield, which can be caught there', async () => {
    const error = await play(function* () {
      using listener = yield* listen(LOOPBACK, 0)
      return yield* errorOf(listen(LOOPBACK, listener.address.port))
    })

    expect(error).toBeInstanceOf(ListenError)
    expect(error.code).toBe('EADDRINUSE')
  })

  it("T26: '' listens on every address, and an IPv4 peer is shown as one", async () => {
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

  it('T27: a slow first address is not given up for good after 250 ms, and the error is never empty', async () => {
    const port = await freePort()
    const closed: string[] = []
    const host = new ClockHost()
    const begun: string[] = []
    const slow = driverLike(nodeDriver, {
      lookup: (_host, done) => void setImmediate(() => done(null, ['127.0.0.9', '127.0.0.1'])),
      connect(address, port) {
        begun.push(address)
        const socket = nodeDriver.connect(
          address === '127.0.0.9' ? LOOPBACK : address,
          address === '127.0.0.9' ? clogged.port : port,
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

  it('T28: a look-up that never answers is ended by the connect timeout, and by a kill', async () => {
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

  it('T29: a connect that is killed as it succeeds leaves no descriptor', async () => {
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

  it('T30: close ends within its deadline with a peer that does not read', async () => {
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
    await until('it lingers', () => host.alarms > 0)
    host.advance(5000)
    await running
    await peer!.finish()

    expect(peer!.errors).toEqual(['ECONNRESET'])
  })

  it('T31: close over unread input breaks no upload, and the reply arrives', async () => {
    const { errors, text, ended } = await play(function* () {
      const { task, port } = yield* serve(function* (conn) {
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
    'T35: a program that waits for what cannot come does not exit with 0 (%s)',
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

  it('T36: an error in a callback of the user does not end the process', async () => {
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

  it('T39: short lines do not keep the chunks in which they came', async () => {
    const kept = await play(function* () {
      const { conn, peer } = yield* accepted()
      const lines: Buffer[] = []
      const reader = yield* spawn(function* () {
        for (let line = yield* conn.readline(); line.length > 0; line = yield* conn.readline()) {
          // Ten bytes of each 64 KiB are kept.
          if (line.length === 10) lines.push(line)
        }
      })
      const filler = `${'x'.repeat(65_535 - 10)}\n`
      for (let i = 0; i < 200; i++) {
        peer.write(`kept ${String(i).padStart(4, '0')}\n${filler}`)
        yield turn()
      }
      peer.end()
      yield* join(reader)
      conn.close()
      const buffers = new Set(lines.map(({ buffer }) => buffer))
      let kept = 0
      for (const { byteLength } of buffers) kept += byteLength
      expect(lines).toHaveLength(200)
      return kept
    })

    expect(kept).toBeLessThan(256 * 1024)
  })

  it('T40: reading a line costs time in proportion to its length', async () => {
    const time = async (length: number): Promise<number> => {
      let ms = 0
      await play(function* () {
        const { conn, peer } = yield* accepted()
        const reader = yield* spawn(() =>
          errorOf(conn.readuntil('\r\n', { limit: Number.POSITIVE_INFINITY })),
        )
        peer.socket.end(Buffer.alloc(length, 'x'))
        const start = performance.now()
        yield* join(reader)
        ms = performance.now() - start
        conn.close()
      })
      return ms
    }
    await time(MIB)

    const [small, large] = [await time(2 * MIB), await time(16 * MIB)]

    // Eight times the length: eight times the time, not sixty-four; the rest is what a busy machine may add.
    expect(large).toBeLessThan(30 * Math.max(small, 10))
  })

  it('T42: a port can be listened on again at once, although connections to it have just ended', async () => {
    const again = await play(function* () {
      const first = yield* listen(LOOPBACK, 0)
      const { port } = first.address
      const peer: Peer = yield dial(port)
      const conn = yield* first.accept()
      // We end first, so that the waiting after the end is ours.
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

  it('T44: a burst of 120 clients that come at once waits for no retransmission', async () => {
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
