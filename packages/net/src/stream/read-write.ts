/**
 * Bluelet's file events, `read` and `write`, over the streams of Node: files, pipes,
 * `process.stdin` and `process.stdout`, zlib. They check their arguments here; the halves of a
 * stream do the rest.
 */

import type { Event } from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import { bytesOf, checkCount, isCount, shown } from '../check.js'
import type { ReadableLike, WritableLike } from './node-streams.js'
import { readerOf } from './stream-reader.js'
import { writerOf } from './stream-writer.js'

/** Options of a {@link read} that reads everything. */
export interface StreamReadOptions {
  /**
   * The maximum number of bytes: 0 or more. Default: `Infinity`, since the program itself has
   * opened the stream. Set it for a stream whose content comes from elsewhere.
   */
  readonly limit?: number
}

/**
 * Event: reads 1 to `n` bytes from a Node stream, as soon as any have arrived; no bytes at its end,
 * and only there. The caller may keep the bytes. A stream of strings is read as UTF-8.
 *
 * The stream is paused while no task reads it, so that it reads ahead at most up to its own
 * `highWaterMark`, and `process.stdin` does not keep the process alive. Bytes that were not
 * requested go back to the stream: `pipe`, `for await` and any other later reader get every byte
 * that was not read here, and so does the next read after one that was killed or timed out. (Bytes
 * left over from a stream with `setEncoding` are kept for the next read here.) A stream that
 * `resume()` alone sets flowing, without a listener, stays paused; to discard the rest, `destroy()`
 * it.
 *
 * Throws the stream's error when it fails, once, and after the bytes that arrived before it; an
 * error that comes while no task waits is thrown at the next read. From this call on, no error of
 * the stream ends the process. Throws {@link ClosedError} after that, and when the stream was
 * destroyed before its end; {@link BusyError} while another task reads the stream; and TypeError
 * for a chunk that is neither bytes nor a string, which stays in the stream.
 *
 * Bluelet: `read(fd, n)` blocks the whole program if the file is slow.
 *
 * @example
 * function* cat() {
 *   while (true) {
 *     const data: Buffer = yield read(process.stdin, 65_536)
 *     if (!data.length) break
 *     yield write(process.stdout, data)
 *   }
 * }
 *
 * @param stream a readable stream
 * @param n a positive integer, or Infinity for as much as there is
 * @throws TypeError, RangeError if the stream or the number of bytes is invalid
 */
export function read(stream: ReadableLike, n: number): Event<Buffer>
/**
 * Event: reads a Node stream to its end, and gives everything that was left of it.
 *
 * Throws {@link LimitError} if that is more than the limit. The bytes can then still be read, as
 * after a read that was killed or timed out. Apart from that, it works like the read of `n` bytes.
 *
 * Bluelet: `read(fd)` fails on Python 3.
 *
 * @example
 * const text = `${yield* read(createReadStream('notes.txt'))}`
 *
 * @param stream a readable stream
 * @throws TypeError, RangeError if the stream or the limit is invalid
 */
export function read(stream: ReadableLike, options?: StreamReadOptions): Event<Buffer>
export function read(stream: ReadableLike, wanted: number | StreamReadOptions = {}): Event<Buffer> {
  const all = typeof wanted === 'object' && wanted !== null
  const operation = all ? 'read(stream)' : 'read(stream, n)'
  checkStream(stream, operation, 'readable', 'process.stdin', READABLE_METHODS)
  if (all) {
    const limit = checkCount(wanted.limit ?? Number.POSITIVE_INFINITY, `${operation}: limit`)
    return event<Buffer>(readerOf(stream), { name: operation, max: null, limit })
  }
  if (!(isCount(wanted) && wanted > 0)) {
    throw new RangeError(
      `${operation}: expected a positive number of bytes, got ${shown(wanted)}; to read to the end, leave n out`,
    )
  }
  return event<Buffer>(readerOf(stream), {
    name: `read(stream, ${wanted})`,
    max: wanted,
    limit: Number.POSITIVE_INFINITY,
  })
}

/**
 * Event: writes to a Node stream, and resumes when the stream has handed the bytes on, to the
 * system or to its next stage. So a slow consumer slows the writing task down.
 *
 * Killing a task that writes takes nothing back: its bytes are written whole, and the next write
 * waits until the stream has handed those on.
 *
 * Throws the stream's error when it fails, once, such as `EPIPE` when the reader of a pipe has
 * closed it; an error that comes while no task waits is thrown at the next write. From this call
 * on, no error of the stream ends the process. Throws {@link ClosedError} after that, after
 * `end()`, and when the stream is destroyed; {@link BusyError} while another task writes to the
 * stream; and TypeError if the memory of the bytes is transferred or shrunk before they are
 * written: end the stream then with `destroy()`, unless the message says that nothing was written.
 *
 * Bluelet: `write(fd, data)` never returns.
 *
 * @example
 * yield* write(process.stdout, 'one line\n')
 *
 * @param stream a writable stream; the code that opened it also ends it, with its own `end()`
 * @param data bytes that must not change until then, or a string, which is written as UTF-8
 * @throws TypeError if the stream or the data is invalid
 */
export function write(stream: WritableLike, data: string | Uint8Array): Event<void> {
  checkStream(stream, 'write(stream, data)', 'writable', 'process.stdout', WRITABLE_METHODS)
  const bytes = bytesOf(data, 'write(stream, data)')
  return event<void>(writerOf(stream), { bytes, length: bytes.length })
}

const READABLE_METHODS = ['read', 'unshift', 'pause', 'resume', 'on', 'off', 'listenerCount'] as const
const WRITABLE_METHODS = ['write', 'on'] as const

/** Checks that a value has the methods of a readable or writable stream. */
function checkStream(
  stream: unknown,
  operation: string,
  kind: string,
  example: string,
  methods: readonly string[],
): void {
  const object = (typeof stream === 'object' && stream !== null ? stream : {}) as Record<string, unknown>
  if (methods.every((method) => typeof object[method] === 'function')) return
  throw new TypeError(
    `${operation}: expected a ${kind} Node stream, such as ${example}, got ${shown(stream)}${fix(stream)}`,
  )
}

/** What to do with a value that is close to a stream. */
function fix(value: unknown): string {
  if (typeof value === 'number')
    return '; open a file descriptor with fs.createReadStream or createWriteStream'
  if (typeof value === 'string') return '; open a path with fs.createReadStream or createWriteStream'
  if (typeof value !== 'object' || value === null) return ''
  if ('getReader' in value) return '; convert a web stream with Readable.fromWeb'
  if ('getWriter' in value) return '; convert a web stream with Writable.fromWeb'
  return 'recv' in value ? '; a connection has recv and sendall' : ''
}
