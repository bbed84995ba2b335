/**
 * Requests for bytes other than `recv`: lines, exact lengths, everything. Each decides from the
 * bytes that have arrived whether it is fulfilled; none of them reads or waits.
 */

import { bytesOf, checkCount, checkMax, isCount } from '../check.js'
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
  /** The terminator as the queue looks for it. */
  readonly #sought: number | Buffer
  /** The length of the terminator. */
  readonly #length: number
  readonly #limit: number
  /** Whether the end of the stream ends the request as a terminator does. */
  readonly #partial: boolean

  constructor(name: string, terminator: string | Uint8Array, limit: number, partial: boolean) {
    this.name = name
    const bytes = bytesOf(terminator, name)
    if (bytes.length === 0)
      throw new RangeError(`${name}: expected a terminator of at least one byte, got none`)
    // The bytes are copied because the caller may change theirs between two yields.
    this.#sought = bytes.length === 1 ? (bytes[0] as number) : Buffer.from(bytes)
    this.#length = bytes.length
    this.#limit = checkCount(limit, `${name}: limit`)
    this.#partial = partial
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    const end = queue.find(this.#sought)
    if (end !== -1 && end - this.#length <= this.#limit) return queue.take(end)
    // The limit does not include the terminator, of which a part may have arrived.
    if (end !== -1 || queue.length >= this.#limit + this.#length) {
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

// Requests that all connections share: most lines end by one of these, and need none of their own.
const LINE_LF = new ReadUntil('readline()', '\n', DEFAULT_LIMIT, true)
const LINE_CRLF = new ReadUntil('readline()', '\r\n', DEFAULT_LIMIT, true)
const UNTIL_LF = new ReadUntil('readuntil()', '\n', DEFAULT_LIMIT, false)
const UNTIL_CRLF = new ReadUntil('readuntil()', '\r\n', DEFAULT_LIMIT, false)

/** A request for a line. */
export function lineRequest(terminator: string | Uint8Array, limit: number = DEFAULT_LIMIT): ReadUntil {
  if (limit === DEFAULT_LIMIT && terminator === '\n') return LINE_LF
  if (limit === DEFAULT_LIMIT && terminator === '\r\n') return LINE_CRLF
  return new ReadUntil('readline()', terminator, limit, true)
}

/** A request for bytes up to a terminator. */
export function untilRequest(terminator: string | Uint8Array, limit: number = DEFAULT_LIMIT): ReadUntil {
  if (limit === DEFAULT_LIMIT && terminator === '\n') return UNTIL_LF
  if (limit === DEFAULT_LIMIT && terminator === '\r\n') return UNTIL_CRLF
  return new ReadUntil('readuntil()', terminator, limit, false)
}

/** Exactly `count` bytes. */
export class ReadExactly implements ReadRequest {
  readonly #count: number

  constructor(count: number, limit: number) {
    this.#count = checkCount(count, 'readexactly(n): n')
    checkBlock(this, count, limit)
  }

  get name(): string {
    return `readexactly(${this.#count})`
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
  readonly #count: number

  constructor(count: number, limit: number) {
    this.#count = checkMax(count, 'peek')
    checkBlock(this, count, limit)
  }

  get name(): string {
    return `peek(${this.#count})`
  }

  take(queue: ByteQueue, ended: boolean): Buffer | null {
    if (queue.length >= this.#count) return queue.peek(this.#count)
    if (!ended) return null
    throw incomplete(this.name, queue)
  }
}

/** @throws LimitError if a block of known length is longer than the limit */
function checkBlock(request: ReadRequest, count: number, limit: number): void {
  if (isCount(limit) && count <= limit) return
  const { name } = request
  if (count <= checkCount(limit, `${name}: limit`)) return
  const call = name.replace(/\(.*/, '(n, { limit })')
  throw new LimitError(
    `${name}: more than the limit of ${limit} bytes; unless the peer chose that length, raise the limit: ${call}`,
  )
}

function incomplete(name: string, queue: ByteQueue): IncompleteReadError {
  return new IncompleteReadError(`${name}: the stream ended after ${queue.length} bytes`, queue.later())
}
