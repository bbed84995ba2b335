// read and write over the streams of Node: those of a program, those in the process, and those of a child process.
import { spawn as spawnProcess } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createGunzip, createGzip, gzipSync } from 'node:zlib'
import {
  BusyError,
  ClosedError,
  LimitError,
  type ReadableLike,
  read,
  type WritableLike,
  write,
} from '@bluelet/net'
import { type Coroutine, join, kill, pause, race, Scheduler, spawn } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventSuite } from '../scheduler/event-suite.js'
import { turn } from '../support/deadline.js'
import { leavesNothingRunning, start } from '../support/program.js'
import { errorOf, pattern, play, randomNumbers } from './world.js'

const THIS_FILE = fileURLToPath(import.meta.url)
const LISTENERS = ['data', 'readable', 'end', 'error', 'close', 'resume', 'pause', 'drain', 'finish']

/** A stream that is full of what it is given, and has not ended. */
function filled(...chunks: (string | Uint8Array)[]): PassThrough {
  const stream = new PassThrough()
  for (const chunk of chunks) stream.write(chunk)
  return stream
}

/** A stream that gives the chunks, and ends. */
function whole(...chunks: (string | Uint8Array)[]): PassThrough {
  return filled(...chunks).end()
}

/** A stream that hands nothing on until it is told to. */
class Slow extends Writable {
  readonly taken: string[] = []
  readonly #callbacks: ((error?: Error | null) => void)[] = []

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error | null) => void): void {
    this.taken.push(`${chunk}`)
    this.#callbacks.push(callback)
  }

  /** Hands on what it has. */
  handOn(error?: Error): void {
    this.#callbacks.shift()!(error)
  }
}

/** Reads one read after the other, as text. */
function* reads(stream: ReadableLike, ...counts: number[]): Coroutine<string[]> {
  const texts: string[] = []
  for (const n of counts) texts.push(`${yield* read(stream, n)}`)
  return texts
}

/** Waits until the event loop has polled; nothing that Node has put off is left then. */
function* nodeTurns(count = 3): Coroutine<void> {
  for (let i = 0; i < count; i++) yield turn()
}

function listenersOf(stream: NodeJS.EventEmitter): Record<string, number> {
  return Object.fromEntries(LISTENERS.map((event) => [event, stream.listenerCount(event)]))
}

/** Two ends of a connection over the loopback interface. */
async function socketPair(): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = net.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1' })
  const [accepted] = (await once(server, 'connection')) as [net.Socket]
  server.close()
  return [client, accepted]
}

/** A stream whose end has been reached. */
function ended(): PassThrough {
  return new PassThrough().end().resume()
}

/** A stream that hands on at once whatever it is given. */
function quick(taken: string[] = []): WritableLike {
  return {
    writable: true,
    on: () => {},
    write(chunk, callback) {
      taken.push(`${chunk}`)
      callback()
    },
  }
}

eventSuite('read(stream, n)', {
  *fulfilled() {
    const stream = ended()
    yield once(stream, 'end')
    return read(stream, 1)
  },
  value: Buffer.alloc(0),
  awaited: () => read(ended(), 1),
  *waiting() {
    return read(new PassThrough(), 1)
  },
  *failing(error) {
    return read(new PassThrough().destroy(error), 1)
  },
})

eventSuite('read(stream)', {
  *fulfilled() {
    const stream = ended()
    yield once(stream, 'end')
    return read(stream)
  },
  value: Buffer.alloc(0),
  awaited: () => read(ended()),
  *waiting() {
    return read(filled('some'))
  },
  *failing(error) {
    return read(filled('some').destroy(error))
  },
})

eventSuite('write', {
  *fulfilled() {
    return write(quick(), 'some')
  },
  value: undefined,
  awaited: () => write(new PassThrough(), 'some'),
  *waiting() {
    return write(new Slow(), 'some')
  },
  *failing(error) {
    return write(new PassThrough().destroy(error), 'some')
  },
})

