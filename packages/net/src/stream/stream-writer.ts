/**
 * The writing half of a Node stream: its one writer.
 *
 * At most one of our writes is in the stream at a time, including one whose task was killed: a task
 * that gives up and tries again must not fill the stream's buffer.
 */

import { ClosedError } from '@bluelet/scheduler'
import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'
import { isUnchanged } from '../check.js'
import { BusyError } from '../errors.js'
import type { WritableLike } from './node-streams.js'
import { type StreamHalf, type StreamState, stateOf } from './stream-state.js'

const writers = new WeakMap<WritableLike, StreamWriter>()

/** The writer of a stream, whose errors are listened for from now on. */
export function writerOf(stream: WritableLike): StreamWriter {
  let writer = writers.get(stream)
  if (writer === undefined) {
    writer = new StreamWriter(stream, stateOf(stream))
    writers.set(stream, writer)
  }
  return writer
}

/** What is to be written. */
export interface StreamWrite {
  readonly bytes: Buffer
  /**
   * The number of bytes when the event was made. Their memory may be transferred or shrunk later.
   */
  readonly length: number
}

/** The handler of all writes to one stream. */
export class StreamWriter implements StreamHalf, EventHandler<StreamWrite, void, undefined> {
  errorDelivered = false
  readonly #stream: WritableLike
  readonly #state: StreamState
  #waiter: Waiter<undefined> | null = null
  /** What the waiter writes. */
  #write: StreamWrite | null = null
  /** Whether the stream has those bytes. */
  #handedToStream = false
  /** Whether the stream has bytes of ours and has not called back. */
  #writePending = false
  readonly #onWritten: (error?: Error | null) => void

  constructor(stream: WritableLike, state: StreamState) {
    this.#stream = stream
    this.#state = state
    this.#onWritten = (error) => this.#written(error)
    state.writer = this
  }

  get name(): string {
    return 'write'
  }

  get external(): string {
    return 'stream'
  }

  on(): object {
    return this.#stream
  }

  describe({ length }: StreamWrite): string {
    return `write(stream, ${length} bytes)`
  }

  enter(waiter: Waiter<undefined>, write: StreamWrite): void {
    if (this.#waiter !== null) {
      throw new BusyError(
        `${this.describe(write)}: ${this.#waiter.task} is writing to this stream; only one task at a time can write`,
      )
    }
    this.#waiter = waiter
    this.#write = write
    this.#handedToStream = false
    this.ready()
  }

  withdraw(): void {
    this.#waiter = null
    this.#write = null
  }

  ready(): void {
    const waiter = this.#waiter
    const write = this.#write
    if (waiter === null || write === null) return
    try {
      if (!this.#advance(write)) return
    } catch (error) {
      this.withdraw()
      waiter.throw(error)
      return
    }
    this.withdraw()
    waiter.resume(undefined)
  }

  /** @returns whether the stream has handed the bytes on */
  #advance(write: StreamWrite): boolean {
    this.#state.assertOpen(this.describe(write), this)
    this.#assertUnchanged(write)
    if (this.#handedToStream) return true // #written is calling.
    this.#assertWritable(write)
    if (write.length === 0) return true
    // Otherwise #written will call, for the write of a task that was killed.
    if (!this.#writePending) this.#handToStream(write)
    return false
  }

  /** A stream that holds the bytes would write others, or none, and report success. */
  #assertUnchanged(write: StreamWrite): void {
    if (isUnchanged(write.bytes, write.length)) return
    const extent = this.#handedToStream ? 'it is unknown what the stream has written' : 'nothing was written'
    throw new TypeError(
      `${this.describe(write)}: the memory was transferred or resized before it was written; ${extent}; write a copy`,
    )
  }

  #assertWritable(write: StreamWrite): void {
    const { writable, writableEnded = false } = this.#stream
    if (writableEnded || !writable) throw new ClosedError(`${this.describe(write)}: after end()`)
  }

  #handToStream({ bytes }: StreamWrite): void {
    this.#handedToStream = true
    this.#writePending = true
    try {
      this.#stream.write(bytes, this.#onWritten)
    } catch (error) {
      // Standard output to a file writes synchronously and throws. Node then calls back for no
      // later write.
      this.#state.markFailed(error)
    }
  }

  /**
   * The callback of every write. It also reports success for bytes that `destroy()` has discarded,
   * which is why `#advance` first asserts that the stream is open.
   */
  #written(error: Error | null | undefined): void {
    this.#writePending = false
    if (error && !this.#state.closed) this.#state.markFailed(error)
    else this.ready()
  }
}
