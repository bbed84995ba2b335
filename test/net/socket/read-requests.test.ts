// Promise 3 of the network: `readexactly`, `readall` and `peek`, and the timeout of every read.

import { Connection, IncompleteReadError, LimitError, TimeoutError } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { type Event, join, kill, pause, race, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { abort, pair } from '../simulated-pair.js'
import { accepted, errorOf, MIB, perform, play } from '../world.js'
import { ScriptedSocket } from './read-oracle.js'
import { reading, readingPieces, restOf } from './scripted.js'

describe('Connection.readexactly', () => {
  it('gives exactly n bytes, whatever their pieces', async () => {
    const parts = await readingPieces(['o', 'netw', 'othree'], function* (conn) {
      return [
        `${yield* conn.readexactly(3)}`,
        `${yield* conn.readexactly(0)}`,
        `${yield* conn.readexactly(3)}`,
        yield* restOf(conn),
      ]
    })

    expect(parts).toEqual(['one', '', 'two', 'three'])
  })

  it('gives 0 bytes without waiting', async () => {
    const data = await play(function* () {
      const { conn } = yield* accepted()
      const data = yield* conn.readexactly(0)
      conn.abort()
      return data
    })

    expect(data.length).toBe(0)
  })

  it('throws at the end of the stream with the bytes so far, and leaves them', async () => {
    const [error, rest] = await reading('one', function* (conn) {
      return [yield* errorOf(conn.readexactly(4)), yield* restOf(conn)]
    })

    expect(error).toBeInstanceOf(IncompleteReadError)
    expect(error.message).toBe('readexactly(4): the stream ended after 3 bytes')
    expect(`${error.partial}`).toBe('one')
    expect(rest).toBe('one')
  })

  it.each([-1, 0.5, Number.NaN, '3'])('refuses %s bytes', (n) => {
    const conn = new Connection(new ScriptedSocket([]), runtimeOf(new Scheduler()))

    expect(() => conn.readexactly(n as number)).toThrow(RangeError)
  })
})

describe('the limit of Connection.readexactly', () => {
  it.each([
    [1_048_577, {}, 1_048_576],
    [5, { limit: 4 }, 4],
    [1, { limit: 0 }, 0],
  ])('throws at the call, since peers often choose the length: %s bytes with %j', (n, options, limit) => {
    const conn = new Connection(new ScriptedSocket([]), runtimeOf(new Scheduler()))

    expect(() => conn.readexactly(n, options)).toThrow(LimitError)
    expect(() => conn.readexactly(n, options)).toThrow(
      `readexactly(${n}): more than the limit of ${limit} bytes; unless the peer chose that length, raise the limit: readexactly(n, { limit })`,
    )
  })

  it.each([
    [1_048_576, {}],
    [2_000_000, { limit: 2_000_000 }],
    [2_000_000, { limit: Number.POSITIVE_INFINITY }],
  ])('allows exactly that many bytes, and can be raised: %s bytes with %j', async (n, options) => {
    const data = await readingPieces([Buffer.alloc(n + 1, 'x')], function* (conn) {
      return yield* conn.readexactly(n, options)
    })

    expect(data).toHaveLength(n)
  })

  it.each([-1, Number.NaN, '4'])('is refused if it is invalid: %s', (limit) => {
    const conn = new Connection(new ScriptedSocket([]), runtimeOf(new Scheduler()))

    expect(() => conn.readexactly(1, { limit: limit as number })).toThrow(RangeError)
  })
})

describe('IncompleteReadError.partial', () => {
  it('needs no second copy of the bytes until it is read', async () => {
    const n = 64 * MIB
    const socket = new ScriptedSocket(Array.from({ length: 64 }, () => Buffer.alloc(MIB, 'x')))
    const scheduler = new Scheduler()
    const conn = new Connection(socket, runtimeOf(scheduler))

    const { grown, error, rest } = await scheduler.run(function* () {
      const before = process.memoryUsage().arrayBuffers
      const error = yield* errorOf(conn.readexactly(n + 1, { limit: Number.POSITIVE_INFINITY }))
      const grown = process.memoryUsage().arrayBuffers - before
      return { grown, error, rest: yield* conn.readall({ limit: Number.POSITIVE_INFINITY }) }
    })

    expect(grown).toBeLessThan(n / 2)
    expect(error.partial.equals(rest)).toBe(true)
    expect(error.partial).toBe(error.partial)
  })

  it.each([
    ['readexactly', (conn: Connection) => conn.readexactly(10)],
    ['readuntil', (conn: Connection) => conn.readuntil('\n')],
    ['peek', (conn: Connection) => conn.peek(10, { exactly: true })],
  ])('is what had arrived, even after other reads: %s', async (_name, read) => {
    const partial = await readingPieces(['a', 'bc', 'd'], function* (conn) {
      const error = yield* errorOf(read(conn))
      yield* conn.recv(1)
      yield* restOf(conn)
      return error.partial
    })

    expect(`${partial}`).toBe('abcd')
  })
})

describe('a read with a raised limit', () => {
  it('lets other tasks step after a bounded number of receives, and loses nothing', async () => {
    const socket = new ScriptedSocket(Array.from({ length: 1000 }, (_, i) => Buffer.alloc(100, i)))
    const scheduler = new Scheduler()
    const conn = new Connection(socket, runtimeOf(scheduler))
    const read = socket.read.bind(socket)
    let inARow = 0
    let most = 0
    socket.read = (max) => {
      most = Math.max(most, ++inARow)
      return read(max)
    }

    const bytes = await scheduler.run(function* () {
      const reader = yield* spawn(perform, conn.readall({ limit: 1_000_000 }))
      while (reader.outcome === undefined) {
        inARow = 0
        yield* pause()
      }
      return yield* join(reader)
    })

    expect(most).toBeLessThanOrEqual(16)
    expect(bytes).toEqual(Buffer.concat(Array.from({ length: 1000 }, (_, i) => Buffer.alloc(100, i))))
  })

  it('can be killed between two portions, and the next read goes on', async () => {
    const socket = new ScriptedSocket(Array.from({ length: 100 }, () => Buffer.alloc(100, 'x')))
    const scheduler = new Scheduler()
    const conn = new Connection(socket, runtimeOf(scheduler))

    const bytes = await scheduler.run(function* () {
      const reader = yield* spawn(perform, conn.readall({ limit: 1_000_000 }))
      yield* pause()
      yield* kill(reader)
      return yield* conn.readall({ limit: 1_000_000 })
    })

    expect(bytes).toHaveLength(10_000)
  })
})

describe('the timeout of a read', () => {
  const READS: [string, (conn: Connection, timeout: number) => Event<Buffer>][] = [
    ['readline', (conn, timeout) => conn.readline('\n', { timeout })],
    ['readuntil', (conn, timeout) => conn.readuntil('\r\n', { timeout })],
    ['readexactly', (conn, timeout) => conn.readexactly(1000, { timeout })],
    ['readall', (conn, timeout) => conn.readall({ timeout })],
  ]

  it.each(READS)(
    'covers the whole read, however slowly bytes arrive, and loses none of them: %s',
    async (_name, read) => {
      const { error, ms, rest, sent } = await simulate(function* (world) {
        const { client, server } = yield* pair()
        let sent = ''
        const dripping = yield* spawn(function* () {
          while (true) {
            yield* client.sendall('x')
            sent += 'x'
            yield* sleep(50)
          }
        })
        const begun = world.now()
        const error = yield* errorOf(read(server, 1000))
        const ms = world.now() - begun
        yield* kill(dripping)
        client.shutdown()
        const rest = yield* restOf(server)
        abort({ client, server })
        return { error, ms, rest, sent }
      })

      expect(error).toBeInstanceOf(TimeoutError)
      expect(ms).toBe(1000)
      expect(rest).toBe(sent)
      expect(sent.length).toBeGreaterThan(15)
    },
  )

  it.each(READS)('gives bytes that arrive in time, and leaves no timer: %s', async (name, read) => {
    const text = { readline: 'line\n', readuntil: 'line\r\n', readexactly: 'x'.repeat(1000), readall: 'all' }[
      name
    ]!

    const { got, timers } = await simulate(function* () {
      const { client, server } = yield* pair()
      yield* spawn(function* () {
        yield* sleep(999)
        yield* client.sendall(text)
        client.shutdown()
      })
      const got = String(yield* read(server, 2000))
      const timers = internals(server).timers.size
      abort({ client, server })
      return { got, timers }
    })

    expect(got).toBe(text)
    expect(timers).toBe(0)
  })

  it('of 0 gives buffered bytes', async () => {
    const lines = await simulate(function* () {
      const { client, server } = yield* pair()
      yield* client.sendall('one\ntwo\nthr')
      yield* sleep(10)
      const lines: string[] = []
      for (let i = 0; i < 2; i++) lines.push(String(yield* server.readline('\n', { timeout: 0 })))
      lines.push((yield* errorOf(server.readline('\n', { timeout: 0 }))).name)
      abort({ client, server })
      return lines
    })

    expect(lines).toEqual(['one\n', 'two\n', 'TimeoutError'])
  })

  it('is unlimited by default, and with Infinity', async () => {
    const outcomes = await simulate(function* () {
      const { client, server } = yield* pair()
      const outcomes: unknown[] = []
      for (const options of [{}, { timeout: Number.POSITIVE_INFINITY }])
        outcomes.push(yield* race([server.readline('\n', options), sleep(1e9)]))
      abort({ client, server })
      return outcomes
    })

    expect(outcomes).toEqual([undefined, undefined])
  })

  it('lets another task read after it', async () => {
    const line = await simulate(function* () {
      const { client, server } = yield* pair()
      yield* errorOf(server.readline('\n', { timeout: 10 }))
      const other = yield* spawn(perform(server.readline()))
      yield* client.sendall('late\n')
      const line = String(yield* join(other))
      abort({ client, server })
      return line
    })

    expect(line).toBe('late\n')
  })

  it.each([-1, Number.NaN, '5'])('is refused at the call if it is invalid: %s', (timeout) => {
    const conn = new Connection(new ScriptedSocket([]), runtimeOf(new Scheduler()))

    for (const [, read] of READS) expect(() => read(conn, timeout as number)).toThrow(RangeError)
  })
})

describe('Connection.readall', () => {
  it('gives all bytes up to the end, and then no bytes', async () => {
    const data = Buffer.alloc(60_000, 'one two ')

    const [all, none] = await reading(data, function* (conn) {
      return [yield* conn.readall(), yield* conn.readall()]
    })

    expect(all.equals(data)).toBe(true)
    expect(none.length).toBe(0)
  })

  it('allows exactly the limit', async () => {
    const data = await reading('12345', function* (conn) {
      return `${yield* conn.readall({ limit: 5 })}`
    })

    expect(data).toBe('12345')
  })

  it('throws at one byte more, and leaves all bytes', async () => {
    const [error, rest] = await reading('123456', function* (conn) {
      return [yield* errorOf(conn.readall({ limit: 5 })), yield* restOf(conn)]
    })

    expect(error).toBeInstanceOf(LimitError)
    expect(rest).toBe('123456')
  })

  it('bounds the bytes read ahead', async () => {
    const socket = new ScriptedSocket(Array.from({ length: 100 }, () => Buffer.alloc(1000, 'x')))
    const scheduler = new Scheduler()
    const conn = new Connection(socket, runtimeOf(scheduler))

    await scheduler.run(() => errorOf(conn.readall({ limit: 5000 })))

    expect(socket.given).toBeLessThanOrEqual(6000)
  })
})

describe('Connection.peek', () => {
  it('gives the next bytes, and leaves them', async () => {
    const [peeked, again, data] = await reading('one', function* (conn) {
      return [yield* conn.peek(2), yield* conn.peek(100), yield* conn.recv(100)]
    })

    expect([`${peeked}`, `${again}`, `${data}`]).toEqual(['on', 'one', 'one'])
  })

  it('gives a copy that the caller may change', async () => {
    const data = await reading('one', function* (conn) {
      const peeked = yield* conn.peek(3)
      peeked.fill('x')
      return `${yield* conn.recv(3)}`
    })

    expect(data).toBe('one')
  })

  it('gives no bytes at the end of the stream', async () => {
    const data = await reading('', (conn) => perform(conn.peek(1)))

    expect(data.length).toBe(0)
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses %d bytes', (max) => {
    const conn = new Connection(new ScriptedSocket([]), runtimeOf(new Scheduler()))

    expect(() => conn.peek(max)).toThrow(RangeError)
  })
})