describe('read(stream, n)', () => {
  it('gives no byte more than it asks for, the rest to the next, and nothing at the end, again and again', async () => {
    const texts = await play(reads(whole('12345'), 4, 4, 4, 4))

    expect(texts).toEqual(['1234', '5', '', ''])
  })

  it('waits for bytes, and gives them as soon as there are any', async () => {
    const stream = new PassThrough()

    const texts = await play(function* () {
      const reader = yield* spawn(reads(stream, 100, 100))
      yield* nodeTurns()
      stream.write('one')
      yield* nodeTurns()
      stream.write('two')
      return yield* join(reader)
    })

    expect(texts).toEqual(['one', 'two'])
  })

  it('is no deadlock while only the stream can end it', async () => {
    const stream = new PassThrough()
    setImmediate(() => setImmediate(() => setImmediate(() => stream.write('one'))))

    expect(await play(reads(stream, 3))).toEqual(['one'])
  })

  it('gives every byte in order, however it comes and however it is asked for', async () => {
    const random = randomNumbers(7)
    const bytes = pattern(20_000)
    const stream = new PassThrough({ highWaterMark: 64 })

    const { parts, sizes } = await play(function* () {
      const writer = yield* spawn(function* () {
        for (let from = 0; from < bytes.length; ) {
          const to = from + 1 + random(100)
          yield* write(stream, bytes.subarray(from, to))
          from = to
        }
        stream.end()
      })
      const parts: Buffer[] = []
      const sizes: boolean[] = []
      while (true) {
        const n = 1 + random(150)
        const part = yield* read(stream, n)
        if (part.length === 0) break
        parts.push(part)
        sizes.push(part.length <= n)
      }
      yield* join(writer)
      return { parts, sizes }
    })

    expect(Buffer.concat(parts).equals(bytes)).toBe(true)
    expect(sizes).not.toContain(false)
  })

  it('reads a file, bit by bit', async () => {
    const stream = createReadStream(THIS_FILE, { highWaterMark: 1000 })

    const parts = await play(function* () {
      const parts: Buffer[] = []
      for (let part = yield* read(stream, 999); part.length > 0; part = yield* read(stream, 999))
        parts.push(part)
      return parts
    })

    expect(Buffer.concat(parts).equals(readFileSync(THIS_FILE))).toBe(true)
    expect(Math.max(...parts.map(({ length }) => length))).toBe(999)
  })

  it('reads what a compressed stream unpacks to', async () => {
    const stream = createGunzip()
    stream.end(gzipSync('packed'))

    expect(await play(reads(stream, 4, 4, 4))).toEqual(['pack', 'ed', ''])
  })

  it('reads strings as bytes, and not an empty one as the end', async () => {
    expect(await play(reads(Readable.from(['on', '', 'é']), 4, 4, 4))).toEqual(['on', 'é', ''])
  })

  it('reads views of bytes that are no Buffers', async () => {
    const stream = Readable.from([Uint8Array.of(1, 2, 3)])

    const [first, second] = await play(function* () {
      return [yield* read(stream, 2), yield* read(stream, 2)]
    })

    expect([first, second]).toEqual([Buffer.of(1, 2), Buffer.of(3)])
  })

  it.each([
    ['utf8' as const, ['a€', 'b'], 'a€b'],
    ['utf16le' as const, ['a\0', 'b\0'], 'ab'],
    ['latin1' as const, ['a', 'é'], 'aÃ©'],
    ['hex' as const, ['a'], '61'],
  ])(
    'reads a stream with setEncoding(%s) as that text in UTF-8, byte by byte',
    async (encoding, chunks, expected) => {
      const bytes = Buffer.from(chunks.join(''))
      const stream = new PassThrough().setEncoding(encoding)
      // A byte at a time, which splits characters.
      for (const byte of bytes) stream.write(Uint8Array.of(byte))
      stream.end()

      const parts = await play(function* () {
        const parts: Buffer[] = []
        for (let part = yield* read(stream, 1); part.length > 0; part = yield* read(stream, 1))
          parts.push(part)
        return parts
      })

      expect(`${Buffer.concat(parts)}`).toBe(expected)
    },
  )

  it('takes Infinity for as much as there is', async () => {
    expect(await play(reads(whole('12345'), Infinity, Infinity))).toEqual(['12345', ''])
  })

  it('gives nothing at the end of a stream that has ended before', async () => {
    const stream = whole('1').resume()
    await once(stream, 'close')

    expect(await play(reads(stream, 1, 1))).toEqual(['', ''])
  })

  it('finds the end of a stream that does not say so by itself', async () => {
    const stream = Object.defineProperty(whole('1'), 'readableEnded', { value: undefined })

    const texts = await play(reads(stream, 1, 1, 1))

    expect(texts).toEqual(['1', '', ''])
  })

  it('is performed anew by each yield of one event', async () => {
    const texts = await play(function* () {
      const event = read(whole('123'), 2)
      return [`${yield* event}`, `${yield* event}`, `${yield* event}`]
    })

    expect(texts).toEqual(['12', '3', ''])
  })

  it('gives bytes that do not keep a large piece of memory alive', async () => {
    const [small] = await play(function* () {
      return [yield* read(filled(Buffer.alloc(1 << 20)), 10)]
    })

    expect(small!.buffer.byteLength).toBeLessThan(10_000)
  })

  it('reads nothing before it is yielded, and no further ahead than the stream does by itself', async () => {
    let asked = 0
    const stream = new Readable({
      highWaterMark: 16,
      read() {
        asked++
        this.push('12345678')
      },
    })

    const counts = await play(function* () {
      const event = read(stream, 1000)
      yield* nodeTurns()
      const counts = [asked]
      yield* event
      yield* nodeTurns()
      return [...counts, asked, stream.readableLength, stream.readableHighWaterMark]
    })

    expect(counts[0]).toBe(0)
    expect(counts[1]).toBeLessThanOrEqual(4)
    expect(counts.slice(2)).toEqual([16, 16])
    stream.destroy()
  })

  it('slows down whoever writes', async () => {
    const stream = new PassThrough({ highWaterMark: 10 })
    let written = 0

    const counts = await play(function* () {
      const writer = yield* spawn(function* () {
        for (; written < 100; written++) yield* write(stream, '12345')
      })
      yield* nodeTurns(20)
      const before = written
      yield* read(stream, 1000)
      yield* nodeTurns(20)
      const after = written
      yield* kill(writer)
      return { before, after }
    })

    expect(counts.before).toBeLessThan(6)
    expect(counts.after).toBeGreaterThan(counts.before)
    expect(counts.after).toBeLessThan(12)
  })

  it('loses no byte when it is killed, before bytes come and when they are there', async () => {
    const stream = new PassThrough()

    const texts = await play(function* () {
      const reader = yield* spawn(reads(stream, 10))
      yield* nodeTurns()
      yield* kill(reader)
      stream.write('one')
      const second = yield* spawn(reads(stream, 10))
      yield* pause()
      yield* kill(second)
      yield* nodeTurns()
      stream.end('two')
      return yield* reads(stream, 10, 10, 10)
    })

    expect(texts.join('')).toBe('onetwo')
  })

  it('loses no byte when another branch of a race is first', async () => {
    const stream = whole('one')

    const texts = await play(function* () {
      const first = yield* race([pause(), read(stream, 2)])
      const second = yield* race([read(stream, 2), pause()])
      yield* nodeTurns()
      return [first, second, ...(yield* reads(stream, 2, 2, 2))]
    })

    expect(texts).toEqual([undefined, undefined, 'on', 'e', ''])
  })

  it('leaves what it has not asked for to pipe', async () => {
    const stream = whole('head', 'body')

    const rest = await play(function* () {
      yield* read(stream, 2)
      yield* nodeTurns()
      return (yield text(stream.pipe(new PassThrough()))) as string
    })

    expect(rest).toBe('adbody')
  })

  it('leaves what it has not asked for to for await, at the end of the stream as well', async () => {
    const stream = whole('head')

    await play(reads(stream, 2))

    expect(await text(stream)).toBe('ad')
  })

  it('can go on after somebody else has read', async () => {
    const stream = filled('one')

    const texts = await play(function* () {
      const [first] = yield* reads(stream, 1)
      const others: Buffer[] = []
      const listener = (chunk: Buffer) => void others.push(chunk)
      stream.on('data', listener).resume()
      yield* nodeTurns()
      stream.off('data', listener).pause()
      stream.end('two')
      return [first, `${Buffer.concat(others)}`, ...(yield* reads(stream, 5, 5))]
    })

    expect(texts).toEqual(['o', 'ne', 'two', ''])
  })

  it('keeps what nobody listens for when somebody sets the stream flowing', async () => {
    const stream = filled('one')

    const texts = await play(function* () {
      const first = yield* reads(stream, 1)
      stream.resume()
      yield* nodeTurns()
      stream.end('two')
      yield* nodeTurns()
      return [...first, `${yield* read(stream)}`]
    })

    expect(texts).toEqual(['o', 'netwo'])
  })

  it('throws the error of a stream that fails, and then that it is closed', async () => {
    const stream = new PassThrough()
    const failure = new Error('it failed')

    const [first, second, third] = await play(function* () {
      const reader = yield* spawn(errorOf(read(stream, 1)))
      yield* nodeTurns()
      stream.destroy(failure)
      const first = yield* join(reader)
      return [first, yield* errorOf(read(stream, 1)), yield* errorOf(read(stream))]
    })

    expect(first).toBe(failure)
    for (const later of [second, third]) {
      expect(later).toBeInstanceOf(ClosedError)
      expect(later.cause).toBe(failure)
    }
    expect(second.message).toBe('read(stream, 1): the stream is closed, because it has failed')
  })

  it('throws the error of a file that is not there, whenever it is yielded', async () => {
    const event = read(createReadStream('/no/such/file'), 1)
    for (let i = 0; i < 3; i++) await turn()

    const error = await play(errorOf(event))

    expect(error.code).toBe('ENOENT')
  })

  it('throws an error that came while nobody read, once, after the bytes that came before it', async () => {
    const stream = filled('12345')
    const failure = new Error('it failed')

    const [texts, first, second] = await play(function* () {
      const before = yield* reads(stream, 1)
      stream.destroy(failure)
      yield* nodeTurns()
      const after = yield* reads(stream, 2, 100)
      return [[...before, ...after], yield* errorOf(read(stream, 1)), yield* errorOf(read(stream, 1))]
    })

    expect(texts).toEqual(['1', '23', '45'])
    expect(first).toBe(failure)
    expect(second.cause).toBe(failure)
  })

  it('throws an error that was emitted by hand, and reads no further', async () => {
    const stream = filled('1')
    const failure = new Error('it failed')

    const [texts, first, second] = await play(function* () {
      const texts = yield* reads(stream, 1)
      stream.emit('error', failure)
      const first = yield* errorOf(read(stream, 1))
      stream.write('2')
      return [texts, first, yield* errorOf(read(stream, 1))]
    })

    expect(texts).toEqual(['1'])
    expect(first).toBe(failure)
    expect(second).toBeInstanceOf(ClosedError)
  })

  it('throws an error that is emitted by hand to the one that waits', async () => {
    const stream = new PassThrough()
    const failure = new Error('it failed')

    const error = await play(function* () {
      const reader = yield* spawn(errorOf(read(stream, 1)))
      yield* nodeTurns()
      stream.emit('error', failure)
      return yield* join(reader)
    })

    expect(error).toBe(failure)
  })

  it('throws ClosedError when the stream is destroyed before its end, and to whoever comes later', async () => {
    const stream = filled('12')

    const errors = await play(function* () {
      yield* read(stream, 2)
      const reader = yield* spawn(errorOf(read(stream, 1)))
      yield* nodeTurns()
      stream.destroy()
      return [yield* join(reader), yield* errorOf(read(stream, 1))]
    })

    for (const error of errors) {
      expect(error).toBeInstanceOf(ClosedError)
      expect(error.message).toBe('read(stream, 1): the stream is closed')
    }
  })

  it('throws ClosedError for a stream that says only by its event that it is closed', async () => {
    const stream = Object.defineProperty(new PassThrough(), 'destroyed', { value: undefined })

    const errors = await play(function* () {
      const reader = yield* spawn(errorOf(read(stream, 1)))
      yield* nodeTurns()
      stream.emit('close')
      return [yield* join(reader), yield* errorOf(read(stream, 1))]
    })

    for (const error of errors) expect(error).toBeInstanceOf(ClosedError)
  })

  it('gives nothing of a stream that was destroyed without an error', async () => {
    const stream = filled('12').setEncoding('utf8')

    const error = await play(function* () {
      yield* read(stream, 1)
      stream.destroy()
      return yield* errorOf(read(stream, 1))
    })

    expect(error).toBeInstanceOf(ClosedError)
  })

  it('throws BusyError while another task reads, and leaves that alone', async () => {
    const stream = new PassThrough()

    const [error, texts] = await play(function* main() {
      const reader = yield* spawn.with({ name: 'first' }, reads(stream, 5))
      yield* pause()
      const error = yield* errorOf(read(stream))
      stream.write('one')
      return [error, yield* join(reader)]
    })

    expect(error).toBeInstanceOf(BusyError)
    expect(error.message).toBe(
      'read(stream): first#2 is reading this stream, in read(stream, 5); one task at a time reads it',
    )
    expect(texts).toEqual(['one'])
  })

  it.each([
    [{ a: 1 }, 'an object (Object)'],
    [5, '5'],
  ])('throws TypeError for a chunk that is no bytes, and leaves it: %j', async (chunk, shown) => {
    const stream = Readable.from(['one', chunk, 'two'])

    const found = await play(function* () {
      const all = yield* errorOf(read(stream))
      const texts = yield* reads(stream, 100)
      const error = yield* errorOf(read(stream, 100))
      return { all, texts, error, left: (yield stream.toArray()) as unknown[] }
    })

    expect(found.texts).toEqual(['one'])
    expect(found.left).toEqual([chunk, 'two'])
    expect(found.all).toBeInstanceOf(TypeError)
    expect(found.error.message).toBe(
      `read(stream, 100): expected a stream of bytes or strings, got a chunk that is ${shown}: read a stream of objects by for await or 'data'`,
    )
  })

  it('leaves the bytes before a chunk that is none where they were, for others as well', async () => {
    const stream = Readable.from(['one', 'two', {}])

    const left = await play(function* () {
      const [first] = yield* reads(stream, 1)
      yield* errorOf(read(stream))
      return [first, ...((yield stream.toArray()) as unknown[])]
    })

    expect(left).toEqual(['o', Buffer.from('netwo'), {}])
  })

  it('adds no listener beside the four of its first use, in 1,000 reads', async () => {
    const stream = new PassThrough()
    stream.setMaxListeners(4)
    const before = listenersOf(stream)

    const after = await play(function* () {
      for (let i = 0; i < 500; i++) {
        stream.write('12')
        yield* read(stream, 1)
        yield* read(stream, 1)
        yield* race([read(stream, 1), pause()])
        yield* write(stream, '34')
        yield* read(stream, 2)
      }
      return listenersOf(stream)
    })

    const added = LISTENERS.filter((event) => after[event] !== before[event])
    expect(added).toEqual(['end', 'error', 'close', 'resume'])
    for (const event of added) expect(after[event]! - before[event]!).toBe(1)
  })

  it('shares its listeners among all streams', async () => {
    const streams = [new PassThrough(), new PassThrough()]

    await play(function* () {
      for (const stream of streams) yield* race([read(stream, 1), pause()])
    })

    const [first, second] = streams.map((stream) =>
      ['error', 'close', 'end', 'resume'].map((event) => stream.listeners(event).at(-1)),
    )
    expect(first).toEqual(second)
  })

  it('lets a stream that stops reading when it is paused, as standard input does, stop for good', async () => {
    let isReading = false
    const stream = new Readable({
      read() {
        isReading = true
      },
    })
    stream.on('pause', () =>
      process.nextTick(() => {
        isReading = false
      }),
    )

    const states = await play(function* () {
      const reader = yield* spawn(reads(stream, 2))
      yield* nodeTurns()
      const states: unknown[] = [isReading]
      stream.push('one')
      yield* join(reader)
      yield* nodeTurns()
      states.push(isReading)
      return [...states, ...(yield* reads(stream, 2))]
    })

    expect(states).toEqual([true, false, 'e'])
  })

  it('says what it waits for', async () => {
    const scheduler = new Scheduler()
    const stream = new PassThrough()

    const waits = await scheduler
      .run(function* () {
        yield* spawn(reads(stream, 7))
        yield* spawn(function* () {
          yield* write(new Slow(), 'three')
        })
        yield* pause()
        const waits = scheduler.snapshot().map(({ waitsFor }) => waitsFor)
        throw waits
      })
      .catch((waits: unknown) => waits)

    expect(waits).toEqual([undefined, 'read(stream, 7)', 'write(stream, 5 bytes)'])
  })

  it.each([
    ['read', read(new PassThrough(), 1)],
    ['write', write(new PassThrough(), '')],
  ])('is named in the error of whoever takes it for something else: %s', (name, event) => {
    expect(() => spawn(event as never)).toThrow(`got an event (${name})`)
  })
})

