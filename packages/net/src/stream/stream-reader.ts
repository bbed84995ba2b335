/**
 * The reading half of a Node stream: its one reader.
 *
 * Node's streams push, and ours are pulled. So the stream flows while a task waits and is paused at
 * all other times, when it reads ahead up to its own highWaterMark. What was not requested goes
 * back to the stream at once, where any other reader finds it.
 */

import { type EventHandler, LATER, type Waiter } from '@bluelet/scheduler/lowlevel'
import { shown } from '../check.js'
import { ByteQueue, EMPTY, release } from '../driver/byte-queue.js'
import { BusyError, LimitError } from '../errors.js'
import type { ReadableLike } from './node-streams.js'
import { type StreamHalf, type StreamState, stateOf } from './stream-state.js'

const readers = new WeakMap<ReadableLike, StreamReader>()

/** The reader of a stream, whose errors are listened for from now on. */
export function readerOf(stream: ReadableLike): StreamReader {
  let reader = readers.get(stream)
  if (reader === undefined) {
    reader = new StreamReader(stream, stateOf(stream))
    readers.set(stream, reader)
  }
  return reader
}

/** A request for bytes of a stream. */
export interface StreamRead {
  /** The request as the user would write it. */
  readonly name: string
  /** The maximum number of bytes; null: everything up to the end. */
  readonly max: number | null
  /** The maximum for everything. */
  readonly limit: number
}

/** The handler of all reads of one stream. */
export class StreamReader implements StreamHalf, EventHandler<StreamRead, void, Buffer> {
  errorDelivered = false
  readonly #stream: ReadableLike
  readonly #state: StreamState
  /** What has arrived for a read of everything, and what could not be put back into the stream. */
  readonly #queue = new ByteQueue()
  #waiter: Waiter<Buffer> | null = null
  #request: StreamRead | null = null
  /**
   * What a branch of a combination has read, as long as nothing has been read since: it can be put
   * back.
   */
  #returnable: WeakRef<Buffer> | null = null

  constructor(stream: ReadableLike, state: StreamState) {
    this.#stream = stream
    this.#state = state
    state.reader = this
    state.listenForEnd()
    stream.on('resume', onResume)
  }

  get name(): string {
    return 'read'
  }

  get external(): string {
    return 'stream'
  }

  on(): object {
    return this.#stream
  }

  describe({ name }: StreamRead): string {
    return name
  }

  attempt(waiter: Waiter<Buffer>, request: StreamRead): Buffer | typeof LATER {
    this.#assertFree(request)
    const bytes = this.#try(request) ?? this.#takeReadAhead(request)
    if (bytes === null) return LATER
    this.#noteReturnable(waiter, bytes)
    return bytes
  }

  enter(waiter: Waiter<Buffer>, request: StreamRead): void {
    this.#assertFree(request)
    const bytes = this.#try(request)
    if (bytes !== null) {
      this.#give(waiter, bytes)
      return
    }
    this.#waiter = waiter
    this.#request = request
    this.#stream.on('data', onData)
    this.#stream.resume()
  }

  #assertFree(request: StreamRead): void {
    if (this.#waiter === null) return
    throw new BusyError(
      `${request.name}: ${this.#waiter.task} is reading this stream, in ${this.#request?.name}; only one task at a time can read`,
    )
  }

  withdraw(): void {
    this.#stopFlow()
    this.#putBack()
  }

