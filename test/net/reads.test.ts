import {
  BusyError,
  Connection,
  connect,
  IncompleteReadError,
  LimitError,
  listen,
  TimeoutError,
} from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import {
  type Coroutine,
  type Event,
  join,
  kill,
  pause,
  race,
  Scheduler,
  sleep,
  spawn,
} from '@bluelet/scheduler'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { checkReads } from './reads-property.js'
import { abort, pair } from './simulated-pair.js'
import { readCases, readThrough, ScriptedSocket } from './stream-oracle.js'
import { accepted, errorOf, LOOPBACK, play } from './world.js'

afterEach(() => void vi.restoreAllMocks())

/** Runs a reader on a connection whose peer, a raw socket, has written the text and ended its side. */
function reading<T>(text: string | Buffer, reader: (conn: Connection) => Coroutine<T>): Promise<T> {
  return play(function* () {
    const { conn, peer } = yield* accepted()
    peer.write(text).end()
    try {
      return yield* reader(conn)
    } finally {
      conn.close()
    }
  })
}

/** A connection that gets the pieces one by one, a wait after each, and then the end; and where it may be read. */
function scripted(pieces: readonly Buffer[]): { readonly scheduler: Scheduler; readonly conn: Connection } {
  const scheduler = new Scheduler()
  const conn = new Connection(new ScriptedSocket(pieces.flatMap((piece) => [piece, null])), scheduler)
  return { scheduler, conn }
}

/** Runs a reader on a connection that gets the pieces one by one. */
function readingPieces<T>(
  pieces: readonly (string | Buffer)[],
  reader: (conn: Connection) => Coroutine<T>,
): Promise<T> {
  const { scheduler, conn } = scripted(pieces.map((piece) => Buffer.from(piece as string)))
  return scheduler.run(reader(conn))
}

/** Runs one read, by itself. */
function* once<T>(event: Event<T>): Coroutine<T> {
  return yield* event
}

/** What is left of the stream, as text. */
function* restOf(conn: Connection): Coroutine<string> {
  return `${yield* conn.readall({ limit: Number.POSITIVE_INFINITY })}`
}

describe('reads of random streams in random pieces', () => {
  it('give what the oracle gives, in 19,000 cases of small streams', () => checkReads(19_000, 1), 30_000)

  it(
    'give what the oracle gives, in 1,000 cases of pieces that are copied and pieces that are not',
    () => checkReads(1000, 1500),
    30_000,
  )

  it('give what the oracle gives, in 200 cases over real connections', async () => {
    const property = fc.asyncProperty(readCases(40), ({ stream, pieces, calls }) =>
      play(function* () {
        const listener = yield* listen(LOOPBACK, 0)
        const client = yield* connect(LOOPBACK, listener.address.port)
        const conn = yield* listener.accept()
        listener.close()
        const writer = yield* spawn(function* () {
          for (const piece of pieces) {
            if (piece === null) yield* pause()
            else yield* client.sendall(piece)
          }
          client.shutdown()
        })

        yield* readThrough(conn, stream, calls)

        yield* join(writer)
        conn.close()
        client.close()
      }),
    )

    await fc.assert(property, { numRuns: 200 })
  }, 30_000)
})

describe('Connection.recv', () => {
  it('gives no byte more than it asks for, and the rest to the next', async () => {
    const parts = await reading('12345', function* (conn) {
      return [`${yield* conn.recv(4)}`, `${yield* conn.recv(4)}`, `${yield* conn.recv(4)}`]
    })

    expect(parts).toEqual(['1234', '5', ''])
  })
})

