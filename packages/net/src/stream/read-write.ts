/**
 * Bluelet's file events, over the streams of Node: files, pipes, `process.stdin` and `process.stdout`, zlib.
 */

import type { Event } from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import { shown } from '../errors.js'
import { bytesOf, checkCount } from '../socket/read-requests.js'
import { type ReadableLike, readerOf } from './stream-reader.js'
import { type WritableLike, writerOf } from './stream-writer.js'

/** Options of a {@link read} that reads everything. */
export interface StreamReadOptions {
  /**
   * How many bytes that may be: 0 or more; by default `Infinity`, since the program itself has opened the stream. Set it for
   * one that strangers fill.
   */
  readonly limit?: number
}

/**
 * Event: reads 1 to `n` bytes from a stream of Node's, as soon as there are any; no bytes at its end, and only there. The
 * bytes are the caller's to keep. A stream of strings is read as UTF-8.
 *
 * The stream is paused while nobody reads it, so that it reads ahead up to its own `highWaterMark` at the most, and
 * `process.stdin` does not keep the process alive. What was not asked for goes back to it: whatever else reads it later,
 * `pipe` or `for await`, gets every byte that nobody got here, and so does the next read after one that was killed or timed out.
 * (What a stream with `setEncoding` has left over stays for the next read here.) Set flowing by `resume()` alone, with nobody to
 * listen, it stays paused; to throw the rest away, `destroy()` it.
 *
 * Throws the stream's error when it fails: one that comes while nobody waits at the next read, after the bytes that came before
 * it; once. From this call on no error of the stream ends the process. Throws {@link ClosedError} after that, and when
 * the stream was destroyed before its end; {@link BusyError} while another task reads it; TypeError when a chunk is neither
 * bytes nor a string, and leaves it there.
 *
 * Bluelet: `read(fd, n)` blocks everybody on a file that is slow.
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
 * @throws TypeError, RangeError for what can be no stream and no number of bytes
 */
export function read(stream: ReadableLike, n: number): Event<Buffer>
/**
 * Event: reads a stream of Node's to its end, and gives everything that is left of it.
 *
 * Throws {@link LimitError} if that is more than the limit; the bytes are then still there to be read, as they are after a read
 * that was killed or timed out. Otherwise like the read of `n` bytes.
 *
 * Bluelet: `read(fd)` fails on Python 3.
 *
 * @example
 * const text = `${yield* read(createReadStream('notes.txt'))}`
 *
 * @param stream a readable stream
 * @throws TypeError, RangeError for what can be no stream and no limit
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
  if (!(wanted >= 1 && (Number.isInteger(wanted) || wanted === Number.POSITIVE_INFINITY))) {
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
 * Event: writes to a stream of Node's, and goes on when the stream has handed the bytes on, to the system or to whatever comes
 * next in it: a slow reader slows down whoever writes.
 *
 * A task that is killed meanwhile takes nothing back: its bytes are on their way, whole, and the next write waits until the stream
 * has handed those on.
 *
 * Throws the stream's error when it fails, such as `EPIPE` when the reader of a pipe has gone: one that comes while nobody waits
 * at the next write; once. From this call on no error of the stream ends the process. Throws {@link ClosedError} after
 * that, after `end()`, and when the stream is destroyed; {@link BusyError} while another task writes to it.
 *
 * Bluelet: `write(fd, data)` never comes back.
 *
 * @example
 * yield* write(process.stdout, 'one line\n')
 *
 * @param stream a writable stream; whoever has opened it ends it, by its own `end()`
 * @param data bytes, which must not change until then; or a string, written as UTF-8
 * @throws TypeError for what can be no stream and no data
 */
export function write(stream: WritableLike, data: string | Uint8Array): Event<void> {
  checkStream(stream, 'write(stream, data)', 'writable', 'process.stdout', WRITABLE_METHODS)
  return event<void>(writerOf(stream), bytesOf(data, 'write(stream, data)'))
}

const READABLE_METHODS = ['read', 'unshift', 'pause', 'resume', 'on', 'off', 'listenerCount'] as const
const WRITABLE_METHODS = ['write', 'on'] as const

/** Checks that a value has the methods of such a stream. */
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
    `${operation}: expected a ${kind} stream of Node's, such as ${example}, got ${shown(stream)}${fix(stream)}`,
  )
}

/** What to do with what is no stream, but close to one. */
function fix(value: unknown): string {
  if (typeof value === 'number')
    return ': a file descriptor is opened by fs.createReadStream or createWriteStream'
  if (typeof value === 'string') return ': a path is opened by fs.createReadStream or createWriteStream'
  if (typeof value !== 'object' || value === null) return ''
  if ('getReader' in value) return ': a web stream becomes one by Readable.fromWeb'
  if ('getWriter' in value) return ': a web stream becomes one by Writable.fromWeb'
  return 'recv' in value ? ': a connection has recv and sendall' : ''
}
