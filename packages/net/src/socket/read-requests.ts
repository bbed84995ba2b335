/**
 * Requests for bytes other than `recv`: lines, exact lengths, everything. Each decides from the
 * bytes that have arrived whether it is fulfilled; none of them reads or waits.
 */

import { LATER } from '@bluelet/scheduler/lowlevel'
import { bytesOf, checkCount, checkMax, isCount, isUnchanged, shown } from '../check.js'
import { type ByteQueue, EMPTY } from '../driver/byte-queue.js'
import { IncompleteReadError, LimitError } from '../errors.js'

/** The limit of a read whose length is not known beforehand, such as a line. */
export const DEFAULT_LIMIT = 65_536

/**
 * The limit of a block whose length is known. It is higher, but the length often comes from the
 * peer.
 */
export const DEFAULT_BLOCK_LIMIT = 1_048_576

/** The encodings of text that is read. In `latin1` each byte is a character. */
export type TextEncoding = 'utf8' | 'utf-8' | 'latin1'

/** One request for bytes. */
export interface ReadRequest<T = unknown> {
  /** The request as the user would write it. */
  readonly name: string
  /**
   * How many bytes it looks at if they have arrived, although it waits for fewer. Default: none.
   */
  readonly sees?: number
  /**
   * Takes the answer from the bytes that have arrived.
   *
   * @param ended whether no more bytes will arrive. A try with all of these bytes has come before
   * @param forBranch whether a branch is answered, so that the bytes may have to be put back
   * @returns LATER if more bytes are needed
   * @throws LimitError, IncompleteReadError; the bytes then stay in the queue
   */
  take(queue: ByteQueue, ended: boolean, forBranch: boolean): T | typeof LATER
  /** The bytes of its last answer, which was for a branch, if that answer is not the bytes. */
  answered?(answer: T): Buffer
}

/** What an end of the stream means to a request that waits for a terminator or a length. */
export type AtEnd = 'error' | 'empty'

/** The bytes up to a terminator, which is included. */
export class ReadUntil implements ReadRequest<Buffer> {
  readonly name: string
  /** The length of the terminator. */
  readonly length: number
  /** The terminator as the queue looks for it. */
  readonly #sought: number | Buffer
  readonly #limit: number
  readonly #atEnd: AtEnd | 'partial'

  /** @param atEnd `partial`: the end of the stream ends the request as a terminator does */
  constructor(name: string, terminator: string | Uint8Array, limit: number, atEnd: AtEnd | 'partial') {
    this.name = name
    const bytes = bytesOf(terminator, name)
    if (bytes.length === 0)
      throw new RangeError(`${name}: expected a terminator of at least one byte, got none`)
    // The bytes are copied because the caller may change theirs between two yields.
    this.#sought = bytes.length === 1 ? (bytes[0] as number) : Buffer.from(bytes)
    this.length = bytes.length
    this.#limit = checkCount(limit, `${name}: limit`)
    this.#atEnd = atEnd
  }

  take(queue: ByteQueue, ended: boolean): Buffer | typeof LATER {
    const end = this.find(queue, ended)
    return end === -1 ? LATER : queue.take(end)
  }

