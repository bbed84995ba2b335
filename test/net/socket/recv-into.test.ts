// Promise 3 of the network: reads into memory of the caller's.

import { Connection, connect } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { type Coroutine, kill, pause, Scheduler, sleep, spawn } from '@bluelet/scheduler'
import { runtimeOf } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { serve } from '../serving.js'
import { abort, pair } from '../simulated-pair.js'
import { errorOf, LOOPBACK, perform } from '../world.js'
import { ScriptedSocket } from './read-oracle.js'
import { readingPieces, restOf } from './scripted.js'

/** Reads to the end by buffers of one size; gives the text of each read. */
function* textsOf(conn: Connection, size: number): Coroutine<string[]> {
  const buffer = Buffer.alloc(size)
  const texts: string[] = []
  for (let n = yield* conn.recvInto(buffer); n > 0; n = yield* conn.recvInto(buffer))
    texts.push(String(buffer.subarray(0, n)))
  return texts
}

function unread(): Connection {
  return new Connection(new ScriptedSocket([]), runtimeOf(new Scheduler()))
}

/** A buffer over memory that can be resized, which the types of this library may not have. */
function resizable(length: number): { buffer: Uint8Array; resize(length: number): void } {
  const make = ArrayBuffer as unknown as new (
    length: number,
    options: object,
  ) => ArrayBuffer & { resize(length: number): void }
  const memory = new make(length, { maxByteLength: 100 })
  return { buffer: new Uint8Array(memory), resize: (length) => memory.resize(length) }
}

function transfer({ buffer }: Uint8Array): void {
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
}

describe('Connection.recvInto', () => {
  it('gives the number of bytes that have arrived and fit, and 0 at the end', async () => {
    const texts = await readingPieces(['one', 'twothree'], (conn) => textsOf(conn, 5))

    expect(texts).toEqual(['one', 'twoth', 'ree'])
  })

  it('writes nothing beside them', async () => {
    const bytes = await readingPieces(['one'], function* (conn) {
      const memory = Buffer.from('.........')
      yield* conn.recvInto(memory.subarray(2, 8))
      return String(memory)
    })

    expect(bytes).toBe('..one....')
  })

  it('gives what other reads have left first, however many pieces it is', async () => {
    const [line, buffered, texts] = await readingPieces(
      ['one\ntwo', Buffer.alloc(2000, 'x'), 'end'],
      function* (conn) {
        const line = yield* conn.readline()
        yield* conn.peek(2006)
        const buffered = conn.buffered
        return [String(line), buffered, yield* textsOf(conn, 2005)] as const
      },
    )

    expect(line).toBe('one\n')
    expect(buffered).toBe(3)
    expect(texts.join('')).toBe(`two${'x'.repeat(2000)}end`)
  })

  it('loses nothing when it is killed, and writes nothing later', async () => {
    const { text, memory } = await simulate(function* () {
      const { client, server } = yield* pair()
      const memory = Buffer.from('...')
      const reading = yield* spawn(perform, server.recvInto(memory))
      yield* pause()
      yield* kill(reading)
      yield* client.sendall('one')
      const text = String(yield* server.recv())
      abort({ client, server })
      return { text, memory: String(memory) }
    })

    expect(text).toBe('one')
    expect(memory).toBe('...')
  })

  it.each([
    'one',
    null,
    undefined,
    9,
    [1],
    new ArrayBuffer(9),
    new Uint16Array(9),
    new DataView(new ArrayBuffer(9)),
  ])('refuses %o, which is no buffer', (buffer) => {
    const attempt = () => unread().recvInto(buffer as never)

    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(/^recvInto\(buffer\): expected a Uint8Array, such as a Buffer, got ./)
  })

  it('refuses a buffer of no bytes, which would look like the end', () => {
    const attempt = () => unread().recvInto(Buffer.alloc(0))

    expect(attempt).toThrow(RangeError)
    expect(attempt).toThrow('recvInto(buffer): expected a buffer of at least one byte, got none')
  })

  it.each<[string, () => { buffer: Uint8Array; change(): void }]>([
    [
      'is transferred',
      () => {
        const buffer = new Uint8Array(8)
        return { buffer, change: () => transfer(buffer) }
      },
    ],
    [
      'shrinks',
      () => {
        const { buffer, resize } = resizable(8)
        return { buffer, change: () => resize(4) }
      },
    ],
    [
      'grows',
      () => {
        const { buffer, resize } = resizable(8)
        return { buffer, change: () => resize(16) }
      },
    ],
  ])('throws if its memory %s before the yield or while it waits, and loses nothing', async (_how, make) => {
    const { errors, text } = await simulate(function* () {
      const { client, server } = yield* pair()
      const [early, late] = [make(), make()]
      const event = server.recvInto(early.buffer)
      early.change()
      const errors = [yield* errorOf(event)]
      const reading = yield* spawn(errorOf, server.recvInto(late.buffer))
      yield* pause()
      late.change()
      yield* client.sendall('one')
      errors.push(yield* reading)
      const text = String(yield* server.recv())
      abort({ client, server })
      return { errors: errors.map(String), text }
    })

    const error =
      'TypeError: recvInto(8 bytes): the memory of the buffer was transferred or resized before the read was done; nothing was read'
    expect(errors).toEqual([error, error])
    expect(text).toBe('one')
  })
})

describe('Connection.buffered', () => {
  it('is what has been received here and not been read', async () => {
    const counts = await readingPieces(['one\ntwo\n', 'three'], function* (conn) {
      const counts = [conn.buffered]
      yield* conn.readline()
      counts.push(conn.buffered)
      yield* conn.recv(1)
      counts.push(conn.buffered)
      yield* restOf(conn)
      return [...counts, conn.buffered]
    })

    expect(counts).toEqual([0, 4, 3, 0])
  })

  it('is 0 once the connection is closed', async () => {
    const count = await simulate(function* () {
      const { client, server } = yield* pair()
      yield* client.sendall('one\ntwo')
      yield* server.readline()
      abort({ client, server })
      return server.buffered
    })

    expect(count).toBe(0)
  })
})

describe('memory that is transferred', () => {
  it.each(['before the read', 'while it waits'])(
    '%s is a mistake of the handler, which is reported',
    async (when) => {
      const errors = await simulate(function* () {
        const served = yield* serve(function* (conn) {
          const buffer = new Uint8Array(10)
          const event = conn.recvInto(buffer)
          if (when === 'before the read') transfer(buffer)
          else conn.scheduler.host.at(5, () => transfer(buffer))
          yield* event
        })
        const conn = yield* connect(LOOPBACK, served.port)
        yield* sleep(10)
        yield* conn.sendall('x')
        yield* perform(conn.whenGone({ end: true }))
        conn.abort()
        return served.errors.map((error) => (error as Error).message)
      })

      expect(errors).toEqual([
        expect.stringContaining('recvInto(10 bytes): the memory of the buffer was transferred'),
      ])
    },
  )
})