describe('Connection.readline', () => {
  it('is performed anew by each yield of one event', async () => {
    const lines = await readingPieces(['abc', 'def\nx\ny\n'], function* (conn) {
      const line = conn.readline()
      return [`${yield* line}`, `${yield* line}`, `${yield* line}`]
    })

    expect(lines).toEqual(['abcdef\n', 'x\n', 'y\n'])
  })

  it('gives line by line with the terminators, the partial last line, and then nothing', async () => {
    const lines = await reading('one\n\ntwo\nthr', function* (conn) {
      const lines: string[] = []
      for (let i = 0; i < 6; i++) lines.push(`${yield* conn.readline()}`)
      return lines
    })

    expect(lines).toEqual(['one\n', '\n', 'two\n', 'thr', '', ''])
  })

  it('gives the last line with its terminator and no empty line after it', async () => {
    const lines = await reading('one\n', function* (conn) {
      return [`${yield* conn.readline()}`, `${yield* conn.readline()}`]
    })

    expect(lines).toEqual(['one\n', ''])
  })

  it('waits for the rest of a line', async () => {
    const line = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('on')
      yield* conn.peek()
      const reader = yield* spawn(lineOf, conn)
      yield* pause()
      peer.write('e\ntwo')
      const line = yield* join(reader)
      conn.abort()
      return line
    })

    expect(line).toBe('one\n')
  })

  it.each([1, 2, 3])('finds a terminator of 4 bytes that is split after its byte %i', async (n) => {
    const lines = await readingPieces(
      ['one', '\r\n\r\n'.slice(0, n), `${'\r\n\r\n'.slice(n)}two`],
      function* (conn) {
        return [`${yield* conn.readline('\r\n\r\n')}`, yield* restOf(conn)]
      },
    )

    expect(lines).toEqual(['one\r\n\r\n', 'two'])
  })

  it('finds the first of terminators that overlap, when they are split', async () => {
    const lines = await readingPieces(['xa', 'a', 'aa', 'ax'], function* (conn) {
      return [`${yield* conn.readline('aaa')}`, yield* restOf(conn)]
    })

    expect(lines).toEqual(['xaaa', 'aax'])
  })

  it('finds a terminator that begins anew within itself', async () => {
    const lines = await readingPieces(['a', 'ab', 'aa', 'aba', 'c'], function* (conn) {
      return [`${yield* conn.readline('aaaba')}`, yield* restOf(conn)]
    })

    expect(lines).toEqual(['aabaaaba', 'c'])
  })

  it('takes a terminator of bytes', async () => {
    const line = await reading('one\0two', function* (conn) {
      return `${yield* conn.readline(Uint8Array.of(0))}`
    })

    expect(line).toBe('one\0')
  })

  it('takes a terminator of several bytes in UTF-8', async () => {
    const line = await readingPieces(
      ['on\xe2', '\x82', '\xacx'].map((s) => Buffer.from(s, 'latin1')),
      function* (conn) {
        return `${yield* conn.readline('€')}`
      },
    )

    expect(line).toBe('on€')
  })

  it('leaves what lies behind the line to recv', async () => {
    const [line, data] = await reading('one\ntwo', function* (conn) {
      return [yield* conn.readline(), yield* conn.recv(100)]
    })

    expect([`${line}`, `${data}`]).toEqual(['one\n', 'two'])
  })

  it('gives recv no more than it asks for of what lies behind the line', async () => {
    const data = await reading('one\ntwo', function* (conn) {
      yield* conn.readline()
      return `${yield* conn.recv(2)}`
    })

    expect(data).toBe('tw')
  })

  it.each([
    ['a string', ''],
    ['bytes', new Uint8Array()],
  ])('refuses a terminator of no bytes, as %s', (_, terminator) => {
    const conn = new Connection(new ScriptedSocket([]), new Scheduler())

    const attempt = () => conn.readline(terminator)

    expect(attempt).toThrow(RangeError)
    expect(attempt).toThrow(/^readline\(.*at least one byte, got none$/)
  })

  it.each([-1, 1.5, Number.NaN])('refuses a limit of %d', (limit) => {
    const conn = new Connection(new ScriptedSocket([]), new Scheduler())

    expect(() => conn.readline('\n', { limit })).toThrow(RangeError)
  })

  it('has its limit of 65,536 bytes by default', async () => {
    const [fits, error] = await reading(`${'x'.repeat(65_536)}\n${'y'.repeat(65_537)}\n`, function* (conn) {
      return [yield* conn.readline(), yield* errorOf(conn.readline())] as const
    })

    expect(fits.length).toBe(65_537)
    expect(error).toBeInstanceOf(LimitError)
  })

  it('leaves the beginning of a line to the next reader when it is killed', async () => {
    const line = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('on')
      yield* conn.peek()
      const killed = yield* spawn(lineOf, conn)
      yield* pause()
      yield* kill(killed)
      peer.write('e\n')
      const line = yield* lineOf(conn)
      conn.abort()
      return line
    })

    expect(line).toBe('one\n')
  })

  it('is refused while another task reads', async () => {
    const error = await play(function* () {
      const { conn } = yield* accepted()
      const reader = yield* spawn(lineOf, conn)
      yield* pause()
      const error = yield* errorOf(conn.readline())
      yield* kill(reader)
      conn.abort()
      return error
    })

    expect(error).toBeInstanceOf(BusyError)
  })
})

