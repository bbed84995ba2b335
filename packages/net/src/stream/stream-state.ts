/**
 * The state of a Node stream that is read or written here: whether it has ended, failed or been
 * closed, and which halves must be told. The data itself is the business of the halves.
 */

import { ClosedError } from '@bluelet/scheduler'
import type { ReadableLike, WritableLike } from './node-streams.js'

/** One direction of a stream. */
export interface StreamHalf {
  /** Whether a task has received the stream's error through this half. */
  errorDelivered: boolean
  /** The stream has ended, failed or been closed, so that a waiting task must be answered. */
  ready(): void
}

/**
 * By stream, so that the listeners are shared functions: two or four for each stream, however often
 * it is used.
 */
const states = new WeakMap<object, StreamState>()

/** The state of one stream, from its first use on. */
export class StreamState {
  reader: StreamHalf | null = null
  writer: StreamHalf | null = null
  readonly #stream: ReadableLike | WritableLike
  #ended = false
  #closed = false
  #failure: { readonly error: unknown } | null = null

  constructor(stream: ReadableLike | WritableLike) {
    this.#stream = stream
    // These are never removed: an error without a listener would end the process.
    stream.on('error', onError)
    stream.on('close', onClose)
  }

  /** Whether everything has been read from the stream. */
  get ended(): boolean {
    return this.#ended || ('readableEnded' in this.#stream && this.#stream.readableEnded === true)
  }

  get failed(): boolean {
    // `errored` is set before 'error' is emitted; and an error from before the first use is not
    // emitted again.
    if (this.#failure === null && this.#stream.errored) this.#failure = { error: this.#stream.errored }
    return this.#failure !== null
  }

  /** Whether nothing more will come from the stream, whether or not it has reached its end. */
  get closed(): boolean {
    return this.#closed || this.#stream.destroyed === true || this.failed
  }

  /** @throws the stream's error, once for each half; later, and without an error, a ClosedError */
  assertOpen(operation: string, half: StreamHalf): void {
    if (!this.closed) return
    if (!this.failed) throw new ClosedError(`${operation}: the stream is closed`)
    const error = this.#failure?.error
    if (half.errorDelivered) {
      throw new ClosedError(`${operation}: the stream is closed, because it has failed`, { cause: error })
    }
    half.errorDelivered = true
    throw error
  }

  listenForEnd(): void {
    this.#stream.on('end', onEnd)
  }

  markFailed(error: unknown): void {
    this.#failure ??= { error }
    this.reader?.ready()
    this.writer?.ready()
  }

  markEnded(): void {
    this.#ended = true
    this.reader?.ready()
  }

  markClosed(): void {
    this.#closed = true
    this.reader?.ready()
    this.writer?.ready()
  }
}

/** The state of a stream, whose errors and end are listened for from now on. */
export function stateOf(stream: ReadableLike | WritableLike): StreamState {
  let state = states.get(stream)
  if (state === undefined) {
    state = new StreamState(stream)
    states.set(stream, state)
  }
  return state
}

function onError(this: object, error: unknown): void {
  states.get(this)?.markFailed(error)
}

function onClose(this: object): void {
  states.get(this)?.markClosed()
}

function onEnd(this: object): void {
  states.get(this)?.markEnded()
}
