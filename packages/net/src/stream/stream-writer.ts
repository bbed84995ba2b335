/**
 * The writing half of a Node stream: its one writer.
 *
 * At most one of our writes is in the stream at a time, including one whose task was killed: a task
 * that gives up and tries again must not fill the stream's buffer.
 */

import { ClosedError } from '@bluelet/scheduler'
import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'
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

/** The handler of all writes to one stream. The argument is what to write. */
export class StreamWriter implements StreamHalf, EventHandler<Buffer, void, undefined> {
  errorDelivered = false
  readonly #stream: WritableLike
  readonly #state: StreamState
  #waiter: Waiter<undefined> | null = null
  /** What the waiter writes. */
  #bytes: Buffer | null = null
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

  describe(bytes: Buffer): string {
    return `write(stream, ${bytes.length} bytes)`
  }

  enter(waiter: Waiter<undefined>, bytes: Buffer): void {
    if (this.#waiter !== null) {
      throw new BusyError(
        `${this.describe(bytes)}: ${this.#waiter.task} is writing to this stream; only one task at a time can write`,
      )
    }
    this.#waiter = waiter
    this.#bytes = bytes
    this.#handedToStream = false
    this.ready()
  }

  withdraw(): void {
    this.#waiter = null
    this.#bytes = null
  }

  ready(): void {
    const waiter = this.#waiter
    const bytes = this.#bytes
    if (waiter === null || bytes === null) return
    try {
      if (!this.#advance(bytes)) return
    } catch (error) {
      this.withdraw()
      waiter.throw(error)
      return
    }
    this.withdraw()
    waiter.resume(undefined)
  }

  /** @returns whether the stream has handed the bytes on */
  #advance(bytes: Buffer): boolean {
    this.#state.assertOpen(this.describe(bytes), this)
    if (this.#handedToStream) return true // #written is calling.
    this.#assertWritable(bytes)
    if (bytes.length === 0) return true
    // Otherwise #written will call, for the write of a task that was killed.
    if (!this.#writePending) this.#handToStream(bytes)
    return false
  }

  #assertWritable(bytes: Buffer): void {
    const { writable, writableEnded = false } = this.#stream
    if (writableEnded || !writable) throw new ClosedError(`${this.describe(bytes)}: after end()`)
  }

  #handToStream(bytes: Buffer): void {
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
