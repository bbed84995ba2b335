// Promise 3 of the network: `readline` and `readuntil`, and their limit.

import { BusyError, Connection, IncompleteReadError, LimitError } from '@bluelet/net'
import { all, type Coroutine, call, join, kill, pause, Scheduler, spawn } from '@bluelet/scheduler'
import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { accepted, errorOf, perform, play } from '../world.js'
import { ScriptedSocket } from './read-oracle.js'
import { reading, readingPieces, restOf, split } from './scripted.js'

describe('Connection.recv', () => {
  it('gives at most max bytes, and leaves the rest to the next read', async () => {
    const parts = await reading('12345', function* (conn) {
      return [`${yield* conn.recv(4)}`, `${yield* conn.recv(4)}`, `${yield* conn.recv(4)}`]
    })

    expect(parts).toEqual(['1234', '5', ''])
  })
})

describe('Connection.readline', () => {
  it('reads again at each yield of one event', async () => {
    const lines = await readingPieces(['abc', 'def\nx\ny\n'], function* (conn) {
      const line = conn.readline()
      return [`${yield* line}`, `${yield* line}`, `${yield* line}`]
    })

    expect(lines).toEqual(['abcdef\n', 'x\n', 'y\n'])
  })

  it('gives each line with its terminator, the partial last line, and then nothing', async () => {
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

  it.each(['\r\n', '\r\n\r\n'])('does not take the second half of %j for it', async (terminator) => {
    const half = terminator.slice(terminator.length / 2)
    const lines = await readingPieces([`${half}x${half}`, `y${terminator}z`], function* (conn) {
      return [`${yield* conn.recv(1)}`, `${yield* conn.readline(terminator)}`, yield* restOf(conn)]
    })

    expect(lines).toEqual([half.slice(0, 1), `${half.slice(1)}x${half}y${terminator}`, 'z'])
  })

  it('finds the same line again after its limit was too low', async () => {
    const lines = await readingPieces(['a\r', '\nb', '\r\n'], function* (conn) {
      const short = conn.readline('\r\n', { limit: 0 })
      return [(yield* errorOf(short)).name, (yield* errorOf(short)).name, yield* restOf(conn)]
    })

    expect(lines).toEqual(['LimitError', 'LimitError', 'a\r\nb\r\n'])
  })

  it('searches each connection on its own', async () => {
    const scheduler = new Scheduler()
    const conns = ['one\ntwo\n', '1\n22222222\n'].map((text) => {
      const pieces = split(text, 1).flatMap((piece) => [piece, null])
      return new Connection(new ScriptedSocket(pieces), runtimeOf(scheduler))
    })

    const lines = await scheduler.run(perform(all(conns.map((conn) => call(linesOf(conn))))))

    expect(lines).toEqual([
      ['one\n', 'two\n'],
      ['1\n', '22222222\n'],
    ])
  })

  it('reads up to the bytes that the terminator had at the call', async () => {
    const terminator = Buffer.from('ab')
    const line = await reading('1ba2ab', function* (conn) {
      const line = conn.readline(terminator)
      terminator.set(Buffer.from('ba'))
      return `${yield* line}`
    })

    expect(line).toBe('1ba2ab')
  })

  it('finds the first of terminators that overlap, when they are split', async () => {
    const lines = await readingPieces(['xa', 'a', 'aa', 'ax'], function* (conn) {
      return [`${yield* conn.readline('aaa')}`, yield* restOf(conn)]
    })

    expect(lines).toEqual(['xaaa', 'aax'])
  })

  it('finds a terminator that restarts within itself', async () => {
    const lines = await readingPieces(['a', 'ab', 'aa', 'aba', 'c'], function* (conn) {
      return [`${yield* conn.readline('aaaba')}`, yield* restOf(conn)]
    })

    expect(lines).toEqual(['aabaaaba', 'c'])
  })

  it('accepts a terminator of bytes', async () => {
    const line = await reading('one\0two', function* (conn) {
      return `${yield* conn.readline(Uint8Array.of(0))}`
    })

    expect(line).toBe('one\0')
  })

  it('accepts a terminator of several bytes in UTF-8', async () => {
    const line = await readingPieces(
      ['on\xe2', '\x82', '\xacx'].map((s) => Buffer.from(s, 'latin1')),
      function* (conn) {
        return `${yield* conn.readline('€')}`
      },
    )

    expect(line).toBe('on€')
  })

  it('leaves the bytes after the line to recv', async () => {
    const [line, data] = await reading('one\ntwo', function* (conn) {
      return [yield* conn.readline(), yield* conn.recv(100)]
    })

    expect([`${line}`, `${data}`]).toEqual(['one\n', 'two'])
  })

  it('gives recv at most max of the bytes after the line', async () => {
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
    const conn = new Connection(new ScriptedSocket([]), runtimeOf(new Scheduler()))

    const attempt = () => conn.readline(terminator)

    expect(attempt).toThrow(RangeError)
    expect(attempt).toThrow(/^readline\(.*at least one byte, got none$/)
  })

  it.each([-1, 1.5, Number.NaN])('refuses a limit of %d', (limit) => {
    const conn = new Connection(new ScriptedSocket([]), runtimeOf(new Scheduler()))

    expect(() => conn.readline('\n', { limit })).toThrow(RangeError)
  })

  it('has a limit of 65,536 bytes by default', async () => {
    const [fits, error] = await reading(`${'x'.repeat(65_536)}\n${'y'.repeat(65_537)}\n`, function* (conn) {
      return [yield* conn.readline(), yield* errorOf(conn.readline())] as const
    })

    expect(fits.length).toBe(65_537)
    expect(error).toBeInstanceOf(LimitError)
  })

  it('leaves the start of a line to the next reader when it is killed', async () => {
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

  it('throws while another task reads', async () => {
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

describe.each(['readline', 'readuntil'] as const)('the limit of Connection.%s', (name) => {
  const LIMIT = 100

  it.each([
    ['in one piece', 1000],
    ['in pieces of one byte', 1],
    ['in pieces that end within the terminator', LIMIT + 1],
  ])('allows exactly that many bytes and the terminator, %s', async (_, size) => {
    const line = await readingPieces(split(`${'x'.repeat(LIMIT)}\r\nrest`, size), function* (conn) {
      return `${yield* conn[name]('\r\n', { limit: LIMIT })}`
    })

    expect(line).toBe(`${'x'.repeat(LIMIT)}\r\n`)
  })

  it.each([
    ['in one piece', 1000],
    ['in pieces of one byte', 1],
    ['in pieces that end within the terminator', LIMIT + 2],
  ])('throws at one byte more, and leaves all bytes, %s', async (_, size) => {
    const text = `${'x'.repeat(LIMIT + 1)}\r\nrest`
    const [error, rest] = await readingPieces(split(text, size), function* (conn) {
      return [yield* errorOf(conn[name]('\r\n', { limit: LIMIT })), yield* restOf(conn)]
    })

    expect(error).toBeInstanceOf(LimitError)
    expect(error.message).toBe(
      `${name}(): no terminator within the limit of 100 bytes; the bytes can still be read`,
    )
    expect(rest).toBe(text)
  })

  it('throws again at the next call with it, and not with a higher limit', async () => {
    const [again, line] = await reading('one two\n', function* (conn) {
      yield* errorOf(conn[name]('\n', { limit: 3 }))
      const again = yield* errorOf(conn[name]('\n', { limit: 3 }))
      return [again, `${yield* conn[name]('\n', { limit: 7 })}`]
    })

    expect(again).toBeInstanceOf(LimitError)
    expect(line).toBe('one two\n')
  })

  it('does not wait for the end of a line that is already too long', async () => {
    const error = await play(function* () {
      const { conn, peer } = yield* accepted()
      peer.write('x'.repeat(LIMIT + 1))
      const error = yield* errorOf(conn[name]('\n', { limit: LIMIT }))
      conn.abort()
      return error
    })

    expect(error).toBeInstanceOf(LimitError)
  })

  it('of 0 allows a terminator at the start', async () => {
    const line = await reading('\nx', function* (conn) {
      return `${yield* conn[name]('\n', { limit: 0 })}`
    })

    expect(line).toBe('\n')
  })

  it('can be removed', async () => {
    const line = await reading(`${'x'.repeat(200_000)}\n`, function* (conn) {
      return yield* conn[name]('\n', { limit: Number.POSITIVE_INFINITY })
    })

    expect(line.length).toBe(200_001)
  })

  it('bounds the bytes read ahead', async () => {
    const socket = new ScriptedSocket(Array.from({ length: 100 }, () => Buffer.alloc(1000, 'x')))
    const scheduler = new Scheduler()
    const conn = new Connection(socket, runtimeOf(scheduler))

    await scheduler.run(() => errorOf(conn[name]('\n', { limit: 5000 })))

    expect(socket.given).toBeLessThanOrEqual(6000)
  })
})

describe('Connection.readuntil', () => {
  it('gives the bytes up to and including the terminator', async () => {
    const parts = await reading('one;two;', function* (conn) {
      return [`${yield* conn.readuntil(';')}`, `${yield* conn.readuntil(';')}`]
    })

    expect(parts).toEqual(['one;', 'two;'])
  })

  it('throws at the end of the stream with the bytes so far, and leaves them', async () => {
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

function* linesOf(conn: Connection): Coroutine<string[]> {
  return [yield* lineOf(conn), yield* lineOf(conn)]
}

function* lineOf(conn: Connection): Coroutine<string> {
  return `${yield* conn.readline()}`
}
