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
  /** How many bytes of the front chunk have been taken. */
  #taken = 0
  /** The front chunk, if its parts are known to be safe to keep; a chunk is divided many times. */
  #divisible: Buffer | null = null
  /** How many bytes were copied from large chunks in small parts, since the last large part. */
  #copied = 0
  #length = 0
  /** The block that contains the last chunk, or null if that chunk is not in a block. */
  #block: Buffer | null = null
  /** How many bytes of that block are used. */
  #filled = 0
  /** The terminator of the last search, as long as that can go on; otherwise null. */
  #sought: number | Buffer | null = null
  /** How many bytes that search has examined. */
  #searched = 0
  /** Index of the chunk at which it goes on. */
  #cursor = 0
  /** Offset of that chunk's first byte from the front; negative if that byte has been taken. */
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
    this.#sought = null
    this.#putInFront(chunk)
  }

  /** Takes up to `max` bytes: as many as the front chunk has, or more if those are few. */
  takeSome(max: number): Buffer {
    const chunk = this.#chunks[this.#first]
    if (chunk === undefined) return EMPTY
    const left = chunk.length - this.#taken
    return this.take(max <= left ? max : Math.max(left, Math.min(max, SMALL, this.#length)))
  }

  /** Takes exactly `n` bytes from the front. The queue must hold at least as many. */
  take(n: number): Buffer {
    const first = this.#chunks[this.#first]
    if (first === undefined || n === 0) return EMPTY
    this.#length -= n
    this.#sought = null
    if (n > BLOCK / 2) this.#copied = 0
    const begin = this.#taken
    const end = begin + n
    if (end < first.length) {
      if (first !== this.#divisible && !this.#mayDivide(first, n)) return this.#takeCopy(first, n)
      this.#taken = end
      return first.subarray(begin, end)
    }
    if (end > first.length) return this.#join(n)
    this.#dropFirst()
    return release(begin === 0 ? first : first.subarray(begin))
  }

  /**
   * Takes `n` bytes from the front as text, without the last `dropped` of them. The queue must hold
   * at least as many.
   */
  takeText(n: number, dropped: number, encoding: 'utf8' | 'utf-8' | 'latin1'): string {
    const first = this.#chunks[this.#first]
    const begin = this.#taken
    const end = begin + n
    if (first === undefined || end >= first.length) return this.take(n).toString(encoding, 0, n - dropped)
    this.#length -= n
    this.#sought = null
    this.#taken = end
    return first.toString(encoding, begin, end - dropped)
  }

  /** Moves as many bytes as there are and fit into `target`. @returns how many */
  takeInto(target: Uint8Array): number {
    const n = Math.min(target.length, this.#length)
    this.#length -= n
    this.#sought = null
    this.#move(n, target)
    return n
  }

  /** Copies up to `max` bytes from the front, without taking them. */
  peek(max: number): Buffer {
    const n = Math.min(max, this.#length)
    const copy = Buffer.allocUnsafe(n)
    let filled = 0
    let begin = this.#taken
    for (let i = this.#first; filled < n; i++) {
      filled += (this.#chunks[i] as Buffer).copy(copy, filled, begin, begin + n - filled) // The queue holds at least n bytes.
      begin = 0
    }
    return copy
  }

  /**
   * Gives a function that joins the bytes that the queue holds now. Nothing is copied before it is
   * called.
   */
  later(): () => Buffer {
    const chunks = this.#chunks.slice(this.#first)
    const taken = this.#taken
    return () => Buffer.concat(chunks).subarray(taken)
  }

  /**
   * Finds the first occurrence of `terminator`. A search without success goes on where it ended, if
   * the same terminator is sought next and no bytes were taken or put in front.
   *
   * @param terminator a byte, or two bytes or more, which must not change
   * @returns the offset of the byte after the terminator, or -1
   */
  find(terminator: number | Buffer): number {
    if (terminator !== this.#sought) {
      this.#sought = terminator
      this.#searched = 0
      this.#cursor = this.#first
      this.#cursorOffset = -this.#taken
    }
    const end =
      typeof terminator === 'number'
        ? this.#findByte(terminator)
        : terminator.length === 2
          ? this.#findPair(terminator[0] as number, terminator[1] as number) // It has both.
          : this.#findBytes(terminator)
    if (end === -1) this.#searched = this.#length
    else this.#sought = null
    return end
  }

  /** Removes all bytes. */
  clear(): void {
    this.#length = 0
    this.#sought = null
    this.#empty()
  }

  #findByte(byte: number): number {
    const from = this.#searched
    let offset = this.#cursorOffset
    for (let i = this.#cursor; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i] as Buffer // Every index from #first on is filled.
      const found = chunk.indexOf(byte, Math.max(0, from - offset))
      if (found !== -1) return offset + found + 1
      this.#cursor = i
      this.#cursorOffset = offset
      offset += chunk.length
    }
    return -1
  }

  /** Finds two bytes by the second one: a search for a byte takes a quarter of the time. */
  #findPair(one: number, other: number): number {
    const from = this.#searched
    let offset = this.#cursorOffset
    for (let i = this.#cursor; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i] as Buffer // Every index from #first on is filled.
      /** Where the first byte may be. */
      const begin = i === this.#first ? this.#taken : 0
      let found = chunk.indexOf(other, Math.max(begin, from - offset))
      while (found !== -1) {
        const before = found > begin ? chunk[found - 1] : begin === 0 ? this.#lastOf(i - 1) : undefined
        if (before === one) return offset + found + 1
        found = chunk.indexOf(other, found + 1)
      }
      this.#cursor = i
      this.#cursorOffset = offset
      offset += chunk.length
    }
    return -1
  }

  /** Finds three bytes or more. */
  #findBytes(terminator: Buffer): number {
    const overlap = terminator.length - 1
    const from = Math.max(0, this.#searched - overlap)
    let offset = this.#cursorOffset
    /**
     * The last bytes that were searched: a terminator that starts there may end in the next chunk.
     */
    let tail = EMPTY
    for (let i = this.#cursor; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i] as Buffer // Every index from #first on is filled.
      if (tail.length > 0) {
        const seam = Buffer.concat([tail, chunk.subarray(0, overlap)]).indexOf(terminator)
        if (seam !== -1) return offset - tail.length + seam + terminator.length
      }
      const found = chunk.indexOf(terminator, Math.max(0, from - offset))
      if (found !== -1) return offset + found + terminator.length
      tail = lastBytes(tail, offset < 0 ? chunk.subarray(-offset) : chunk, overlap)
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

  /** Whether `n` bytes of the front chunk are safe to keep, although they are not all of it. */
  #mayDivide(first: Buffer, n: number): boolean {
    const { byteLength } = first.buffer
    if (byteLength <= BLOCK) this.#divisible = first
    return byteLength <= BLOCK || n * 2 >= byteLength
  }

  /**
   * Takes `n` bytes of a front chunk that they must not keep alive. Where small parts follow each
   * other, the next bytes are copied together with them: as many as were taken in small parts
   * before, so that copies of what is then taken in large parts never prevail.
   */
  #takeCopy(first: Buffer, n: number): Buffer {
    const size = Math.min(BLOCK, this.#copied, first.length - this.#taken)
    if (size < 2 * n) {
      this.#copied += n
      return this.#join(n)
    }
    this.#copied += size
    const block = allocate(size)
    const end = this.#taken + first.copy(block, 0, this.#taken, this.#taken + size)
    if (end < first.length) {
      this.#taken = end
      this.#putInFront(block)
    } else this.#chunks[this.#first] = block
    this.#taken = n
    this.#divisible = block
    return block.subarray(0, n)
  }

  /** Takes a copy of `n` bytes. */
  #join(n: number): Buffer {
    const joined = allocate(n)
    this.#move(n, joined)
    return joined
  }

  #move(n: number, target: Uint8Array): void {
    let filled = 0
    while (filled < n) {
      const chunk = this.#chunks[this.#first] as Buffer // The queue holds at least n bytes.
      const used = chunk.copy(target, filled, this.#taken, this.#taken + n - filled)
      filled += used
      if (this.#taken + used === chunk.length) this.#dropFirst()
      else this.#taken += used
    }
  }

  #putInFront(chunk: Buffer): void {
    if (this.#taken > 0) {
      this.#chunks[this.#first] = (this.#chunks[this.#first] as Buffer).subarray(this.#taken) // A part of it was taken.
      this.#taken = 0
    }
    if (this.#first > 0) this.#chunks[--this.#first] = chunk
    else this.#chunks.unshift(chunk)
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
    this.#taken = 0
    this.#divisible = null
    if (this.#first === this.#chunks.length) this.#empty()
    else if (this.#first > 32 && this.#first * 2 > this.#chunks.length) {
      this.#chunks.splice(0, this.#first)
      this.#first = 0
    }
  }

  #empty(): void {
    this.#chunks.length = 0
    this.#first = 0
    this.#taken = 0
    this.#divisible = null
    this.#block = null
  }

  #lastOf(i: number): number | undefined {
    const chunk = this.#chunks[i]
    return chunk?.[chunk.length - 1]
  }
}

function lastBytes(before: Buffer, chunk: Buffer, n: number): Buffer {
  if (chunk.length >= n) return chunk.subarray(chunk.length - n)
  const both = Buffer.concat([before, chunk])
  return both.length > n ? both.subarray(both.length - n) : both
}

/**
 * Gives bytes that are safe to keep: a small part of memory that is larger than a block is copied,
 * so that ten bytes do not keep 64 KiB alive.
 */
export function release(part: Buffer): Buffer {
  const { byteLength } = part.buffer
  if (byteLength <= BLOCK || part.length * 2 >= byteLength) return part
  const copy = allocate(part.length)
  part.copy(copy)
  return copy
}

/**
 * Memory for a copy. Small ones share a block of our own, since Node's pool may be as large as the
 * memory that is to be freed.
 */
function allocate(length: number): Buffer {
  if (length > BLOCK / 2) return Buffer.allocUnsafeSlow(length)
  if (pooled + length > BLOCK) {
    pool = Buffer.allocUnsafeSlow(BLOCK)
    pooled = 0
  }
  pooled += length
  return pool.subarray(pooled - length, pooled)
}

/** The block that small copies share. */
let pool = EMPTY
/** How many bytes of it are used. */
let pooled = BLOCK
