// Promise 3 of the network: lines as text, and reads that give no bytes at a clean end.

import { Connection, IncompleteReadError, LimitError, TimeoutError } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { all, type Coroutine, type Event, pause, Scheduler, sleep } from '@bluelet/scheduler'
import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { abort, pair } from '../simulated-pair.js'
import { errorOf, thrownBy } from '../world.js'
import { ScriptedSocket } from './read-oracle.js'
import { readingPieces, restOf, scripted, split } from './scripted.js'

const UTF8 = { encoding: 'utf8' } as const

/** Every line, and the null at the end. */
function* textOf(conn: Connection, terminator?: string, options = {}): Coroutine<(string | null)[]> {
  const lines: (string | null)[] = []
  while (lines.at(-1) !== null) lines.push(yield* conn.readline(terminator, { ...UTF8, ...options }))
  return lines
}

function unread(): Connection {
  return new Connection(new ScriptedSocket([]), runtimeOf(new Scheduler()))
}

describe('Connection.readline with an encoding', () => {
  it.each([1, 2, 3, 100, 10_000])(
    'gives each line without its terminator, the partial last one, and null, in pieces of %i bytes',
    async (size) => {
      const long = 'ö'.repeat(5000)
      const pieces = split(`one\n\n${long}\nzwölf €\nthr`, size)

      const lines = await readingPieces(pieces, (conn) => textOf(conn))

      expect(lines).toEqual(['one', '', long, 'zwölf €', 'thr', null])
    },
  )

  it('gives the text of each line of a chunk that has few of them, and of one that has many', async () => {
    const texts = Array.from({ length: 2000 }, (_, i) => `line ${i} of the text`)

    const lines = await readingPieces([`${texts.join('\n')}\n`, 'x\ny\n'], (conn) => textOf(conn))

    expect(lines).toEqual([...texts, 'x', 'y', null])
  })

  it('gives null every time', async () => {
    const nothing = await readingPieces(['x\n'], function* (conn) {
      yield* textOf(conn)
      return yield* textOf(conn)
    })

    expect(nothing).toEqual([null])
  })

  it('removes exactly the terminator, so that "\\n" leaves a carriage return', async () => {
    const text = 'one\r\ntwo\nthree\r\n'

    const byLf = await readingPieces([text], (conn) => textOf(conn, '\n'))
    const byCrlf = await readingPieces([text], (conn) => textOf(conn, '\r\n'))
    const byWord = await readingPieces([text], (conn) => textOf(conn, 'two'))

    expect(byLf).toEqual(['one\r', 'two', 'three\r', null])
    expect(byCrlf).toEqual(['one', 'two\nthree', null])
    expect(byWord).toEqual(['one\r\n', '\nthree\r\n', null])
  })

  it('keeps a partial last line that ends within its terminator', async () => {
    const lines = await readingPieces(['one\r\ntwo\r'], (conn) => textOf(conn, '\r\n'))

    expect(lines).toEqual(['one', 'two\r', null])
  })

  it('replaces what is no UTF-8, and shortens no later line', async () => {
    const lines = await readingPieces([Buffer.from('a\xffb\xc3\n\xa9\nc\n', 'latin1')], (conn) =>
      textOf(conn),
    )

    expect(lines).toEqual(['a\ufffdb\ufffd', '\ufffd', 'c', null])
  })

  it.each(['\n', '\r\n', 'é', 'ÿé'])(
    'of latin1 makes a character of each byte, up to %j',
    async (terminator) => {
      const bytes = Buffer.from(`caf\xe8${terminator}\x80${terminator}`, 'latin1')

      const lines = await readingPieces([bytes], (conn) => textOf(conn, terminator, { encoding: 'latin1' }))

      expect(lines).toEqual(['caf\xe8', '\x80', null])
    },
  )

  it('has the limit of bytes of every line, and leaves what has arrived', async () => {
    const { error, rest } = await readingPieces(['€€€\nx'], function* (conn) {
      const error = yield* errorOf(conn.readline('\n', { ...UTF8, limit: 8 }))
      return { error, rest: yield* restOf(conn) }
    })

    expect(error).toBeInstanceOf(LimitError)
    expect(rest).toBe('€€€\nx')
  })

  it('has the time limit of every line, and leaves what has arrived', async () => {
    const { error, line } = await simulate(function* () {
      const { client, server } = yield* pair()
      yield* client.sendall('x')
      const error = yield* errorOf(server.readline('\n', { ...UTF8, timeout: 100 }))
      yield* client.sendall('y\n')
      const line = yield* server.readline('\n', { ...UTF8, timeout: 100 })
      abort({ client, server })
      return { error, line }
    })

    expect(error).toBeInstanceOf(TimeoutError)
    expect(line).toBe('xy')
  })

  it('puts the bytes of a lost line back, whatever they were', async () => {
    const bytes = Buffer.from('\xff\xfe\r\nnext\n', 'latin1')

    const rest = await readingPieces([bytes], function* (conn) {
      const failing = function* () {
        yield* sleep(1)
        throw new Error('lost')
      }
      yield* thrownBy(
        (function* () {
          yield* all([conn.readline('\r\n', UTF8), failing()])
        })(),
      )
      return yield* conn.readall()
    })

    expect(rest).toEqual(bytes)
  })

  it('puts no line back after another one, even if both are the same', async () => {
    const lost = await readingPieces(['same\nsame\nnext\n'], function* (conn) {
      const failing = function* () {
        // The same text, and it is kept.
        yield* all([conn.readline('\n', UTF8), pause()])
        throw new Error('lost')
      }
      yield* thrownBy(
        (function* () {
          yield* all([conn.readline('\n', UTF8), failing()])
        })(),
      )
      return yield* restOf(conn)
    })

    expect(lost).toBe('next\n')
  })

  it.each(['utf16le', 'hex', 'ascii', 'UTF8', 8, null])('refuses the encoding %j', (encoding) => {
    const attempt = () => unread().readline('\n', { encoding: encoding as 'utf8' })

    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(
      `readline(): encoding: expected 'utf8' or 'latin1', got ${JSON.stringify(encoding)}; for another one read bytes, and convert them`,
    )
  })

  it('refuses a terminator of bytes, whose encoding it could not know', () => {
    const attempt = () => unread().readline(Uint8Array.of(0) as Uint8Array & string, UTF8)

    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(
      "readline(): expected a terminator that is a string, since the line is text, got an object (Uint8Array); give it as a string, such as '\\0'",
    )
  })

  it('refuses a terminator that the encoding does not have', () => {
    const attempt = () => unread().readline('€', { encoding: 'latin1' })

    expect(attempt).toThrow(RangeError)
    expect(attempt).toThrow(`readline(): expected a terminator of characters that 'latin1' has, got "€"`)
  })

  it.each(['utf8', 'latin1'] as const)('refuses an empty terminator, in %s', (encoding) => {
    const attempt = () => unread().readline('', { encoding })

    expect(attempt).toThrow('readline(): expected a terminator of at least one byte, got none')
  })
})

