/**
 * Memory for what is received. Callers may keep it: small messages share blocks, large ones get the
 * buffer that they were received in, and the others are copied.
 */

import { EMPTY } from '../../driver/byte-queue.js'
import { type EpollSet, MAX_RECEIVE, newScratch } from './set.js'

/**
 * Small messages share blocks of this size, which is all that one of them keeps alive. (Node's pool
 * has 64 KiB since 24.)
 */
export const POOL_SIZE = 8192
const SMALL = POOL_SIZE / 2

/** From this size on, the caller gets the buffer itself instead of a copy. */
const LARGE = MAX_RECEIVE / 2

/** The current block. */
export let pool: Buffer = EMPTY
/** How many bytes of it are used. */
export let pooledBytes = 0

/**
 * Makes sure that the block has this many bytes left, or half of it.
 *
 * @returns how many, at most `size`
 */
export function reserve(size: number): number {
  if (pooledBytes + Math.min(size, SMALL) > pool.length) {
    pool = Buffer.allocUnsafeSlow(POOL_SIZE)
    pooledBytes = 0
  }
  return Math.min(size, POOL_SIZE - pooledBytes)
}

/** The next bytes of the block, which must have that many left. */
export function pooled(length: number): Buffer {
  const start = pooledBytes
  pooledBytes += length
  return pool.subarray(start, pooledBytes)
}

/** What was received in the scratch buffer. It keeps at most twice its own size alive. */
export function scratched(set: EpollSet, length: number): Buffer {
  const { scratch } = set
  if (length >= LARGE) {
    set.scratch = newScratch()
    keepFreedMemory()
    return length === scratch.length ? scratch : scratch.subarray(0, length)
  }
  return copied(scratch, 0, length)
}

/** A copy of bytes that were received in a buffer that is used again. */
export function copied(from: Buffer, start: number, length: number): Buffer {
  if (length < SMALL) reserve(length)
  const bytes = length < SMALL ? pooled(length) : Buffer.allocUnsafeSlow(length)
  if (length < 64) for (let i = 0; i < length; i++) bytes[i] = from[start + i] as number
  else from.copy(bytes, 0, start, start + length)
  return bytes
}

/**
 * The C library gives the top of its heap back to the system whenever that is free, and buffers of
 * large messages come and go: the system would clear their pages again every few messages. From the
 * time that a block of this size is freed, glibc keeps up to twice as much (M_TRIM_THRESHOLD in
 * mallopt(3)), in the whole process. With 64 connections an echo of 64 KiB then costs 6 % less, and
 * the process has 8 MiB more.
 */
const KEPT_BYTES = 16 * 1024 * 1024
let keepsMemory = false

function keepFreedMemory(): void {
  if (keepsMemory) return
  keepsMemory = true
  Buffer.allocUnsafeSlow(KEPT_BYTES) // The garbage collector frees it.
}
