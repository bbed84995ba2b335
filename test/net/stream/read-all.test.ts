// `read(stream)`: everything up to the end of the stream.
import { once } from 'node:events'
import { createReadStream, readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createGunzip, gzipSync } from 'node:zlib'
import { LimitError, read } from '@bluelet/net'
import { join, kill, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { eventSuite } from '../../scheduler/event-suite.js'
import { errorOf, pattern, play } from '../world.js'
import { ended, filled, nodeTurns, reads, THIS_FILE, whole } from './streams.js'

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
  unprintable: false, // A stream reads the stack of its error.
  *failing(error) {
    return read(filled('some').destroy(error as Error))
  },
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

  it('gives up to the limit, and throws LimitError for more, which stays readable', async () => {
    const [within, error, rest] = await play(function* () {
      const within = yield* read(whole('12345'), { limit: 5 })
      const stream = whole('12', '34', '56', '78')
      const error = yield* errorOf(read(stream, { limit: 5 }))
      return [within, error, [...(yield* reads(stream, 1)), `${yield* read(stream)}`]]
    })

    expect(`${within}`).toBe('12345')
    expect(error).toBeInstanceOf(LimitError)
    expect(error.message).toBe('read(stream): more than the limit of 5 bytes; the bytes can still be read')
    expect(rest).toEqual(['1', '2345678'])
  })

  it('throws LimitError before the end of the stream, and leaves the bytes to every other reader', async () => {
    const stream = filled('123', '456')

    const error = await play(errorOf(read(stream, { limit: 5 })))

    expect(error).toBeInstanceOf(LimitError)
    expect(await text(stream.end())).toBe('123456')
  })

  it('leaves the bytes to every other reader when it is killed halfway', async () => {
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

  it('throws LimitError for strings that are too long, on every call', async () => {
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
    'loses no byte when it is killed halfway, encoding %s',
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

  it('throws the error of a stream that fails halfway, and keeps what had arrived', async () => {
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

  it('never gives part of a stream that is cut off', async () => {
    const stream = createGunzip()
    stream.end(gzipSync(pattern(10_000)).subarray(0, 5000))

    const error = await play(errorOf(read(stream)))

    expect(error.code).toBe('Z_BUF_ERROR')
  })
})
