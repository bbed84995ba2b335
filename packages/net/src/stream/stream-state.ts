/**
 * What is known of a stream of Node's that is read or written here: how it has stopped, and whom that concerns.
 */

import { ClosedError } from '@bluelet/scheduler'
import type { ReadableLike, StreamReader } from './stream-reader.js'
import type { StreamWriter, WritableLike } from './stream-writer.js'

/** One direction of a stream. */
export interface Half {
  /** Whether somebody who reads, or writes, has had the stream's error. */
  errorDelivered: boolean
  /** The stream has ended, failed or been closed: whoever waits for it is to be answered. */
  ready(): void
}

/** By stream: so that its listeners are shared functions, two or four for each, however often it is used. */
const watched = new WeakMap<object, StreamState>()

/** A stream, from its first use on. */
export class StreamState {
  reader: StreamReader | null
  writer: StreamWriter | null
  readonly #stream: ReadableLike | WritableLike
  #ended: boolean
  #closed: boolean
  #failure: { readonly error: unknown } | null

  constructor(stream: ReadableLike | WritableLike) {
    this.reader = null
    this.writer = null
    this.#stream = stream
    this.#ended = false
    this.#closed = false
    this.#failure = null
    // For good: an error that nobody listens for would end the process.
    stream.on('error', heardError)
    stream.on('close', heardClose)
  }

  /** Everything that there was to read has been read from it. */
  get ended(): boolean {
    return this.#ended || ('readableEnded' in this.#stream && this.#stream.readableEnded === true)
  }

  get failed(): boolean {
    // It says so before it emits 'error'; and an error from before its first use it emits no more.
    if (this.#failure === null && this.#stream.errored) this.#failure = { error: this.#stream.errored }
    return this.#failure !== null
  }

  /** Whether nothing more will come of it, end or no end. */
  get closed(): boolean {
    return this.#closed || this.#stream.destroyed === true || this.failed
  }

  /** Throws what has closed it: the error itself to the first of each direction, that it is closed to whoever comes later. */
  assertOpen(operation: string, half: Half): void {
    if (!this.closed) return
    if (!this.failed) throw new ClosedError(`${operation}: the stream is closed`)
    const error = this.#failure?.error
    if (half.errorDelivered) {
      throw new ClosedError(`${operation}: the stream is closed, because it has failed`, { cause: error })
    }
    half.errorDelivered = true
    throw error
  }

  /** Is told about the end, too. */
  listenForEnd(): void {
    this.#stream.on('end', heardEnd)
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
    this.reader?.ready()
    this.writer?.ready()
  }

  end(): void {
    this.#ended = true
    this.reader?.ready()
  }

  close(): void {
    this.#closed = true
    this.reader?.ready()
    this.writer?.ready()
  }
}

/** What is known of a stream; from now on it is watched. */
export function stateOf(stream: ReadableLike | WritableLike): StreamState {
  let known = watched.get(stream)
  if (known === undefined) {
    known = new StreamState(stream)
    watched.set(stream, known)
  }
  return known
}

function heardError(this: object, error: unknown): void {
  watched.get(this)?.fail(error)
}

function heardClose(this: object): void {
  watched.get(this)?.close()
}

function heardEnd(this: object): void {
  watched.get(this)?.end()
}