describe('read(stream)', () => {
  it('gives everything up to the end, and then nothing', async () => {
    const stream = whole('one', 'two', 'three')

    const texts = await play(function* () {
      return [...(yield* reads(stream, 1)), `${yield* read(stream)}`, `${yield* read(stream)}`]
    })

    expect(texts).toEqual(['o', 'netwothree', ''])
  })

  it('reads a whole file', async () => {
    const bytes = await play(function* () {
      return yield* read(createReadStream(THIS_FILE, { highWaterMark: 100 }))
    })

    expect(bytes.equals(readFileSync(THIS_FILE))).toBe(true)
  })

  it('gives what lies within the limit, and throws LimitError for more, which is then still there', async () => {
    const [within, error, rest] = await play(function* () {
      const within = yield* read(whole('12345'), { limit: 5 })
      const stream = whole('12', '34', '56', '78')
      const error = yield* errorOf(read(stream, { limit: 5 }))
      return [within, error, [...(yield* reads(stream, 1)), `${yield* read(stream)}`]]
    })

    expect(`${within}`).toBe('12345')
    expect(error).toBeInstanceOf(LimitError)
    expect(error.message).toBe(
      'read(stream): more than the limit of 5 bytes; they are still there to be read',
    )
    expect(rest).toEqual(['1', '2345678'])
  })

  it('throws LimitError before the end of the stream, and leaves the bytes to others as well', async () => {
    const stream = filled('123', '456')

    const error = await play(errorOf(read(stream, { limit: 5 })))

    expect(error).toBeInstanceOf(LimitError)
    expect(await text(stream.end())).toBe('123456')
  })

  it('leaves the bytes to others when it is killed half-way', async () => {
    const stream = filled('123')

    await play(function* () {
      const reader = yield* spawn(function* () {
        yield* read(stream)
      })
      yield* nodeTurns()
      yield* kill(reader)
    })

    expect(await text(stream.end())).toBe('123')
  })

  it('throws LimitError for strings that are too long, again and again', async () => {
    const stream = whole('12345').setEncoding('utf8')

    const [first, second, rest] = await play(function* () {
      const first = yield* errorOf(read(stream, { limit: 4 }))
      yield* nodeTurns()
      return [first, yield* errorOf(read(stream, { limit: 4 })), yield* read(stream, { limit: 5 })]
    })

    expect([first, second].map(({ name }) => name)).toEqual(['LimitError', 'LimitError'])
    expect(`${rest}`).toBe('12345')
  })

  it.each([null, 'utf8' as const])(
    'loses no byte when it is killed half-way, encoding %s',
    async (encoding) => {
      const stream = new PassThrough()
      if (encoding !== null) stream.setEncoding(encoding)

      const texts = await play(function* () {
        const reader = yield* spawn(function* () {
          yield* read(stream)
        })
        yield* nodeTurns()
        stream.write('one')
        stream.write('two')
        yield* nodeTurns()
        yield* kill(reader)
        stream.end('three')
        return [...(yield* reads(stream, 1)), `${yield* read(stream)}`]
      })

      expect(texts).toEqual(['o', 'netwothree'])
    },
  )

  it('throws the error of a stream that fails half-way; what had come is still there', async () => {
    const stream = filled('some')
    const failure = new Error('it failed')

    const [first, texts, second] = await play(function* () {
      const reader = yield* spawn(errorOf(read(stream)))
      yield* nodeTurns()
      stream.destroy(failure)
      return [yield* join(reader), yield* reads(stream, 100), yield* errorOf(read(stream))]
    })

    expect(first).toBe(failure)
    expect(texts).toEqual(['some'])
    expect(second.cause).toBe(failure)
  })

  it('never gives a part of a stream that is cut off', async () => {
    const stream = createGunzip()
    stream.end(gzipSync(pattern(10_000)).subarray(0, 5000))

    const error = await play(errorOf(read(stream)))

    expect(error.code).toBe('Z_BUF_ERROR')
  })
})