  /** How many bytes are the answer, or -1 if more are needed. @throws as `take` */
  find(queue: ByteQueue, ended: boolean): number {
    const end = queue.find(this.#sought)
    if (end !== -1 && end - this.length <= this.#limit) return end
    // The limit does not include the terminator, of which a part may have arrived.
    if (end !== -1 || queue.length >= this.#limit + this.length) {
      throw new LimitError(
        `${this.name}: no terminator within the limit of ${this.#limit} bytes; the bytes can still be read`,
      )
    }
    if (!ended) return -1
    if (this.#atEnd === 'partial') {
      if (queue.length <= this.#limit) return queue.length
      throw new LimitError(`${this.name}: more than the limit of ${this.#limit} bytes`)
    }
    if (this.#atEnd === 'empty' && queue.length === 0) return 0
    throw new IncompleteReadError(
      `${this.name}: the stream ended after ${queue.length} bytes, without the terminator`,
      queue.later(),
    )
  }
}

/** As many bytes as there are, in memory of the caller's; gives their number. */
export class ReadInto implements ReadRequest<number> {
  readonly #target: Uint8Array
  readonly #length: number

  constructor(target: Uint8Array) {
    if (!(target instanceof Uint8Array)) {
      throw new TypeError(`recvInto(buffer): expected a Uint8Array, such as a Buffer, got ${shown(target)}`)
    }
    if (target.length === 0)
      throw new RangeError('recvInto(buffer): expected a buffer of at least one byte, got none')
    this.#target = target
    this.#length = target.length
  }

  get name(): string {
    return `recvInto(${this.#length} bytes)`
  }

  /** The memory. @throws TypeError if it is not what it was at the call */
  get target(): Uint8Array {
    if (isUnchanged(this.#target, this.#length)) return this.#target
    throw new TypeError(
      `${this.name}: the memory of the buffer was transferred or resized before the read was done; nothing was read`,
    )
  }

  take(queue: ByteQueue): number {
    return queue.takeInto(this.target)
  }

  answered(count: number): Buffer {
    return Buffer.from(this.target.subarray(0, count))
  }
}

/** A line as text, without its terminator; null at the end of the stream. */
export class ReadText implements ReadRequest<string | null> {
  readonly #line: ReadUntil
  readonly #encoding: TextEncoding
  #answered: Buffer = EMPTY

  constructor(line: ReadUntil, encoding: TextEncoding) {
    this.#line = line
    this.#encoding = encoding
  }

  get name(): string {
    return this.#line.name
  }

  take(queue: ByteQueue, ended: boolean, forBranch: boolean): string | null | typeof LATER {
    const length = this.#line.find(queue, ended)
    if (length === -1) return LATER
    if (length === 0) return null
    if (forBranch) this.#answered = queue.peek(length)
    return queue.takeText(length, ended ? 0 : this.#line.length, this.#encoding)
  }

  answered(): Buffer {
    return this.#answered
  }
}

// Requests that all connections share: most lines end by one of these, and need none of their own.
const LINE_LF = new ReadUntil('readline()', '\n', DEFAULT_LIMIT, 'partial')
const LINE_CRLF = new ReadUntil('readline()', '\r\n', DEFAULT_LIMIT, 'partial')
const UNTIL_LF = new ReadUntil('readuntil()', '\n', DEFAULT_LIMIT, 'error')
const UNTIL_CRLF = new ReadUntil('readuntil()', '\r\n', DEFAULT_LIMIT, 'error')

/** A request for a line. */
export function lineRequest(terminator: string | Uint8Array, limit: number = DEFAULT_LIMIT): ReadUntil {
  if (limit === DEFAULT_LIMIT && terminator === '\n') return LINE_LF
  if (limit === DEFAULT_LIMIT && terminator === '\r\n') return LINE_CRLF
  return new ReadUntil('readline()', terminator, limit, 'partial')
}

/** A request for a line as text. */
export function textRequest(
  terminator: string | Uint8Array,
  encoding: TextEncoding,
  limit?: number,
): ReadText {
  const name = 'readline()'
  if (encoding !== 'utf8' && encoding !== 'utf-8' && encoding !== 'latin1') {
    throw new TypeError(
      `${name}: encoding: expected 'utf8' or 'latin1', got ${shown(encoding)}; for another one read bytes, and convert them`,
    )
  }
  if (typeof terminator !== 'string') {
    throw new TypeError(
      `${name}: expected a terminator that is a string, since the line is text, got ${shown(terminator)}; give it as a string, such as '\\0'`,
    )
  }
  return new ReadText(lineRequest(encoding === 'latin1' ? inLatin1(terminator) : terminator, limit), encoding)
}

/** A terminator that is sought as UTF-8, or in bytes. */
function inLatin1(terminator: string): string | Buffer {
  if (terminator === '\n' || terminator === '\r\n') return terminator
  const bytes = Buffer.from(terminator, 'latin1')
  if (bytes.toString('latin1') === terminator) return bytes
  throw new RangeError(
    `readline(): expected a terminator of characters that 'latin1' has, got ${shown(terminator)}`,
  )
}

/** A request for bytes up to a terminator. */
export function untilRequest(
  terminator: string | Uint8Array,
  limit: number = DEFAULT_LIMIT,
  atEnd: AtEnd = 'error',
): ReadUntil {
  if (limit === DEFAULT_LIMIT && atEnd === 'error') {
    if (terminator === '\n') return UNTIL_LF
    if (terminator === '\r\n') return UNTIL_CRLF
  }
  return new ReadUntil('readuntil()', terminator, limit, checkEnd('readuntil', atEnd))
}

/** Exactly `count` bytes. */
export class ReadExactly implements ReadRequest<Buffer> {
  readonly #count: number
  readonly #atEnd: AtEnd

  constructor(count: number, limit: number = DEFAULT_BLOCK_LIMIT, atEnd: AtEnd = 'error') {
    this.#count = checkCount(count, 'readexactly(n): n')
    this.#atEnd = checkEnd('readexactly', atEnd)
    checkBlock(this, count, limit)
  }

  get name(): string {
    return `readexactly(${this.#count})`
  }

  take(queue: ByteQueue, ended: boolean): Buffer | typeof LATER {
    if (queue.length >= this.#count) return queue.take(this.#count)
    if (!ended) return LATER
    if (this.#atEnd === 'empty' && queue.length === 0) return EMPTY
    throw incomplete(this.name, queue)
  }
}

/** All bytes up to the end of the stream. */
export class ReadAll implements ReadRequest<Buffer> {
  readonly name = 'readall()'
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = checkCount(limit, 'readall: limit')
  }

  take(queue: ByteQueue, ended: boolean): Buffer | typeof LATER {
    if (queue.length > this.#limit) {
      throw new LimitError(
        `readall(): more than the limit of ${this.#limit} bytes; the bytes can still be read`,
      )
    }
    return ended ? queue.take(queue.length) : LATER
  }
}

/** A copy of the next bytes, which are not taken. */
export class Peek implements ReadRequest<Buffer> {
  readonly name: string
  readonly sees: number
  readonly #max: number

  constructor(max: number) {
    this.name = `peek(${max})`
    this.#max = checkMax(max, 'peek')
    this.sees = Number.isFinite(max) ? max : DEFAULT_LIMIT
  }

  take(queue: ByteQueue, ended: boolean): Buffer | typeof LATER {
    if (queue.length > 0) return queue.peek(this.#max)
    return ended ? EMPTY : LATER
  }
}

/** A copy of exactly the next `count` bytes, which are not taken. */
export class PeekExactly implements ReadRequest<Buffer> {
  readonly #count: number

  constructor(count: number, limit: number) {
    this.#count = checkMax(count, 'peek')
    checkBlock(this, count, limit)
  }

  get name(): string {
    return `peek(${this.#count})`
  }

  take(queue: ByteQueue, ended: boolean): Buffer | typeof LATER {
    if (queue.length >= this.#count) return queue.peek(this.#count)
    if (!ended) return LATER
    throw incomplete(this.name, queue)
  }
}

function checkEnd(operation: string, atEnd: AtEnd): AtEnd {
  if (atEnd === 'error' || atEnd === 'empty') return atEnd
  throw new TypeError(`${operation}: end: expected 'error' or 'empty', got ${shown(atEnd)}`)
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
