/**
 * Requests for bytes other than `recv`: lines, exact lengths, everything. Each decides from the
 * bytes that have arrived whether it is fulfilled; none of them reads or waits.
 */

import { bytesOf, checkCount, checkMax } from '../check.js'
import { type ByteQueue, EMPTY } from '../driver/byte-queue.js'
import { IncompleteReadError, LimitError } from '../errors.js'

/** The limit of a read whose length is not known beforehand, such as a line. */
export const DEFAULT_LIMIT = 65_536

/**
 * The limit of a block whose length is known. It is higher, but the length often comes from the
 * peer.
 */
export const DEFAULT_BLOCK_LIMIT = 1_048_576

/** One request for bytes. */
export interface ReadRequest {
  /** The request as the user would write it. */
  readonly name: string
  /**
   * How many bytes it looks at if they have arrived, although it waits for fewer. Default: none.
   */
  readonly sees?: number
  /** Forgets an earlier search: one event may be yielded many times. */
  restart?(): void
  /**
   * Takes the requested bytes from those that have arrived.
   *
   * @param ended whether no more bytes will arrive
   * @returns null if more bytes are needed
   * @throws LimitError, IncompleteReadError; the bytes then stay in the queue
   */
  take(queue: ByteQueue, ended: boolean): Buffer | null
}

/** The bytes up to a terminator, which is included. */
export class ReadUntil implements ReadRequest {
  readonly name: string
  readonly #terminator: Buffer
  readonly #limit: number
  /** Whether the end of the stream ends the request as a terminator does. */
  readonly #partial: boolean
  /** How many bytes have been searched. */
  #searched = 0

  constructor(name: string, terminator: string | Uint8Array, limit: number, partial: boolean) {
    this.name = name
    this.#terminator = bytesOf(terminator, name)
    if (this.#terminator.length === 0)
      throw new RangeError(`${name}: expected a terminator of at least one byte, got none`)
    this.#limit = checkCount(limit, `${name}: limit`)
    this.#partial = partial
  }

  restart(): void {
    this.#searched = 0
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    const end = queue.find(this.#terminator, Math.max(0, this.#searched - this.#terminator.length + 1))
    this.#searched = queue.length
    if (end !== -1 && end - this.#terminator.length <= this.#limit) return queue.take(end)
    // The limit does not include the terminator, of which a part may have arrived.
    if (end !== -1 || queue.length >= this.#limit + this.#terminator.length) {
      throw new LimitError(
        `${this.name}: no terminator within the limit of ${this.#limit} bytes; the bytes can still be read`,
      )
    }
    if (!ended) return null
    if (this.#partial || queue.length === 0) {
      if (queue.length > this.#limit)
        throw new LimitError(`${this.name}: more than the limit of ${this.#limit} bytes`)
      if (this.#partial) return queue.take(queue.length)
    }
    throw new IncompleteReadError(
      `${this.name}: the stream ended after ${queue.length} bytes, without the terminator`,
      queue.later(),
    )
  }
}

/** Exactly `count` bytes. */
export class ReadExactly implements ReadRequest {
  readonly name: string
  readonly #count: number

  constructor(count: number, limit: number) {
    this.name = `readexactly(${count})`
    this.#count = checkCount(count, 'readexactly(n): n')
    checkBlock(count, limit, this.name)
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    if (queue.length >= this.#count) return queue.take(this.#count)
    if (!ended) return null
    throw incomplete(this.name, queue)
  }
}

/** All bytes up to the end of the stream. */
export class ReadAll implements ReadRequest {
  readonly name = 'readall()'
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = checkCount(limit, 'readall: limit')
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    if (queue.length > this.#limit) {
      throw new LimitError(
        `readall(): more than the limit of ${this.#limit} bytes; the bytes can still be read`,
      )
    }
    return ended ? queue.take(queue.length) : null
  }
}

/** A copy of the next bytes, which are not taken. */
export class Peek implements ReadRequest {
  readonly name: string
  readonly sees: number
  readonly #max: number

  constructor(max: number) {
    this.name = `peek(${max})`
    this.#max = checkMax(max, 'peek')
    this.sees = Number.isFinite(max) ? max : DEFAULT_LIMIT
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    if (queue.length > 0) return queue.peek(this.#max)
    return ended ? EMPTY : null
  }
}

/** A copy of exactly the next `count` bytes, which are not taken. */
export class PeekExactly implements ReadRequest {
  readonly name: string
  readonly #count: number

  constructor(count: number, limit: number) {
    this.name = `peek(${count})`
    this.#count = checkMax(count, 'peek')
    checkBlock(count, limit, this.name)
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    if (queue.length >= this.#count) return queue.peek(this.#count)
    if (!ended) return null
    throw incomplete(this.name, queue)
  }
}

/** @throws LimitError if a block of known length is longer than the limit */
function checkBlock(count: number, limit: number, name: string): void {
  if (count <= checkCount(limit, `${name}: limit`)) return
  const call = name.replace(/\(.*/, '(n, { limit })')
  throw new LimitError(
    `${name}: more than the limit of ${limit} bytes; unless the peer chose that length, raise the limit: ${call}`,
  )
}

function incomplete(name: string, queue: ByteQueue): IncompleteReadError {
  return new IncompleteReadError(`${name}: the stream ended after ${queue.length} bytes`, queue.later())
}
