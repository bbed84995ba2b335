// Streams of Node, passed to `read` and `write` unchanged.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, PassThrough, Readable, type Writable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { ReadStream, WriteStream } from 'node:tty'
import { createGunzip, createGzip } from 'node:zlib'
import { type ReadableLike, read, type StreamReadOptions, type WritableLike, write } from '@bluelet/net'
import { type Event, run } from '@bluelet/scheduler'
import { assertType, type Same } from './support.js'

export const readable: readonly ReadableLike[] = [
  process.stdin,
  createReadStream('file'),
  createGunzip(),
  new PassThrough(),
  Readable.from(['text']),
]

export const writable: readonly WritableLike[] = [
  process.stdout,
  process.stderr,
  createWriteStream('file'),
  createGzip(),
  new PassThrough(),
]

export function others(
  streams: readonly [Readable, Duplex, Socket, TLSSocket, IncomingMessage, ReadStream, NodeJS.ReadableStream],
  sinks: readonly [Writable, Duplex, Socket, TLSSocket, ServerResponse, WriteStream, NodeJS.WritableStream],
  child: ChildProcessWithoutNullStreams,
): readonly Event[] {
  return [
    ...streams.map((stream) => read(stream, 1)),
    ...sinks.map((sink) => write(sink, 'text')),
    read(child.stdout),
    write(child.stdin, Uint8Array.of(1)),
  ]
}

export const copied = run(function* () {
  const some: Buffer = yield read(process.stdin, 100)
  const all = yield* read(process.stdin, { limit: 1000 })
  const options: StreamReadOptions = {}
  const rest = yield* read(process.stdin, options)
  const written = yield* write(process.stdout, Buffer.concat([some, all, rest]))
  yield write(process.stdout, 'text')
  assertType<Same<typeof all, Buffer>>()
  assertType<Same<typeof rest, Buffer>>()
  assertType<Same<typeof written, void>>()
})