describe('write', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(joinPath(tmpdir(), 'bluelet-streams-'))
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  it('writes bytes and strings, those in UTF-8', async () => {
    const stream = new PassThrough()

    const bytes = await play(function* () {
      yield* write(stream, 'é')
      yield* write(stream, Uint8Array.of(0, 255))
      yield* write(stream, '')
      stream.end()
      return yield* read(stream)
    })

    expect(bytes).toEqual(Buffer.from([0xc3, 0xa9, 0, 255]))
  })

  it('writes a file that is whole once it has ended', async () => {
    const path = joinPath(directory, 'file')
    const stream = createWriteStream(path)

    await play(function* () {
      for (let i = 0; i < 10; i++) yield* write(stream, `${i}\n`)
      stream.end()
      yield once(stream, 'close')
    })

    expect(readFileSync(path, 'utf8')).toBe('0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n')
  })

  it('packs, and unpacks again', async () => {
    const bytes = pattern(300_000)
    const gzip = createGzip()
    const gunzip = createGunzip()

    const unpacked = await play(function* () {
      yield* spawn(function* () {
        for (let i = 0; i < bytes.length; i += 7000) yield* write(gzip, bytes.subarray(i, i + 7000))
        gzip.end()
      })
      yield* spawn(function* () {
        for (let part = yield* read(gzip, 100); part.length > 0; part = yield* read(gzip, 100))
          yield* write(gunzip, part)
        gunzip.end()
      })
      return yield* read(gunzip)
    })

    expect(unpacked.equals(bytes)).toBe(true)
  })

  it('goes on when the stream has handed the bytes on, and not before', async () => {
    const stream = new Slow()

    const states = await play(function* () {
      const writer = yield* spawn(function* () {
        yield* write(stream, 'one')
        yield* write(stream, 'two')
      })
      const states: unknown[] = []
      for (let i = 0; i < 2; i++) {
        yield* nodeTurns()
        states.push([writer.state, ...stream.taken])
        stream.handOn()
      }
      yield* join(writer)
      return [...states, writer.state]
    })

    expect(states).toEqual([['parked', 'one'], ['parked', 'one', 'two'], 'ended'])
  })

  it('once killed leaves its bytes on their way, and the next waits until they are handed on', async () => {
    const stream = new Slow()

    const states = await play(function* () {
      const states: unknown[] = []
      for (const text of ['one', 'two', 'three']) {
        yield* race([write(stream, text), pause()])
        yield* nodeTurns()
        states.push([...stream.taken, stream.writableLength])
      }
      const writer = yield* spawn(function* () {
        yield* write(stream, 'four')
      })
      stream.handOn()
      yield* nodeTurns()
      states.push([writer.state, ...stream.taken])
      stream.handOn()
      yield* join(writer)
      return states
    })

    expect(states).toEqual([
      ['one', 3],
      ['one', 3],
      ['one', 3],
      ['parked', 'one', 'four'],
    ])
  })

  it('throws the error of a stream that fails, and then that it is closed', async () => {
    const stream = new Slow()
    const failure = new Error('it failed')

    const [first, second] = await play(function* () {
      const writer = yield* spawn(errorOf(write(stream, 'one')))
      yield* nodeTurns()
      stream.handOn(failure)
      return [yield* join(writer), yield* errorOf(write(stream, 'two'))]
    })

    expect(first).toBe(failure)
    expect(second).toBeInstanceOf(ClosedError)
    expect(second.message).toBe('write(stream, 3 bytes): the stream is closed, because it has failed')
    expect(second.cause).toBe(failure)
  })

  it('throws an error that came while nobody wrote at the next write, once', async () => {
    const stream = new Slow()
    const failure = new Error('it failed')

    const [first, second] = await play(function* () {
      yield* race([write(stream, 'one'), pause()])
      stream.handOn(failure)
      yield* nodeTurns()
      return [yield* errorOf(write(stream, 'two')), yield* errorOf(write(stream, 'three'))]
    })

    expect(first).toBe(failure)
    expect(second.cause).toBe(failure)
  })

  it('throws the error that a stream has had before its first use', async () => {
    const failure = new Error('it failed')
    const stream = new Slow().on('error', () => {}).destroy(failure)
    await turn()

    expect(await play(errorOf(write(stream, 'one')))).toBe(failure)
  })

  it('throws what a stream throws, to the one that waits as well, and then that it is closed', async () => {
    const failure = new Error('it threw')
    const throwing = (count: number) =>
      new Writable({
        write(_chunk, _encoding, callback) {
          if (count-- === 0) throw failure
          setImmediate(callback)
        },
      })

    const found = await play(function* () {
      const atOnce = throwing(0)
      const later = throwing(1)
      const found = [yield* errorOf(write(atOnce, 'one')), yield* errorOf(write(atOnce, 'two'))]
      yield* race([write(later, 'one'), pause()])
      return [...found, yield* errorOf(write(later, 'two'))]
    })

    expect([found[0], found[1].cause, found[2]]).toEqual([failure, failure, failure])
    expect(found[1]).toBeInstanceOf(ClosedError)
  })

  it('throws an error that only the callback of a write tells of', async () => {
    const failure = new Error('it failed')
    const stream: WritableLike = {
      writable: true,
      on: () => {},
      write: (_chunk, callback) => void setImmediate(callback, failure),
    }

    const [first, second] = await play(function* () {
      return [yield* errorOf(write(stream, 'one')), yield* errorOf(write(stream, 'two'))]
    })

    expect(first).toBe(failure)
    expect(second.cause).toBe(failure)
  })

  it('goes on when a stream calls back at once', async () => {
    const taken: string[] = []
    const stream = quick(taken)

    await play(function* () {
      yield* write(stream, 'one')
      yield* write(stream, 'two')
    })

    expect(taken).toEqual(['one', 'two'])
  })

  it('throws ClosedError when the stream is destroyed, and does not believe a success after it', async () => {
    const [stuck, late] = [new Slow(), new Slow()]

    const errors = await play(function* () {
      const first = yield* spawn(errorOf(write(stuck, 'one')))
      const second = yield* spawn(errorOf(write(late, 'one')))
      yield* nodeTurns()
      stuck.destroy()
      late.destroy()
      late.handOn()
      return [yield* join(first), yield* join(second), yield* errorOf(write(late, 'two'))]
    })

    for (const error of errors) expect(error).toBeInstanceOf(ClosedError)
    expect(errors[0].message).toBe('write(stream, 3 bytes): the stream is closed')
  })

  it('throws ClosedError after end(), also to the one that was to be next', async () => {
    const [ended, ending] = [new PassThrough().end(), new Slow()]

    const [first, second] = await play(function* () {
      yield* race([write(ending, 'one'), pause()])
      const writer = yield* spawn(errorOf(write(ending, 'two')))
      yield* pause()
      ending.end()
      ending.handOn()
      return [yield* errorOf(write(ended, 'one')), yield* join(writer)]
    })

    expect(first).toBeInstanceOf(ClosedError)
    expect(first.message).toBe('write(stream, 3 bytes): after end()')
    expect(second).toBeInstanceOf(ClosedError)
    expect(ending.taken).toEqual(['one'])
  })

  it('goes on when the stream is ended after what is being written', async () => {
    const stream = new Slow()

    await play(function* () {
      const writer = yield* spawn(function* () {
        yield* write(stream, 'one')
      })
      yield* nodeTurns()
      stream.end()
      stream.handOn()
      yield* join(writer)
    })

    expect(stream.taken).toEqual(['one'])
  })

  it.each([
    ['writable: false', { writable: false }],
    ['writableEnded', { writableEnded: true }],
  ])('throws ClosedError for a stream that says it takes no more: %s', async (_what, members) => {
    const taken: string[] = []

    const error = await play(errorOf(write({ ...quick(taken), ...members }, 'one')))

    expect(error).toBeInstanceOf(ClosedError)
    expect(taken).toEqual([])
  })

  it('throws ClosedError for what a stream holds back when that is destroyed', async () => {
    const stream = new Slow()
    stream.cork()

    const errors = await play(function* () {
      const writer = yield* spawn(errorOf(write(stream, 'one')))
      yield* nodeTurns()
      stream.destroy()
      yield* nodeTurns()
      return [yield* join(writer), yield* errorOf(write(stream, 'two'))]
    })

    for (const error of errors) {
      expect(error).toBeInstanceOf(ClosedError)
      expect(error.message).toBe('write(stream, 3 bytes): the stream is closed')
    }
  })

  it('gives a stream nothing for no bytes, and goes on', async () => {
    const stream = new Slow()

    await play(function* () {
      yield* write(stream, '')
    })

    expect(stream.taken).toEqual([])
  })

  it('throws BusyError while another task writes, and leaves that alone', async () => {
    const stream = new Slow()

    const error = await play(function* () {
      const writer = yield* spawn.with({ name: 'first' }, function* () {
        yield* write(stream, 'one')
      })
      yield* pause()
      const error = yield* errorOf(write(stream, 'two'))
      stream.handOn()
      yield* join(writer)
      return error
    })

    expect(error).toBeInstanceOf(BusyError)
    expect(error.message).toBe(
      'write(stream, 3 bytes): first#2 is writing to this stream; one task at a time writes to it',
    )
    expect(stream.taken).toEqual(['one'])
  })
})

