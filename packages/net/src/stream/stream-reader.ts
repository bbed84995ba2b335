/**
 * The reading half of a stream of Node's: its one reader.
 *
 * A stream of Node's pushes; ours is asked. So it flows while somebody waits and is paused at all other times, when it
 * reads ahead up to its own highWaterMark and no further. What was taken from it and not asked for goes back to it at
 * once, where whoever else reads it finds it.
 */

import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'
import { ByteQueue, EMPTY, release } from '../driver/byte-queue.js'
import { BusyError, LimitError, shown } from '../errors.js'
import { type Half, type StreamState, stateOf } from './stream-state.js'

/** What {@link read} needs of a readable stream; those of Node have it: files, pipes, sockets, `process.stdin`, zlib ... */
export interface ReadableLike {
  /** Whether `'end'` has been emitted. */
  readonly readableEnded?: boolean
  /** What `setEncoding` has set. */
  readonly readableEncoding?: string | null
  /** Whether nothing more will come of it. */
  readonly destroyed?: boolean
  /** The error that has destroyed it. */
  readonly errored?: Error | null
  /** Takes what it has read ahead. */
  read(): unknown
  /** Takes back what was not wanted. */
  unshift(chunk: unknown): unknown
  /** Stops emitting `'data'`. */
  pause(): unknown
  /** Begins to emit `'data'`. */
  resume(): unknown
  /** Adds a listener. */
  on(event: string, listener: (argument: unknown) => void): unknown
  /** Removes a listener. */
  off(event: string, listener: (argument: unknown) => void): unknown
  /** Counts the listeners. */
  listenerCount(event: string): number
}

/** What is asked of a stream. */
export interface StreamRead {
  /** As the user would write it. */
  readonly name: string
  /** How many bytes at the most; null: all of them. */
  readonly max: number | null
  /** How many bytes all of them may be. */
  readonly limit: number
}

/** The events that read one stream. */
export class StreamReader implements Half, EventHandler<StreamRead, void, Buffer> {
  errorDelivered: boolean
  readonly #stream: ReadableLike
  readonly #state: StreamState
  /** What a read of everything has got so far; and what the stream could not have back. */
  readonly #queue: ByteQueue
  #waiter: Waiter<Buffer> | null
  #asked: StreamRead | null

  constructor(stream: ReadableLike, state: StreamState) {
    this.errorDelivered = false
    this.#stream = stream
    this.#state = state
    this.#queue = new ByteQueue()
    this.#waiter = null
    this.#asked = null
    state.listenForEnd()
    stream.on('resume', heardResume)
  }

  get name(): string {
    return 'read'
  }

  get external(): string {
    return 'stream'
  }

  describe({ name }: StreamRead): string {
    return name
  }

  enter(waiter: Waiter<Buffer>, asked: StreamRead): void {
    if (this.#waiter !== null) {
      throw new BusyError(
        `${asked.name}: ${this.#waiter.task} is reading this stream, in ${this.#asked?.name}; one task at a time reads it`,
      )
    }
    const bytes = this.#try(asked)
    if (bytes !== null) {
      waiter.resume(bytes)
      return
    }
    this.#waiter = waiter
    this.#asked = asked
    this.#stream.on('data', heardData)
    this.#stream.resume()
  }

  withdraw(): void {
    this.#rest()
    this.#giveBack()
  }

