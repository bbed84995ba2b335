/**
 * What can be asked of a connection's bytes beside `recv`: lines, exact lengths, all of them. Each says when it has enough.
 */

import { type ByteQueue, EMPTY } from '../driver/byte-queue.js'
import { IncompleteReadError, LimitError, shown } from '../errors.js'

/** A line, or whatever else is read at once, is no longer than this unless told otherwise. */
export const DEFAULT_LIMIT = 65_536

/** A block whose length is known may be longer: but that length is, more often than not, what the peer says it is. */
export const DEFAULT_BLOCK_LIMIT = 1_048_576

/** One request for bytes. */
export interface Read {
  /** As the user would write it. */
  readonly name: string
  /** Is asked for anew: one event may be yielded many times. */
  begin?(): void
  /**
   * Takes what was asked for from the bytes that have come.
   *
   * @param ended whether no more will come
   * @returns null: not yet
   * @throws LimitError, IncompleteReadError; the bytes stay where they are
   */
  take(queue: ByteQueue, ended: boolean): Buffer | null
}

/** Bytes up to a terminator, which is part of what is given. */
export class ReadUntil implements Read {
  readonly name: string
  readonly #terminator: Buffer
  readonly #limit: number
  /** Whether the end of the stream ends it too. */
  readonly #partial: boolean
  #searched: number

  constructor(name: string, terminator: string | Uint8Array, limit: number, partial: boolean) {
    this.name = name
    this.#terminator = bytesOf(terminator, name)
    if (this.#terminator.length === 0)
      throw new RangeError(`${name}: expected a terminator of at least one byte, got none`)
    this.#limit = checkCount(limit, `${name}: limit`)
    this.#partial = partial
    this.#searched = 0
  }

  begin(): void {
    this.#searched = 0
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    const end = queue.find(this.#terminator, Math.max(0, this.#searched - this.#terminator.length + 1))
    this.#searched = queue.length
    if (end !== -1 && end - this.#terminator.length <= this.#limit) return queue.take(end)
    // Up to the limit, and the beginning of a terminator.
    if (end !== -1 || queue.length >= this.#limit + this.#terminator.length) {
      throw new LimitError(
        `${this.name}: no terminator within the limit of ${this.#limit} bytes; they are still there to be read`,
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
      queue.peek(queue.length),
    )
  }
}

/** Exactly so many bytes. */
export class ReadExactly implements Read {
  readonly name: string
  readonly #count: number

  constructor(count: number, limit: number) {
    this.name = `readexactly(${count})`
    this.#count = checkCount(count, 'readexactly(n): n')
    if (count > checkCount(limit, `${this.name}: limit`)) {
      throw new LimitError(
        `${this.name}: more than the limit of ${limit} bytes; if that is no peer's whim, raise it: readexactly(n, { limit })`,
      )
    }
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    if (queue.length >= this.#count) return queue.take(this.#count)
    if (!ended) return null
    throw new IncompleteReadError(
      `${this.name}: the stream ended after ${queue.length} bytes`,
      queue.peek(queue.length),
    )
  }
}

/** All bytes up to the end of the stream. */
export class ReadAll implements Read {
  readonly name: string
  readonly #limit: number

  constructor(limit: number) {
    this.name = 'readall()'
    this.#limit = checkCount(limit, 'readall: limit')
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    if (queue.length > this.#limit) {
      throw new LimitError(
        `readall(): more than the limit of ${this.#limit} bytes; they are still there to be read`,
      )
    }
    return ended ? queue.take(queue.length) : null
  }
}

/** A copy of the next bytes, which stay. */
export class Peek implements Read {
  readonly name: string
  readonly #max: number

  constructor(max: number) {
    this.name = `peek(${max})`
    this.#max = checkMax(max, 'peek')
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    if (queue.length > 0) return queue.peek(this.#max)
    return ended ? EMPTY : null
  }
}

/**
 * Checks how many bytes to read at the most.
 *
 * @throws RangeError if that is no positive integer
 */
export function checkMax(max: unknown, operation: string): number {
  if (typeof max === 'number' && max >= 1 && (Number.isInteger(max) || max === Number.POSITIVE_INFINITY))
    return max
  throw new RangeError(`${operation}(max): expected a positive number of bytes, got ${String(max)}`)
}

/**
 * Checks a number of bytes that may be 0.
 *
 * @throws RangeError if it is no integer of 0 or more, and not Infinity
 */
export function checkCount(count: unknown, what: string): number {
  if (
    typeof count === 'number' &&
    count >= 0 &&
    (Number.isInteger(count) || count === Number.POSITIVE_INFINITY)
  )
    return count
  throw new RangeError(`${what}: expected a number of bytes, 0 or more, got ${String(count)}`)
}

/**
 * What is to be sent or looked for, as bytes: a string in UTF-8.
 *
 * @throws TypeError if it is neither
 */
export function bytesOf(data: string | Uint8Array, operation: string): Buffer {
  if (typeof data === 'string') return Buffer.from(data, 'utf8')
  if (Buffer.isBuffer(data)) return data
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  throw new TypeError(`${operation}: expected bytes or a string, got ${shown(data)}`)
}
