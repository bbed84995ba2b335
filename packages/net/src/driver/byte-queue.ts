/**
 * Bytes that have arrived and wait to be read: a list of chunks, looked at without joining them.
 */

if (typeof Buffer === 'undefined') {
  throw new Error(
    '@bluelet/net needs a Buffer: where there is none, as in a browser, first set globalThis.Buffer to that of the package `buffer`',
  )
}

/** No bytes: the end of the stream. */
export const EMPTY: Buffer = Buffer.alloc(0)

/** A chunk of at most this size is copied behind the one before, so that a drip of single bytes costs about a byte each. */
const SMALL = 1024
/** The size of the blocks into which small chunks are copied. */
const BLOCK = 8192

/** A queue of bytes. Every operation is linear in the bytes that it is about, however they were split. */
export class ByteQueue {
  readonly #chunks: Buffer[]
  /** The chunks before it have been taken. */
  #first: number
  #length: number
  /** The block of which the last chunk is a part, and how much of it is filled; null if there is none. */
  #block: Buffer | null
  #filled: number
  /** A chunk, and the offset of its first byte from the front, from which the next search may begin. */
  #cursor: number
  #cursorOffset: number

  constructor() {
    this.#chunks = []
    this.#first = 0
    this.#length = 0
    this.#block = null
    this.#filled = 0
    this.#cursor = 0
    this.#cursorOffset = 0
  }

  /** How many bytes it holds. */
  get length(): number {
    return this.#length
  }

  /** Puts bytes at the end; they must not change any more. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#length += chunk.length
    if (chunk.length > SMALL || this.#first === this.#chunks.length) {
      this.#chunks.push(chunk)
      this.#block = null
    } else this.#pushSmall(chunk)
  }

  /** Takes up to `max` bytes from the front, no more than lie in one piece. */
  takeSome(max: number): Buffer {
    const chunk = this.#chunks[this.#first]
    return chunk === undefined ? EMPTY : this.take(Math.min(max, chunk.length))
  }

  /** Takes exactly `n` bytes from the front; there must be as many. */
  take(n: number): Buffer {
    const first = this.#chunks[this.#first]
    if (first === undefined || n === 0) return EMPTY
    this.#length -= n
    this.#cursor = 0
    this.#cursorOffset = 0
    if (first.length > n) {
      this.#chunks[this.#first] = first.subarray(n)
      return release(first.subarray(0, n))
    }
    if (first.length === n) {
      this.#dropFirst()
      return release(first)
    }
    const joined = Buffer.allocUnsafe(n)
    let filled = 0
    while (filled < n) {
      const chunk = this.#chunks[this.#first] as Buffer // The caller has asked for no more than there is.
      const used = chunk.copy(joined, filled, 0, n - filled)
      filled += used
      if (used === chunk.length) this.#dropFirst()
      else this.#chunks[this.#first] = chunk.subarray(used)
    }
    return joined
  }

  /** A copy of up to `max` bytes from the front, which stay. */
  peek(max: number): Buffer {
    const n = Math.min(max, this.#length)
    const copy = Buffer.allocUnsafe(n)
    let filled = 0
    for (let i = this.#first; filled < n; i++) {
      filled += (this.#chunks[i] as Buffer).copy(copy, filled, 0, n - filled) // n is no more than there is.
    }
    return copy
  }

  /**
   * Where `terminator` ends for the first time, counted from the front; -1: nowhere.
   *
   * @param from where to begin; all that lies before has been searched
   */
  find(terminator: Buffer, from: number): number {
    const overlap = terminator.length - 1
    const resumed = this.#cursor > this.#first && this.#cursorOffset <= from
    let offset = resumed ? this.#cursorOffset : 0
    /** The end of what was searched: a terminator that begins there may end in the next chunk. */
    let tail = EMPTY
    for (let i = resumed ? this.#cursor : this.#first; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i] as Buffer // Every index from the first on is filled.
      if (tail.length > 0) {
        const seam = Buffer.concat([tail, chunk.subarray(0, overlap)]).indexOf(terminator)
        if (seam !== -1) return offset - tail.length + seam + terminator.length
      }
      const found = chunk.indexOf(terminator, Math.max(0, from - offset))
      if (found !== -1) return offset + found + terminator.length
      tail = overlap === 0 ? EMPTY : lastBytes(tail, chunk, overlap)
      // The next search begins `overlap` before the end: no chunk that lies before that is needed again.
      if (offset <= this.#length - overlap) {
        this.#cursor = i
        this.#cursorOffset = offset
      }
      offset += chunk.length
    }
    return -1
  }

  /** Forgets all. */
  clear(): void {
    this.#chunks.length = 0
    this.#first = 0
    this.#length = 0
    this.#block = null
    this.#cursor = 0
    this.#cursorOffset = 0
  }

  #pushSmall(chunk: Buffer): void {
    const last = this.#chunks.length - 1
    if (this.#block !== null && this.#filled + chunk.length <= BLOCK) {
      const lastChunk = this.#chunks[last] as Buffer // There is a block only while its part is the last chunk.
      chunk.copy(this.#block, this.#filled)
      this.#filled += chunk.length
      this.#chunks[last] = this.#block.subarray(this.#filled - chunk.length - lastChunk.length, this.#filled)
      return
    }
    this.#block = Buffer.allocUnsafeSlow(BLOCK)
    this.#filled = chunk.copy(this.#block)
    this.#chunks.push(this.#block.subarray(0, this.#filled))
  }

  #dropFirst(): void {
    this.#chunks[this.#first] = EMPTY
    this.#first++
    if (this.#first === this.#chunks.length) {
      this.#chunks.length = 0
      this.#first = 0
      this.#block = null
    } else if (this.#first > 32 && this.#first * 2 > this.#chunks.length) {
      this.#chunks.splice(0, this.#first)
      this.#first = 0
    }
  }
}

function lastBytes(before: Buffer, chunk: Buffer, n: number): Buffer {
  if (chunk.length >= n) return chunk.subarray(chunk.length - n)
  const both = Buffer.concat([before, chunk])
  return both.length > n ? both.subarray(both.length - n) : both
}

/**
 * Bytes to keep: a small part of a large piece of memory is copied, so that ten bytes do not keep 64 KiB alive. Small copies
 * share a block of our own: Node's pool is as large as what is to be let go.
 */
export function release(part: Buffer): Buffer {
  const { length } = part
  if (length * 2 >= part.buffer.byteLength) return part
  let copy: Buffer
  if (length > BLOCK / 2) copy = Buffer.allocUnsafeSlow(length)
  else {
    if (pooled + length > BLOCK) {
      pool = Buffer.allocUnsafeSlow(BLOCK)
      pooled = 0
    }
    copy = pool.subarray(pooled, pooled + length)
    pooled += length
  }
  part.copy(copy)
  return copy
}

/** The block that small copies share, and how much of it is taken. */
let pool = EMPTY
let pooled = BLOCK