  /** A chunk has come. */
  take(chunk: unknown): void {
    const { waiter, asked } = this.#waiting()
    const bytes = bytesIn(chunk)
    if (bytes === null) {
      this.#rest()
      this.#stream.unshift(chunk)
      this.#giveBack()
      waiter.throw(
        new TypeError(
          `${asked.name}: expected a stream of bytes or strings, got a chunk that is ${shown(chunk)}: read a stream of objects by for await or 'data'`,
        ),
      )
    } else if (bytes.length === 0) {
      // A stream of strings may give an empty one; to us that would be the end.
    } else if (asked.max === null) {
      this.#queue.push(bytes)
      if (this.#queue.length > asked.limit) this.ready()
    } else {
      this.#rest()
      waiter.resume(this.#first(bytes, asked.max))
    }
  }

  ready(): void {
    if (this.#waiter === null) return
    const { waiter, asked } = this.#waiting()
    let bytes: Buffer | null
    try {
      bytes = this.#try(asked)
    } catch (error) {
      this.#rest()
      this.#giveBack()
      waiter.throw(error)
      return
    }
    if (bytes === null) return
    this.#rest()
    waiter.resume(bytes)
  }

  /**
   * Somebody has set the stream flowing. If nobody listens, its bytes would be lost: a child process does that to its
   * streams when it has ended, read or not.
   */
  resumed(): void {
    if (this.#isIdle()) this.#stream.pause()
  }

  /** Whether nobody listens for what flows, here or anywhere else. */
  #isIdle(): boolean {
    return this.#stream.listenerCount('data') === 0
  }

  #waiting(): { readonly waiter: Waiter<Buffer>; readonly asked: StreamRead } {
    // Both are there while 'data' is listened for.
    return { waiter: this.#waiter as Waiter<Buffer>, asked: this.#asked as StreamRead }
  }

  #try({ name, max, limit }: StreamRead): Buffer | null {
    const queue = this.#queue
    const state = this.#state
    if (state.closed && !state.ended) this.#closed()
    if (max !== null && queue.length > 0) return queue.takeSome(max)
    if (queue.length > limit) {
      throw new LimitError(`${name}: more than the limit of ${limit} bytes; they are still there to be read`)
    }
    if (state.ended) return queue.take(queue.length)
    state.assertOpen(name, this)
    return null
  }

  /** What came before an error may still be read. Of a stream that was destroyed without one nobody wants anything more. */
  #closed(): void {
    if (!this.#state.failed) this.#queue.clear()
    else if (!this.errorDelivered) this.#queue.push(bytesIn(this.#stream.read()) ?? EMPTY)
  }

  /** Stops the flow: nobody waits any longer. */
  #rest(): void {
    const stream = this.#stream
    this.#waiter = null
    this.#asked = null
    stream.off('data', heardData)
    stream.pause()
    if (stream.listenerCount('pause') > 0) queueMicrotask(() => this.#pauseAgain())
  }

  /**
   * process.stdin stops reading, so that it does not keep the process alive, when it hears of a pause; but after a chunk it
   * begins to read ahead again, a tick later. A microtask comes after the ticks; and a pause is heard of only by a stream
   * that flows.
   */
  #pauseAgain(): void {
    if (!this.#isIdle()) return
    this.#stream.resume()
    this.#stream.pause()
  }

  #first(bytes: Buffer, max: number): Buffer {
    if (bytes.length <= max) return bytes
    const rest = bytes.subarray(max)
    if (this.#takesBack()) this.#stream.unshift(rest)
    else this.#queue.push(rest)
    return release(bytes.subarray(0, max))
  }

  #giveBack(): void {
    const queue = this.#queue
    if (queue.length > 0 && this.#takesBack()) this.#stream.unshift(queue.take(queue.length))
  }

  /** A stream with an encoding would take bytes for characters, of which they may be a half. */
  #takesBack(): boolean {
    return !this.#stream.readableEncoding && !this.#state.closed
  }
}

/** Who reads a stream; from now on its errors are listened for. */
export function readerOf(stream: ReadableLike): StreamReader {
  const state = stateOf(stream)
  state.reader ??= new StreamReader(stream, state)
  return state.reader
}

function heardData(this: ReadableLike, chunk: unknown): void {
  readerOf(this).take(chunk)
}

function heardResume(this: ReadableLike): void {
  readerOf(this).resumed()
}

/** A chunk as bytes, a string in UTF-8; null if it is neither. */
function bytesIn(chunk: unknown): Buffer | null {
  if (typeof chunk === 'string') return Buffer.from(chunk, 'utf8')
  if (Buffer.isBuffer(chunk)) return chunk
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  return null
}