describe('read and write of one stream', () => {
  it('wait at the same time, and echo over a socket until its end', async () => {
    const [ours, theirs] = await socketPair()
    const bytes = pattern(300_000)

    const echoed = await play(function* () {
      yield* spawn(function* echoer() {
        for (let part = yield* read(theirs, 5000); part.length > 0; part = yield* read(theirs, 5000))
          yield* write(theirs, part)
        theirs.end()
      })
      yield* spawn(function* () {
        yield* write(ours, bytes)
        ours.end()
      })
      return yield* read(ours)
    })

    expect(echoed.equals(bytes)).toBe(true)
  })

  it('both throw the error of a socket that is reset', async () => {
    const [ours, theirs] = await socketPair()

    const [reading, writing] = await play(function* () {
      const reader = yield* spawn(errorOf(read(ours, 1)))
      const writer = yield* spawn(errorOf(write(ours, pattern(30_000_000))))
      yield* nodeTurns()
      theirs.resetAndDestroy()
      return [yield* join(reader), yield* join(writer)]
    })

    expect(['ECONNRESET', 'EPIPE']).toContain(reading.code)
    expect(writing).toBe(reading)
  })

  it('still read to the end what has been ended before the other half failed', async () => {
    const failure = new Error('it failed')
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback(failure) })
    stream.push(null)

    const [error, texts] = await play(function* () {
      const before = yield* reads(stream, 1)
      const error = yield* errorOf(write(stream, 'one'))
      return [error, [...before, ...(yield* reads(stream, 1))]]
    })

    expect(error).toBe(failure)
    expect(texts).toEqual(['', ''])
  })
})

