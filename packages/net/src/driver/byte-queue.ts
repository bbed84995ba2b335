/**
 * A queue of bytes that have arrived and wait to be read: a list of chunks that can be searched
 * without joining them. It is not a stream: it has no end, no limit and no waiting.
 */

if (typeof Buffer === 'undefined') {
  throw new Error(
    '@bluelet/net needs Buffer: in a browser, first set globalThis.Buffer to that of the package `buffer`',
  )
}

/** No bytes, which means the end of the stream. */
export const EMPTY: Buffer = Buffer.alloc(0)

/**
 * Chunks up to this size are appended to the previous one, so that single bytes cost about a byte
 * each.
 */
const SMALL = 1024
/** The size of the blocks that small chunks are copied into. */
const BLOCK = 8192

/** A queue of bytes. Each operation is linear in the bytes it concerns, however they were split. */
export class ByteQueue {
  readonly #chunks: Buffer[] = []
  /** Index of the front chunk; those before it have been taken. */
  #first = 0
  #length = 0
  /** The block that contains the last chunk, or null if that chunk is not in a block. */
  #block: Buffer | null = null
  /** How many bytes of that block are used. */
  #filled = 0
  /** Index of the chunk at which the next search may start. */
  #cursor = 0
  /** Offset of that chunk's first byte from the front. */
  #cursorOffset = 0

  /** How many bytes the queue holds. */
  get length(): number {
    return this.#length
  }

  /** Appends bytes, which must not change afterwards. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#length += chunk.length
    if (chunk.length > SMALL || this.#first === this.#chunks.length) {
      this.#chunks.push(chunk)
      this.#block = null
    } else this.#pushSmall(chunk)
  }

  /** Puts bytes in front, which must not change afterwards. */
  unshift(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#length += chunk.length
    this.#cursor = 0
    this.#cursorOffset = 0
    if (this.#first > 0) this.#chunks[--this.#first] = chunk
    else this.#chunks.unshift(chunk)
  }

  /** Takes up to `max` bytes of the front chunk. */
  takeSome(max: number): Buffer {
    const chunk = this.#chunks[this.#first]
    return chunk === undefined ? EMPTY : this.take(Math.min(max, chunk.length))
  }

  /** Takes exactly `n` bytes from the front. The queue must hold at least as many. */
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
      const chunk = this.#chunks[this.#first] as Buffer // The queue holds at least n bytes.
      const used = chunk.copy(joined, filled, 0, n - filled)
      filled += used
      if (used === chunk.length) this.#dropFirst()
      else this.#chunks[this.#first] = chunk.subarray(used)
    }
    return joined
  }

  /** Copies up to `max` bytes from the front, without taking them. */
  peek(max: number): Buffer {
    const n = Math.min(max, this.#length)
    const copy = Buffer.allocUnsafe(n)
    let filled = 0
    for (let i = this.#first; filled < n; i++) {
      filled += (this.#chunks[i] as Buffer).copy(copy, filled, 0, n - filled) // The queue holds at least n bytes.
    }
    return copy
  }

  /**
   * Gives a function that joins the bytes that the queue holds now. Nothing is copied before it is
   * called.
   */
  later(): () => Buffer {
    const chunks = this.#chunks.slice(this.#first)
    return () => Buffer.concat(chunks)
  }

  /**
   * Finds the first occurrence of `terminator`.
   *
   * @param from the offset at which to start; everything before it has been searched
   * @returns the offset of the byte after the terminator, or -1
   */
  find(terminator: Buffer, from: number): number {
    const overlap = terminator.length - 1
    const resumed = this.#cursor > this.#first && this.#cursorOffset <= from
    let offset = resumed ? this.#cursorOffset : 0
    /**
     * The last bytes that were searched: a terminator that starts there may end in the next chunk.
     */
    let tail = EMPTY
    for (let i = resumed ? this.#cursor : this.#first; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i] as Buffer // Every index from #first on is filled.
      if (tail.length > 0) {
        const seam = Buffer.concat([tail, chunk.subarray(0, overlap)]).indexOf(terminator)
        if (seam !== -1) return offset - tail.length + seam + terminator.length
      }
      const found = chunk.indexOf(terminator, Math.max(0, from - offset))
      if (found !== -1) return offset + found + terminator.length
      tail = overlap === 0 ? EMPTY : lastBytes(tail, chunk, overlap)
      // The next search starts `overlap` bytes before the end, so that earlier chunks are done
      // with.
      if (offset <= this.#length - overlap) {
        this.#cursor = i
        this.#cursorOffset = offset
      }
      offset += chunk.length
    }
    return -1
  }

  /** Removes all bytes. */
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
      const lastChunk = this.#chunks[last] as Buffer // While there is a block, the last chunk is part of it.
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
 * Gives bytes that are safe to keep: a small part of a large piece of memory is copied, so that ten
 * bytes do not keep 64 KiB alive. Small copies share a block of our own, since Node's pool may be
 * as large as the memory that is to be freed.
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

/** The block that small copies share. */
let pool = EMPTY
/** How many bytes of it are used. */
let pooled = BLOCK
