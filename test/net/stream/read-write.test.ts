// `read` and `write`: on one stream, and with invalid arguments.
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import net from 'node:net'
import { Duplex, PassThrough, Readable } from 'node:stream'
import { read, write } from '@bluelet/net'
import { join, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { errorOf, pattern, play } from '../world.js'
import { nodeTurns, reads, Slow } from './streams.js'

/** Two ends of a connection over the loopback interface. */
async function socketPair(): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = net.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1' })
  const [accepted] = (await once(server, 'connection')) as [net.Socket]
  server.close()
  return [client, accepted]
}

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

  it('still read up to the end of a stream whose writing half failed', async () => {
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

describe('read and write with an invalid stream, size or data', () => {
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
      'read(stream, n): expected a readable Node stream, such as process.stdin, got undefined',
    ],
    [
      () => read(wrong(null)),
      TypeError,
      'read(stream): expected a readable Node stream, such as process.stdin, got null',
    ],
    [
      () => read(wrong(0), 1),
      TypeError,
      'got 0; open a file descriptor with fs.createReadStream or createWriteStream',
    ],
    [
      () => read(wrong('notes.txt')),
      TypeError,
      'got "notes.txt"; open a path with fs.createReadStream or createWriteStream',
    ],
    [() => read(wrong('x'.repeat(50))), TypeError, `got "${'x'.repeat(40)}..."; open a path`],
    [() => read(wrong(createReadStream)), TypeError, 'got a function (createReadStream)'],
    [
      () => read(wrong(new ReadableStream())),
      TypeError,
      'got an object (ReadableStream); convert a web stream with Readable.fromWeb',
    ],
    [
      () => write(wrong(new WritableStream()), ''),
      TypeError,
      'got an object (WritableStream); convert a web stream with Writable.fromWeb',
    ],
    [
      () => read(wrong({ recv() {} })),
      TypeError,
      'got an object (Object); a connection has recv and sendall',
    ],
    [() => read(wrong(Object.create(null))), TypeError, 'got an object (without a class)'],
    [() => read(wrong(new Slow())), TypeError, 'got an object (Slow)'],
    [
      () => write(wrong(Readable.from([])), ''),
      TypeError,
      'write(stream, data): expected a writable Node stream, such as process.stdout, got an object (Readable)',
    ],
    [() => write(wrong(1), ''), TypeError, 'got 1; open a file descriptor'],
    [() => write(stream, wrong(5)), TypeError, 'write(stream, data): expected bytes or a string, got 5'],
    [
      () => write(stream, wrong(undefined)),
      TypeError,
      'write(stream, data): expected bytes or a string, got undefined',
    ],
  ])('throw at the call: %s', (call, type, message) => {
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