describe.each(['readline', 'readuntil'] as const)('The limit of Connection.%s', (name) => {
  const LIMIT = 100

  it.each([
    ['in one piece', 1000],
    ['in pieces of one byte', 1],
    ['in pieces that end within the terminator', LIMIT + 1],
  ])('lets exactly so many bytes and the terminator pass, %s', async (_, size) => {
    const line = await readingPieces(split(`${'x'.repeat(LIMIT)}\r\nrest`, size), function* (conn) {
      return `${yield* conn[name]('\r\n', { limit: LIMIT })}`
    })

    expect(line).toBe(`${'x'.repeat(LIMIT)}\r\n`)
  })

  it.each([
    ['in one piece', 1000],
    ['in pieces of one byte', 1],
    ['in pieces that end within the terminator', LIMIT + 2],
  ])('lets no byte more pass, and leaves them all, %s', async (_, size) => {
    const text = `${'x'.repeat(LIMIT + 1)}\r\nrest`
    const [error, rest] = await readingPieces(split(text, size), function* (conn) {
      return [yield* errorOf(conn[name]('\r\n', { limit: LIMIT })), yield* restOf(conn)]
    })

    expect(error).toBeInstanceOf(LimitError)
    expect(error.message).toBe(
      `${name}(): no terminator within the limit of 100 bytes; they are still there to be read`,
    )
    expect(rest).toBe(text)
  })

  it('is an error again for the next that asks with it, and none for who asks with a higher one', async () => {
    const [again, line] = await reading('one two\n', function* (conn) {
      yield* errorOf(conn[name]('\n', { limit: 3 }))
      const again = yield* errorOf(conn[name]('\n', { limit: 3 }))
      return [again, `${yield* conn[name]('\n', { limit: 7 })}`]
    })

    expect(again).toBeInstanceOf(LimitError)
    expect(line).toBe('one two\n')
  })

  it('does not wait for the end of a line that is too long already', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('x'.repeat(LIMIT + 1))
      const error = yield* errorOf(conn[name]('\n', { limit: LIMIT }))
      conn.abort()
      return error
    })

    expect(error).toBeInstanceOf(LimitError)
  })

  it('of 0 lets a terminator at the front pass', async () => {
    const line = await reading('\nx', function* (conn) {
      return `${yield* conn[name]('\n', { limit: 0 })}`
    })

    expect(line).toBe('\n')
  })

  it('can be taken away', async () => {
    const line = await reading(`${'x'.repeat(200_000)}\n`, function* (conn) {
      return yield* conn[name]('\n', { limit: Number.POSITIVE_INFINITY })
    })

    expect(line.length).toBe(200_001)
  })

  it('bounds what is read ahead', async () => {
    const socket = new ScriptedSocket(Array.from({ length: 100 }, () => Buffer.alloc(1000, 'x')))
    const scheduler = new Scheduler()
    const conn = new Connection(socket, scheduler)

    await scheduler.run(() => errorOf(conn[name]('\n', { limit: 5000 })))

    expect(socket.given).toBeLessThanOrEqual(6000)
  })
})

describe('Connection.readuntil', () => {
  it('gives up to and with the terminator', async () => {
    const parts = await reading('one;two;', function* (conn) {
      return [`${yield* conn.readuntil(';')}`, `${yield* conn.readuntil(';')}`]
    })

    expect(parts).toEqual(['one;', 'two;'])
  })

  it('throws at the end of the stream what had come, and leaves it', async () => {
    const [error, rest] = await reading('one;two', function* (conn) {
      yield* conn.readuntil(';')
      return [yield* errorOf(conn.readuntil(';')), yield* restOf(conn)]
    })

    expect(error).toBeInstanceOf(IncompleteReadError)
    expect(error.message).toBe('readuntil(): the stream ended after 3 bytes, without the terminator')
    expect(`${error.partial}`).toBe('two')
    expect(rest).toBe('two')
  })

  it('throws at the end of an empty stream', async () => {
    const error = await reading('', (conn) => errorOf(conn.readuntil(';')))

    expect(error).toBeInstanceOf(IncompleteReadError)
    expect(error.partial.length).toBe(0)
  })
})