describe.each<[string, (conn: Connection, end?: 'empty' | 'error') => Event<Buffer>]>([
  ['readuntil', (conn, end = 'empty') => conn.readuntil('\n', { end })],
  ['readuntil with a limit', (conn, end = 'empty') => conn.readuntil('\n', { end, limit: 9 })],
  ['readexactly', (conn, end = 'empty') => conn.readexactly(4, { end })],
  ['readexactly within a time', (conn, end = 'empty') => conn.readexactly(4, { end, timeout: 9 })],
])("Connection.%s with end: 'empty'", (_name, read) => {
  it('gives no bytes if the stream ends between two messages, every time', async () => {
    const messages = await readingPieces(['one', '\ntwo\n'], function* (conn) {
      return [yield* read(conn), yield* read(conn), yield* read(conn), yield* read(conn)].map(String)
    })

    expect(messages).toEqual(['one\n', 'two\n', '', ''])
  })

  it('still throws if it ends within one, and leaves the bytes', async () => {
    const [error, rest] = await readingPieces(['one\ntw'], function* (conn) {
      yield* read(conn)
      return [yield* errorOf(read(conn)), yield* restOf(conn)]
    })

    expect(error).toBeInstanceOf(IncompleteReadError)
    expect(`${error.partial}`).toBe('tw')
    expect(rest).toBe('tw')
  })

  it("is not the default, which is 'error'", async () => {
    const { scheduler, conn } = scripted([])

    const error = await scheduler.run(errorOf(read(conn, 'error')))

    expect(error).toBeInstanceOf(IncompleteReadError)
  })

  it.each(['none', true, null])('refuses end: %j', (end) => {
    const attempt = () => read(unread(), end as 'empty')

    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(/^read(until|exactly): end: expected 'error' or 'empty', got (\S+)$/)
  })
})
