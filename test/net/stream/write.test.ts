// Promise 10 of the network: `write` to a stream of Node.
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import { BusyError, ClosedError, read, type WritableLike, write } from '@bluelet/net'
import { join, pause, race, spawn } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventSuite } from '../../scheduler/event-suite.js'
import { turn } from '../../support/deadline.js'
import { errorOf, pattern, play } from '../world.js'
import { nodeTurns, Slow } from './streams.js'

/** A stream that completes every write at once. */
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

eventSuite('write', {
  *fulfilled() {
    return write(quick(), 'some')
  },
  value: undefined,
  awaited: () => write(new PassThrough(), 'some'),
  *waiting() {
    return write(new Slow(), 'some')
  },
  unprintable: false, // A stream reads the stack of its error.
  *failing(error) {
    return write(new PassThrough().destroy(error as Error), 'some')
  },
})

describe('write', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(joinPath(tmpdir(), 'bluelet-streams-'))
  })
  afterAll(() => rmSync(directory, { recursive: true }))

  it('writes bytes, and strings in UTF-8', async () => {
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

  it('writes a file that is complete once it has ended', async () => {
    const path = joinPath(directory, 'file')
    const stream = createWriteStream(path)

    await play(function* () {
      for (let i = 0; i < 10; i++) yield* write(stream, `${i}\n`)
      stream.end()
      yield once(stream, 'close')
    })

    expect(readFileSync(path, 'utf8')).toBe('0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n')
  })

  it('compresses and decompresses', async () => {
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

  it('resumes when the stream has passed the bytes on, and not before', async () => {
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

  it('leaves its bytes in flight when killed, and the next write waits for them', async () => {
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

  it('throws the error of a stream that fails, and then ClosedError', async () => {
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

  it('throws an error that occurred between writes at the next write, once', async () => {
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

  it('throws the error that a stream had before its first use', async () => {
    const failure = new Error('it failed')
    const stream = new Slow().on('error', () => {}).destroy(failure)
    await turn()

    expect(await play(errorOf(write(stream, 'one')))).toBe(failure)
  })

  it('throws what the stream throws, at the waiting write too, and then ClosedError', async () => {
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

  it('throws an error that only the callback of a write reports', async () => {
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

  it('resumes when a stream calls back at once', async () => {
    const taken: string[] = []
    const stream = quick(taken)

    await play(function* () {
      yield* write(stream, 'one')
      yield* write(stream, 'two')
    })

    expect(taken).toEqual(['one', 'two'])
  })

  it('throws ClosedError when the stream is destroyed, even if it then reports success', async () => {
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

  it('throws ClosedError after end(), at a queued write too', async () => {
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

  it('resumes when the stream is ended after the bytes in flight', async () => {
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
  ])('throws ClosedError for a stream that reports that it takes no more: %s', async (_what, members) => {
    const taken: string[] = []

    const error = await play(errorOf(write({ ...quick(taken), ...members }, 'one')))

    expect(error).toBeInstanceOf(ClosedError)
    expect(taken).toEqual([])
  })

  it('throws ClosedError for bytes that a destroyed stream held back', async () => {
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

  it('writes nothing for no bytes, and resumes', async () => {
    const stream = new Slow()

    await play(function* () {
      yield* write(stream, '')
    })

    expect(stream.taken).toEqual([])
  })

  it('throws BusyError while another task writes, without disturbing that task', async () => {
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
      'write(stream, 3 bytes): first#2 is writing to this stream; only one task at a time can write',
    )
    expect(stream.taken).toEqual(['one'])
  })

  it.each([
    ['transferred', (memory: ArrayBuffer) => void structuredClone(memory, { transfer: [memory] })],
    ['shrunk', (memory: ArrayBuffer) => (memory as Resizable).resize(10)],
  ])('throws when the memory is %s while the stream has it, and never succeeds', async (_how, change) => {
    const stream = new Slow()

    const [error, later] = await play(function* () {
      const memory = resizable(1000)
      const writing = yield* spawn(errorOf, write(stream, new Uint8Array(memory)))
      yield* nodeTurns()
      change(memory)
      stream.handOn()
      const error = yield* join(writing)
      yield* race([write(stream, 'more'), pause()])
      return [error, stream.taken[1]]
    })

    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toContain('write(stream, 1000 bytes): the memory was transferred or resized')
    expect(error.message).toContain('it is unknown what the stream has written')
    expect(later).toBe('more')
  })

  it('throws when the memory was transferred before the stream had it, and writes nothing', async () => {
    const stream = new Slow()

    const errors = await play(function* () {
      const memory = resizable(1000)
      const made = write(stream, new Uint8Array(memory))
      yield* race([write(stream, 'one'), pause()])
      const queued = yield* spawn(errorOf, made)
      yield* nodeTurns()
      structuredClone(memory, { transfer: [memory] })
      stream.handOn()
      return [yield* join(queued), yield* errorOf(made)]
    })

    for (const error of errors) {
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain('nothing was written')
    }
    expect(stream.taken).toEqual(['one'])
  })
})

/** The types of this version of TypeScript's library may not have it. */
interface Resizable extends ArrayBuffer {
  resize(length: number): void
}

function resizable(size: number): ArrayBuffer {
  const make = ArrayBuffer as unknown as new (size: number, options: { maxByteLength: number }) => ArrayBuffer
  return new make(size, { maxByteLength: size })
}