  /** A chunk has arrived. */
  take(chunk: unknown): void {
    const { waiter, request } = this.#waiting()
    const bytes = bytesIn(chunk)
    if (bytes === null) {
      this.#stopFlow()
      this.#stream.unshift(chunk)
      this.#putBack()
      waiter.throw(
        new TypeError(
          `${request.name}: expected a stream of bytes or strings, got a chunk that is ${shown(chunk)}; read a stream of objects with for await or 'data'`,
        ),
      )
    } else if (bytes.length === 0) {
      // A stream of strings may emit an empty one, which would look like the end.
    } else if (request.max === null) {
      this.#queue.push(bytes)
      if (this.#queue.length > request.limit) this.ready()
    } else {
      this.#stopFlow()
      this.#give(waiter, this.#upTo(request.max, bytes))
    }
  }

  ready(): void {
    if (this.#waiter === null) return
    const { waiter, request } = this.#waiting()
    let bytes: Buffer | null
    try {
      bytes = this.#try(request)
    } catch (error) {
      this.#stopFlow()
      this.#putBack()
      waiter.throw(error)
      return
    }
    if (bytes === null) return
    this.#stopFlow()
    this.#give(waiter, bytes)
  }

  /**
   * Puts bytes back in front whose reader cannot receive them, unless later bytes have been read
   * since.
   */
  discard(_request: StreamRead, bytes: Buffer): void {
    if (this.#returnable?.deref() !== bytes) return
    this.#returnable = null
    if (this.#acceptsBytes() && this.#waiter === null) this.#stream.unshift(bytes)
    else this.#queue.unshift(bytes)
    this.ready()
  }

  #give(waiter: Waiter<Buffer>, bytes: Buffer): void {
    this.#noteReturnable(waiter, bytes)
    waiter.resume(bytes)
  }

  #noteReturnable(waiter: Waiter<Buffer>, bytes: Buffer): void {
    // A task receives what it has read. A branch may lose it.
    const byTask = (waiter as unknown) === waiter.task
    this.#returnable = byTask || bytes.length === 0 ? null : new WeakRef(bytes)
  }

  /**
   * The stream has started to flow. Without a listener its bytes would be lost. A child process
   * does that to its streams when it has ended, whether they were read or not.
   */
  resumed(): void {
    if (this.#hasNoListener()) this.#stream.pause()
  }

  #hasNoListener(): boolean {
    return this.#stream.listenerCount('data') === 0
  }

  #waiting(): { readonly waiter: Waiter<Buffer>; readonly request: StreamRead } {
    // Both are set while 'data' is listened for.
    return { waiter: this.#waiter as Waiter<Buffer>, request: this.#request as StreamRead }
  }

  #try({ name, max, limit }: StreamRead): Buffer | null {
    const queue = this.#queue
    const state = this.#state
    if (state.closed && !state.ended) this.#takeRest()
    if (max !== null && queue.length > 0) return queue.takeSome(max)
    if (queue.length > limit) {
      throw new LimitError(`${name}: more than the limit of ${limit} bytes; the bytes can still be read`)
    }
    if (state.ended) return queue.take(queue.length)
    state.assertOpen(name, this)
    return null
  }

  /**
   * Takes what the stream has read ahead, unless others read it, too. No more than is wanted: to
   * put bytes back into a stream that has none would make it emit them, if it begins to flow.
   */
  #takeReadAhead({ max }: StreamRead): Buffer | null {
    const stream = this.#stream
    const { readableLength = 0 } = stream
    if (max === null || readableLength === 0 || stream.readableObjectMode) return null
    if (!this.#hasNoListener() || stream.listenerCount('readable') > 0) return null
    const bytes = bytesIn(stream.read(Math.min(max, readableLength)))
    this.#staysPaused()
    return bytes && release(this.#upTo(max, bytes))
  }

  /**
   * Of a stream that has failed, what arrived before the error can be read. A stream destroyed
   * without one gives nothing.
   */
  #takeRest(): void {
    if (!this.#state.failed) this.#queue.clear()
    else if (!this.errorDelivered) this.#queue.push(bytesIn(this.#stream.read()) ?? EMPTY)
  }

  /** Pauses the stream, because no task waits. */
  #stopFlow(): void {
    const stream = this.#stream
    this.#waiter = null
    this.#request = null
    stream.off('data', onData)
    stream.pause()
    this.#staysPaused()
  }

  #staysPaused(): void {
    if (this.#stream.listenerCount('pause') > 0) queueMicrotask(() => this.#pauseAgain())
  }

  /**
   * `process.stdin` stops reading at 'pause', so that it does not keep the process alive; but after
   * a chunk it starts to read ahead again, a tick later. A microtask runs after those ticks, and
   * only a stream that flows emits 'pause'.
   */
  #pauseAgain(): void {
    if (!this.#hasNoListener()) return
    this.#stream.resume()
    this.#stream.pause()
  }

  #upTo(max: number, bytes: Buffer): Buffer {
    if (bytes.length <= max) return bytes
    const rest = bytes.subarray(max)
    if (this.#acceptsBytes()) this.#stream.unshift(rest)
    else this.#queue.push(rest)
    return release(bytes.subarray(0, max))
  }

  #putBack(): void {
    const queue = this.#queue
    if (queue.length > 0 && this.#acceptsBytes()) this.#stream.unshift(queue.take(queue.length))
  }

  /**
   * Whether bytes can be put back. A stream with an encoding would decode them, though they may end
   * within a character.
   */
  #acceptsBytes(): boolean {
    return !this.#stream.readableEncoding && !this.#state.closed
  }
}

function onData(this: ReadableLike, chunk: unknown): void {
  readerOf(this).take(chunk)
}

function onResume(this: ReadableLike): void {
  readerOf(this).resumed()
}

/** The bytes of a chunk, a string in UTF-8; null if it is neither. */
function bytesIn(chunk: unknown): Buffer | null {
  if (typeof chunk === 'string') return Buffer.from(chunk, 'utf8')
  if (Buffer.isBuffer(chunk)) return chunk
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  return null
}
