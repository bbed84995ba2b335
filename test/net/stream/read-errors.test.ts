// `read(stream, n)` of a stream that fails, is destroyed, or is being read.
import { createReadStream } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import { BusyError, ClosedError, read } from '@bluelet/net'
import { join, pause, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { turn } from '../../support/deadline.js'
import { errorOf, play } from '../world.js'
import { filled, nodeTurns, reads } from './streams.js'

describe('read(stream, n)', () => {
  it('throws the error of a stream that fails, and then ClosedError', async () => {
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

  it('throws the error of a missing file, whenever it is yielded', async () => {
    const event = read(createReadStream('/no/such/file'), 1)
    for (let i = 0; i < 3; i++) await turn()

    const error = await play(errorOf(event))

    expect(error.code).toBe('ENOENT')
  })

  it('throws an error that occurred between reads once, after the bytes before it', async () => {
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

  it('throws an error that the program emitted, and reads no further', async () => {
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

  it('throws an error that the program emits at the waiting read', async () => {
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

  it('throws ClosedError when the stream is destroyed before its end, at later reads too', async () => {
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

  it('throws ClosedError for a stream that reports its closing only by an event', async () => {
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

  it('throws BusyError while another task reads, without disturbing that task', async () => {
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
      'read(stream): first#2 is reading this stream, in read(stream, 5); only one task at a time can read',
    )
    expect(texts).toEqual(['one'])
  })

  it.each([
    [{ a: 1 }, 'an object (Object)'],
    [5, '5'],
  ])('throws TypeError for a chunk that is not bytes, and leaves it: %j', async (chunk, shown) => {
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
      `read(stream, 100): expected a stream of bytes or strings, got a chunk that is ${shown}; read a stream of objects with for await or 'data'`,
    )
  })

  it('leaves the bytes before an invalid chunk to every other reader', async () => {
    const stream = Readable.from(['one', 'two', {}])

    const left = await play(function* () {
      const [first] = yield* reads(stream, 1)
      yield* errorOf(read(stream))
      return [first, ...((yield stream.toArray()) as unknown[])]
    })

    expect(left).toEqual(['o', Buffer.from('netwo'), {}])
  })
})
