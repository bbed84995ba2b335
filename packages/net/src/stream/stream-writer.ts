/**
 * The writing half of a stream of Node's: its one writer.
 *
 * One write of ours at a time is in the stream, a killed one included, so that whoever gives up and tries again does not
 * fill its buffer.
 */

import { ClosedError } from '@bluelet/scheduler'
import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'
import { BusyError } from '../errors.js'
import { type Half, type StreamState, stateOf } from './stream-state.js'

/** What {@link write} needs of a writable stream; those of Node have it: files, pipes, sockets, `process.stdout`, zlib ... */
export interface WritableLike {
  /** Whether it can be written to. */
  readonly writable: boolean
  /** Whether `end()` has been called. */
  readonly writableEnded?: boolean
  /** Whether nothing more can be done with it. */
  readonly destroyed?: boolean
  /** The error that has destroyed it. */
  readonly errored?: Error | null
  /** Writes bytes; the callback is called once they have been handed on, or with an error. */
  write(chunk: Uint8Array, callback: (error?: Error | null) => void): unknown
  /** Adds a listener. */
  on(event: string, listener: (argument: unknown) => void): unknown
}

/** The events that write to one stream. The argument is what is to be written. */
export class StreamWriter implements Half, EventHandler<Buffer, void, undefined> {
  errorDelivered: boolean
  readonly #stream: WritableLike
  readonly #state: StreamState
  #waiter: Waiter<undefined> | null
  #asked: Buffer | null
  /** The stream has what is asked for. */
  #handedToStream: boolean
  /** The stream has bytes of ours, and has not called back. */
  #writePending: boolean
  readonly #onWritten: (error?: Error | null) => void

  constructor(stream: WritableLike, state: StreamState) {
    this.errorDelivered = false
    this.#stream = stream
    this.#state = state
    this.#waiter = null
    this.#asked = null
    this.#handedToStream = false
    this.#writePending = false
    this.#onWritten = (error) => this.#written(error)
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

  enter(waiter: Waiter<undefined>, asked: Buffer): void {
    if (this.#waiter !== null) {
      throw new BusyError(
        `${this.describe(asked)}: ${this.#waiter.task} is writing to this stream; one task at a time writes to it`,
      )
    }
    this.#waiter = waiter
    this.#asked = asked
    this.#handedToStream = false
    this.ready()
  }

  withdraw(): void {
    this.#waiter = null
    this.#asked = null
  }

  ready(): void {
    const waiter = this.#waiter
    const asked = this.#asked
    if (waiter === null || asked === null) return
    try {
      if (!this.#advance(asked)) return
    } catch (error) {
      this.withdraw()
      waiter.throw(error)
      return
    }
    this.withdraw()
    waiter.resume(undefined)
  }

  /** @returns whether the stream has handed on what is asked for */
  #advance(asked: Buffer): boolean {
    this.#state.assertOpen(this.describe(asked), this)
    if (this.#handedToStream) return true
    this.#assertOpen(asked)
    if (asked.length === 0) return true
    if (!this.#writePending) this.#handToStream(asked)
    return false
  }

  #assertOpen(asked: Buffer): void {
    const { writable, writableEnded = false } = this.#stream
    if (writableEnded || !writable) throw new ClosedError(`${this.describe(asked)}: after end()`)
  }

  #handToStream(bytes: Buffer): void {
    this.#handedToStream = true
    this.#writePending = true
    try {
      this.#stream.write(bytes, this.#onWritten)
    } catch (error) {
      // Standard output to a file writes at once and throws; Node then calls back for no later write.
      this.#state.fail(error)
    }
  }

  /** The callback of every write. It also says success of bytes that destroy() has thrown away: `assertOpen` comes first. */
  #written(error: Error | null | undefined): void {
    this.#writePending = false
    if (error && !this.#state.closed) this.#state.fail(error)
    else this.ready()
  }
}

/** Who writes to a stream; from now on its errors are listened for. */
export function writerOf(stream: WritableLike): StreamWriter {
  const state = stateOf(stream)
  state.writer ??= new StreamWriter(stream, state)
  return state.writer
}