describe('what is no stream, no number of bytes and no data', () => {
  const stream = new PassThrough()
  const wrong = (value: unknown) => value as never

  it.each<[() => unknown, ErrorConstructor, string]>([
    [
      () => read(stream, 0),
      RangeError,
      'read(stream, n): expected a positive number of bytes, got 0; to read to the end, leave n out',
    ],
    [() => read(stream, -1), RangeError, 'got -1;'],
    [() => read(stream, 1.5), RangeError, 'got 1.5;'],
    [() => read(stream, Number.NaN), RangeError, 'got NaN;'],
    [() => read(stream, wrong('5')), RangeError, 'got "5";'],
    [() => read(stream, wrong(5n)), RangeError, 'got 5;'],
    [() => read(stream, wrong(null)), RangeError, 'got null;'],
    [
      () => read(stream, { limit: -1 }),
      RangeError,
      'read(stream): limit: expected a number of bytes, 0 or more, got -1',
    ],
    [
      () => read(wrong(undefined), 1),
      TypeError,
      "read(stream, n): expected a readable stream of Node's, such as process.stdin, got undefined",
    ],
    [
      () => read(wrong(null)),
      TypeError,
      "read(stream): expected a readable stream of Node's, such as process.stdin, got null",
    ],
    [
      () => read(wrong(0), 1),
      TypeError,
      'got 0: a file descriptor is opened by fs.createReadStream or createWriteStream',
    ],
    [
      () => read(wrong('notes.txt')),
      TypeError,
      'got "notes.txt": a path is opened by fs.createReadStream or createWriteStream',
    ],
    [() => read(wrong('x'.repeat(50))), TypeError, `got "${'x'.repeat(40)}...": a path`],
    [() => read(wrong(createReadStream)), TypeError, 'got a function (createReadStream)'],
    [
      () => read(wrong(new ReadableStream())),
      TypeError,
      'got an object (ReadableStream): a web stream becomes one by Readable.fromWeb',
    ],
    [
      () => write(wrong(new WritableStream()), ''),
      TypeError,
      'got an object (WritableStream): a web stream becomes one by Writable.fromWeb',
    ],
    [
      () => read(wrong({ recv() {} })),
      TypeError,
      'got an object (Object): a connection has recv and sendall',
    ],
    [() => read(wrong(Object.create(null))), TypeError, 'got an object (without a class)'],
    [() => read(wrong(new Slow())), TypeError, 'got an object (Slow)'],
    [
      () => write(wrong(Readable.from([])), ''),
      TypeError,
      "write(stream, data): expected a writable stream of Node's, such as process.stdout, got an object (Readable)",
    ],
    [() => write(wrong(1), ''), TypeError, 'got 1: a file descriptor'],
    [() => write(stream, wrong(5)), TypeError, 'write(stream, data): expected bytes or a string, got 5'],
    [
      () => write(stream, wrong(undefined)),
      TypeError,
      'write(stream, data): expected bytes or a string, got undefined',
    ],
  ])('is an error at the call: %s', (call, type, message) => {
    let error: unknown
    try {
      call()
    } catch (caught) {
      error = caught
    }

    expect(error).toBeInstanceOf(type)
    expect((error as Error).message).toContain(message)
  })
})