describe('Connection.readexactly', () => {
  it('gives exactly so many bytes, however they come', async () => {
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

  it('gives no bytes of none without waiting', async () => {
    const data = await play(function* () {
      const { conn } = yield* accepted()
      const data = yield* conn.readexactly(0)
      conn.abort()
      return data
    })

    expect(data.length).toBe(0)
  })

  it('throws at the end of the stream what had come, and leaves it', async () => {
    const [error, rest] = await reading('one', function* (conn) {
      return [yield* errorOf(conn.readexactly(4)), yield* restOf(conn)]
    })

    expect(error).toBeInstanceOf(IncompleteReadError)
    expect(error.message).toBe('readexactly(4): the stream ended after 3 bytes')
    expect(`${error.partial}`).toBe('one')
    expect(rest).toBe('one')
  })

  it.each([-1, 0.5, Number.NaN, '3'])('refuses %s bytes', (n) => {
    const conn = new Connection(new ScriptedSocket([]), new Scheduler())

    expect(() => conn.readexactly(n as number)).toThrow(RangeError)
  })
})

describe('The limit of readexactly', () => {
  it.each([
    [1_048_577, {}, 1_048_576],
    [5, { limit: 4 }, 4],
    [1, { limit: 0 }, 0],
  ])('is an error at the call, since a length is often a peer’s: %s bytes with %j', (n, options, limit) => {
    const conn = new Connection(new ScriptedSocket([]), new Scheduler())

    expect(() => conn.readexactly(n, options)).toThrow(LimitError)
    expect(() => conn.readexactly(n, options)).toThrow(
      `readexactly(${n}): more than the limit of ${limit} bytes; if that is no peer's whim, raise it: readexactly(n, { limit })`,
    )
  })

  it.each([
    [1_048_576, {}],
    [2_000_000, { limit: 2_000_000 }],
    [2_000_000, { limit: Number.POSITIVE_INFINITY }],
  ])('lets exactly as many pass, and can be raised: %s bytes with %j', async (n, options) => {
    const data = await readingPieces([Buffer.alloc(n + 1, 'x')], function* (conn) {
      return yield* conn.readexactly(n, options)
    })

    expect(data).toHaveLength(n)
  })

  it.each([-1, Number.NaN, '4'])('is refused if it can be none: %s', (limit) => {
    const conn = new Connection(new ScriptedSocket([]), new Scheduler())

    expect(() => conn.readexactly(1, { limit: limit as number })).toThrow(RangeError)
  })
})

describe('The timeout of a read', () => {
  const READS: [string, (conn: Connection, timeout: number) => Event<Buffer>][] = [
    ['readline', (conn, timeout) => conn.readline('\n', { timeout })],
    ['readuntil', (conn, timeout) => conn.readuntil('\r\n', { timeout })],
    ['readexactly', (conn, timeout) => conn.readexactly(1000, { timeout })],
    ['readall', (conn, timeout) => conn.readall({ timeout })],
  ]

  it.each(READS)(
    'is for all of it, however the bytes drip, and none of them is lost: %s',
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

  it.each(READS)('gives what comes in time, and leaves no timer: %s', async (name, read) => {
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
      const timers = server.scheduler.timers.size
      abort({ client, server })
      return { got, timers }
    })

    expect(got).toBe(text)
    expect(timers).toBe(0)
  })

  it('of 0 gives what is there already', async () => {
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

  it('is none by default, and none by Infinity', async () => {
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

  it('lets another task read once it is up', async () => {
    const line = await simulate(function* () {
      const { client, server } = yield* pair()
      yield* errorOf(server.readline('\n', { timeout: 10 }))
      const other = yield* spawn(once(server.readline()))
      yield* client.sendall('late\n')
      const line = String(yield* join(other))
      abort({ client, server })
      return line
    })

    expect(line).toBe('late\n')
  })

  it.each([-1, Number.NaN, '5'])('is refused at the call if it can be none: %s', (timeout) => {
    const conn = new Connection(new ScriptedSocket([]), new Scheduler())

    for (const [, read] of READS) expect(() => read(conn, timeout as number)).toThrow(RangeError)
  })
})

describe('Connection.readall', () => {
  it('gives all bytes up to the end, and then none', async () => {
    const data = Buffer.alloc(60_000, 'one two ')

    const [all, none] = await reading(data, function* (conn) {
      return [yield* conn.readall(), yield* conn.readall()]
    })

    expect(all.equals(data)).toBe(true)
    expect(none.length).toBe(0)
  })

  it('lets exactly the limit pass', async () => {
    const data = await reading('12345', function* (conn) {
      return `${yield* conn.readall({ limit: 5 })}`
    })

    expect(data).toBe('12345')
  })

  it('throws at one byte more, and leaves them all', async () => {
    const [error, rest] = await reading('123456', function* (conn) {
      return [yield* errorOf(conn.readall({ limit: 5 })), yield* restOf(conn)]
    })

    expect(error).toBeInstanceOf(LimitError)
    expect(rest).toBe('123456')
  })

  it('bounds what is read ahead', async () => {
    const socket = new ScriptedSocket(Array.from({ length: 100 }, () => Buffer.alloc(1000, 'x')))
    const scheduler = new Scheduler()
    const conn = new Connection(socket, scheduler)

    await scheduler.run(() => errorOf(conn.readall({ limit: 5000 })))

    expect(socket.given).toBeLessThanOrEqual(6000)
  })
})

describe('Connection.peek', () => {
  it('gives the next bytes and leaves them', async () => {
    const [peeked, again, data] = await reading('one', function* (conn) {
      return [yield* conn.peek(2), yield* conn.peek(100), yield* conn.recv(100)]
    })

    expect([`${peeked}`, `${again}`, `${data}`]).toEqual(['on', 'one', 'one'])
  })

  it('gives a copy, in which changes are seen by nobody else', async () => {
    const data = await reading('one', function* (conn) {
      const peeked = yield* conn.peek(3)
      peeked.fill('x')
      return `${yield* conn.recv(3)}`
    })

    expect(data).toBe('one')
  })

  it('gives no bytes at the end of the stream', async () => {
    const data = await reading('', (conn) => once(conn.peek(1)))

    expect(data.length).toBe(0)
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses %d bytes', (max) => {
    const conn = new Connection(new ScriptedSocket([]), new Scheduler())

    expect(() => conn.peek(max)).toThrow(RangeError)
  })
})

describe('The cost of a read', () => {
  const SIZE = 100_000

  it.each([1, 7, 1000, 1025, 65_536])(
    'by readline is linear, for a line that comes in pieces of %i bytes',
    async (size) => {
      const pieces = split(`${'x'.repeat(SIZE)}\r\n`, size)
      const { scheduler, conn } = scripted(pieces)
      const searched = countSearched()
      const copied = countCopied()

      const line = await scheduler.run(once(conn.readline('\r\n', { limit: SIZE })))

      expect(line.length).toBe(SIZE + 2)
      // Each byte once; and with each piece the byte before it, in which a terminator may begin, and the seam of both.
      expect(searched.bytes).toBeLessThanOrEqual(SIZE + 4 * pieces.length + 10)
      expect(searched.calls).toBeLessThanOrEqual(4 * pieces.length)
      // Into a block, from there into the line, and the seams.
      expect(copied.bytes).toBeLessThanOrEqual(2 * SIZE + 4 * pieces.length + 10)
    },
  )

  it('by readline is linear, when pieces are shorter than the terminator and cannot be put together', async () => {
    const pieces = Array.from({ length: 400 }, (_, i) => Buffer.alloc(i % 2 === 0 ? 1025 : 1, 'x'))
    const { scheduler, conn } = scripted([...pieces, Buffer.from('\r\n\r\n')])
    const searched = countSearched()

    const line = await scheduler.run(once(conn.readline('\r\n\r\n', { limit: 1_000_000 })))

    expect(line.length).toBe(200 * 1026 + 4)
    expect(searched.calls).toBeLessThanOrEqual(6 * pieces.length)
    expect(searched.bytes).toBeLessThanOrEqual(line.length + 20 * pieces.length)
  })

  it('by readline is linear, for many lines in one piece', async () => {
    const count = SIZE / 10
    const { scheduler, conn } = scripted([Buffer.from('123456789\n'.repeat(count))])
    const searched = countSearched()
    const copied = countCopied()

    await scheduler.run(function* () {
      for (let i = 0; i < count; i++) yield* conn.readline()
    })

    expect(searched.bytes).toBeLessThanOrEqual(2 * SIZE)
    expect(copied.bytes).toBeLessThanOrEqual(2 * SIZE)
  })

  it.each([1, 1000, 1025])('by readexactly is linear, in pieces of %i bytes', async (size) => {
    const { scheduler, conn } = scripted(split('x'.repeat(SIZE), size))
    const copied = countCopied()

    await scheduler.run(once(conn.readexactly(SIZE)))

    expect(copied.bytes).toBeLessThanOrEqual(2 * SIZE + 10)
  })

  it.each([1, 1000, 1025])('by readall is linear, in pieces of %i bytes', async (size) => {
    const { scheduler, conn } = scripted(split('x'.repeat(SIZE), size))
    const copied = countCopied()

    await scheduler.run(once(conn.readall({ limit: SIZE })))

    expect(copied.bytes).toBeLessThanOrEqual(2 * SIZE + 10)
  })
})

describe('The memory of what was read', () => {
  it('is that of a short line, not that of the piece in which it came', async () => {
    const piece = Buffer.alloc(65_536, 'x')
    piece.write('short\n')

    const line = await readingPieces([piece], function* (conn) {
      return yield* conn.readline()
    })

    expect(line.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
  })

  it('is that of some bytes of what lies behind a line', async () => {
    const piece = Buffer.alloc(65_536, 'x')
    piece.write('short\n')

    const data = await readingPieces([piece], function* (conn) {
      yield* conn.readline()
      return yield* conn.recv(10)
    })

    expect(data.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
  })

  it('is that of some bytes which recv took of much that came, over a real connection', async () => {
    const data = await reading(Buffer.alloc(60_000), function* (conn) {
      return yield* conn.recv(10)
    })

    expect(data.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
  })
})

function* lineOf(conn: Connection): Coroutine<string> {
  return `${yield* conn.readline()}`
}

/** A text in pieces of `size` bytes. */
function split(text: string, size: number): Buffer[] {
  const whole = Buffer.from(text)
  return Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
    whole.subarray(i * size, (i + 1) * size),
  )
}

interface Count {
  calls: number
  bytes: number
}

/** Counts the bytes that `indexOf` looks at from now on. */
function countSearched(): Count {
  const count = { calls: 0, bytes: 0 }
  const indexOf = Buffer.prototype.indexOf
  vi.spyOn(Buffer.prototype, 'indexOf').mockImplementation(function (
    this: Buffer,
    value: any,
    from: any = 0,
  ) {
    const found = indexOf.call(this, value, from)
    count.calls++
    count.bytes += Math.max(0, (found === -1 ? this.length : found + value.length) - from)
    return found
  })
  return count
}

/** Counts the bytes that `copy`, `concat` and `from` copy from now on. */
function countCopied(): Count {
  const count = { calls: 0, bytes: 0 }
  const { copy } = Buffer.prototype
  const { concat, from } = Buffer
  vi.spyOn(Buffer.prototype, 'copy').mockImplementation(function (this: Buffer, ...args) {
    const copied = copy.apply(this, args)
    count.calls++
    count.bytes += copied
    return copied
  })
  vi.spyOn(Buffer, 'concat').mockImplementation((list, length) => {
    const joined = concat(list, length)
    count.calls++
    count.bytes += joined.length
    return joined
  })
  vi.spyOn(Buffer, 'from').mockImplementation((...args: any[]) => {
    const made: Buffer = Reflect.apply(from, Buffer, args)
    count.calls++
    count.bytes += made.length
    return made as any
  })
  return count
}
