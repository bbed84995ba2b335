// Promise 10 of the network: `read(stream, n)`: at most n bytes of a stream of Node.
import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import { createGunzip, gzipSync } from 'node:zlib'
import { read, write } from '@bluelet/net'
import { all, type Coroutine, join, kill, pause, Scheduler, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../../scheduler/event-suite.js'
import { randomNumbers } from '../../support/random.js'
import { pattern, play } from '../world.js'
import { ended, filled, nodeTurns, reads, Slow, THIS_FILE, whole } from './streams.js'

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
  unprintable: false, // A stream reads the stack of its error.
  *failing(error) {
    return read(new PassThrough().destroy(error as Error), 1)
  },
})

describe('read(stream, n)', () => {
  it('gives at most n bytes, leaves the rest to the next read, and gives nothing at the end, every time', async () => {
    const texts = await play(reads(whole('12345'), 4, 4, 4, 4))

    expect(texts).toEqual(['1234', '5', '', ''])
  })

  it('gives the bytes back that a failing all has read', async () => {
    const stream = new PassThrough()
    stream.write('12345')

    const texts = await play(function* () {
      const error = new Error('failed')
      const failing = function* (): Coroutine<never> {
        yield* nodeTurns()
        throw error
      }
      const caught: unknown[] = []
      try {
        yield* all([read(stream, 3), failing()])
      } catch (thrown) {
        caught.push(thrown === error)
      }
      return [...caught, (yield* reads(stream, 4, 4)).join('')]
    })

    expect(texts).toEqual([true, '12345'])
  })

  it('gives the bytes back of a stream of strings, too', async () => {
    const stream = new PassThrough().setEncoding('utf8')
    stream.write('12345')

    const texts = await play(function* () {
      const failing = function* (): Coroutine<never> {
        yield* nodeTurns()
        throw new Error('failed')
      }
      try {
        yield* all([read(stream, 3), failing()])
      } catch {}
      return (yield* reads(stream, 4, 4)).join('')
    })

    expect(texts).toBe('12345')
  })

  it('leaves the bytes that a failing all has read, once later ones have been read', async () => {
    const stream = new PassThrough()
    stream.write('12345')

    const texts = await play(function* () {
      const failing = function* (): Coroutine<never> {
        yield* nodeTurns()
        yield* read(stream, 1)
        throw new Error('failed')
      }
      try {
        yield* all([read(stream, 3), failing()])
      } catch {}
      return yield* reads(stream, 4)
    })

    expect(texts).toEqual(['5'])
  })

  it('waits until there are bytes, and gives them at once', async () => {
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

  it('causes no deadlock while only the stream can end it', async () => {
    const stream = new PassThrough()
    setImmediate(() => setImmediate(() => setImmediate(() => stream.write('one'))))

    expect(await play(reads(stream, 3))).toEqual(['one'])
  })

  it('gives every byte in order, whatever the sizes of chunks and reads', async () => {
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

  it('reads a file in parts', async () => {
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

  it('reads a decompressed stream', async () => {
    const stream = createGunzip()
    stream.end(gzipSync('packed'))

    expect(await play(reads(stream, 4, 4, 4))).toEqual(['pack', 'ed', ''])
  })

  it('reads strings as bytes, and takes an empty one not for the end', async () => {
    expect(await play(reads(Readable.from(['on', '', 'é']), 4, 4, 4))).toEqual(['on', 'é', ''])
  })

  it('reads byte views other than Buffers', async () => {
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
    'reads a stream with setEncoding(%s) as text in UTF-8, byte by byte',
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

  it('gives all available bytes for Infinity', async () => {
    expect(await play(reads(whole('12345'), Infinity, Infinity))).toEqual(['12345', ''])
  })

  it('gives nothing for a stream that ended earlier', async () => {
    const stream = whole('1').resume()
    await once(stream, 'close')

    expect(await play(reads(stream, 1, 1))).toEqual(['', ''])
  })

  it('finds the end of a stream that does not report it', async () => {
    const stream = Object.defineProperty(whole('1'), 'readableEnded', { value: undefined })

    const texts = await play(reads(stream, 1, 1, 1))

    expect(texts).toEqual(['1', '', ''])
  })

  it('reads again at each yield of one event', async () => {
    const texts = await play(function* () {
      const event = read(whole('123'), 2)
      return [`${yield* event}`, `${yield* event}`, `${yield* event}`]
    })

    expect(texts).toEqual(['12', '3', ''])
  })

  it('gives bytes that do not keep a large buffer alive', async () => {
    const [small] = await play(function* () {
      return [yield* read(filled(Buffer.alloc(1 << 20)), 10)]
    })

    expect(small!.buffer.byteLength).toBeLessThan(10_000)
  })

  it('reads nothing before it is yielded, and no further ahead than the stream itself', async () => {
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

  it('slows down the writer', async () => {
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

  it('names its wait', async () => {
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
  ])('is named in the error when it is used as something else: %s', (name, event) => {
    expect(() => spawn(event as never)).toThrow(`got an event (${name})`)
  })
})
