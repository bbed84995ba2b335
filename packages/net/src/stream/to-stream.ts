/**
 * `toStream`: a connection as a Duplex of Node, for libraries that take one. The stream reads and
 * sends as a task would; it owns the connection, so that no task does so as well.
 */

import type { Duplex } from 'node:stream'
import { ClosedError } from '@bluelet/scheduler'
import { shown } from '../check.js'
import { EMPTY } from '../driver/byte-queue.js'
import { builtin } from '../drivers/builtin.js'
import { BusyError } from '../errors.js'
import { Connection } from '../socket/connection.js'
import type { Send } from '../socket/pending-send.js'
import type { Owner, Receiver } from '../socket/receiver.js'

/** Where a stream begins to hold back its other side, in both directions. */
const HIGH_WATER_MARK = 65_536

/** The source that holds the run open. No host simulates it: a library is of the real world. */
const SOURCE = 'stream'

/** The user of a connection that has a stream. */
const STREAM = 'its stream (toStream)'

/** The stream of a connection: a Duplex with the addresses of a socket of Node. */
export type ConnectionStream = Duplex & {
  /** The peer's host; undefined for a Unix socket, like the others. */
  readonly remoteAddress: string | undefined
  /** The peer's port. */
  readonly remotePort: number | undefined
  /** Our host. */
  readonly localAddress: string | undefined
  /** Our port. */
  readonly localPort: number | undefined
}

/**
 * Turns a connection into a Duplex of Node, for libraries that take one, such as `node:http` and
 * `node:tls`. A plain call.
 *
 * The stream owns the connection: reads and sends of tasks get a {@link BusyError}. It reads no
 * faster than it is read, and takes no more than the peer takes. `end()` is `shutdown()`,
 * `destroy()` is `close()`, `destroy(error)` is `abort()`. A reset is its `'error'`. Its `'close'`
 * comes when the descriptor is free. When the connection is closed here, the stream is destroyed.
 *
 * The run of the connection ends only once the stream is closed. A handler that hands over its
 * connection waits for that: the end of a handler closes its connection.
 *
 * @example
 * const web = createServer((_request, response) => response.end('hello'))
 *
 * function* handler(conn: Connection) {
 *   web.emit('connection', toStream(conn))
 *   yield* conn.whenClosed()
 * }
 *
 * @throws BusyError if a task reads or sends, or the connection already has a stream
 */
export function toStream(conn: Connection): ConnectionStream {
  if (!(conn instanceof Connection)) {
    throw new TypeError(`toStream(conn): expected a connection, got ${shown(conn)}`)
  }
  const { readHalf } = conn
  if (readHalf.busy || conn.writer().busy || readHalf.owner !== null) {
    const user = conn.writer().owner === null ? 'a task is using this connection' : 'it has a stream already'
    throw new BusyError(`toStream(conn): ${user}; call it when no read or send waits`)
  }
  const stream = Object.defineProperties(duplexOver(conn), {
    // As in Node, a Unix socket has none.
    remoteAddress: { get: () => conn.remoteAddress?.host || undefined },
    remotePort: { get: () => conn.remoteAddress?.port || undefined },
    localAddress: { get: () => conn.localAddress?.host || undefined },
    localPort: { get: () => conn.localAddress?.port || undefined },
  })
  return stream as ConnectionStream // They have just been defined.
}

function duplexOver(conn: Connection): Duplex {
  const { Duplex } = builtin('node:stream', 'toStream(conn)')
  const { readHalf } = conn
  const writeHalf = conn.writer()
  const reading = new Reading()
  const writing = new Writing()
  const stream = new Duplex({
    readableHighWaterMark: HIGH_WATER_MARK,
    writableHighWaterMark: HIGH_WATER_MARK,
    read() {
      begin(reading, () => readHalf.enter(reading, HIGH_WATER_MARK))
    },
    write(chunk: Buffer, _encoding, callback) {
      writing.begin(chunk, callback)
      begin(writing, () => writeHalf.enter(writing, writing))
    },
    writev(chunks, callback) {
      writing.begin(Buffer.concat(chunks.map(({ chunk }) => chunk)), callback)
      begin(writing, () => writeHalf.enter(writing, writing))
    },
    final(callback) {
      conn.shutdown()
      callback()
    },
    destroy(error, callback) {
      if (error === null) conn.close()
      else conn.abort()
      // close() has been called: this only waits until the descriptor is free.
      void conn[Symbol.asyncDispose]().then(() => {
        conn.scheduler.unref(SOURCE)
        callback(error)
      })
    },
  })
  reading.stream = stream
  readHalf.owner = reading
  writeHalf.owner = writing
  conn.scheduler.ref(SOURCE)
  // As a socket of Node does, it notices an end or a reset before a library reads.
  stream.read(0)
  return stream
}

/** Starts a read or a send, whose error at the call is like a later one. */
function begin(receiver: Receiver<never>, enter: () => void): void {
  try {
    enter()
  } catch (error) {
    receiver.throw(error)
  }
}

/** The reading side of a stream. */
class Reading implements Owner, Receiver<Buffer> {
  /** It is set before anything is read. */
  stream: Duplex | null = null
  readonly task: unknown = this
  readonly user = STREAM
  readonly holdsInput = false

  resume(bytes: Buffer): void {
    this.stream?.push(bytes.length === 0 ? null : bytes)
  }

  throw(error: unknown): void {
    // An end of our own, which is not an error.
    if (error instanceof ClosedError && error.cause === undefined) this.stream?.destroy()
    else this.stream?.destroy(error as Error) // A connection throws nothing else.
  }

  closed(): void {
    this.stream?.destroy()
  }
}

/** The writing side of a stream, and its send. */
class Writing implements Owner, Receiver<undefined>, Send {
  readonly name = 'sendall'
  bytes: Buffer = EMPTY
  length = 0
  readonly all = true
  /** False: the stream's own buffer collects, and its callback is to report a failure. */
  readonly collected = false
  readonly task: unknown = this
  readonly user = STREAM
  readonly holdsInput = false
  #done: (error?: Error | null) => void = () => {}

  begin(bytes: Buffer, done: (error?: Error | null) => void): void {
    this.bytes = bytes
    this.length = bytes.length
    this.#done = done
  }

  resume(): void {
    this.bytes = EMPTY
    this.#done()
  }

  throw(error: unknown): void {
    this.bytes = EMPTY
    this.#done(error as Error) // A connection throws nothing else.
  }

  closed(): void {}
}