describe('in a program of its own', { timeout: 20_000 }, () => {
  leavesNothingRunning()

  it('standard input that nobody reads any longer does not keep it alive; waiting for it does', async () => {
    const program = start(process.execPath, ['test/net/fixtures/first-bytes.mjs'])

    await program.printed(/ready/)
    program.write('one\n2')
    const exit = await program.ended()

    expect(program.stderr).toBe('')
    expect(program.stdout).toBe('ready<one\n>')
    expect(exit).toEqual({ code: 0, signal: null })
  })

  it('standard output whose reader has gone is an error at the yield', async () => {
    const program = start('sh', ['-c', `${process.execPath} test/net/fixtures/lines-for-ever.mjs | head -1`])

    const exit = await program.ended()

    expect(program.stdout).toBe('line\n')
    expect(program.stderr).toBe('caught EPIPE; then ClosedError because of EPIPE')
    expect(exit).toEqual({ code: 0, signal: null })
  })

  it('what a child process has written is there after its end', async () => {
    const child = spawnProcess(process.execPath, ['-e', 'process.stdout.write("x".repeat(50_000))'])
    const exited = once(child, 'exit')

    const lengths = await play(function* () {
      const first = yield* read(child.stdout, 10)
      yield exited
      yield* nodeTurns(20)
      const rest = yield* read(child.stdout)
      return [first.length, rest.length]
    })

    expect(lengths).toEqual([10, 49_990])
  })
})
