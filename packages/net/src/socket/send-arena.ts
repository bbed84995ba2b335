/**
 * The memory that the send buffers of a thread share: blocks that are filled from the front, and
 * filled again once all that was in them has been handed over. So what a turn sends lies together,
 * in memory that is warm from the turn before.
 */

/** The size of a block. */
export const BLOCK = 16_384

/** Blocks that are kept although nothing is in them: 256 KiB. */
const MAX_SPARE = 16

/** Some memory, of which several buffers may use a part each. */
export interface Block {
  readonly bytes: Buffer
  /** How many bytes are used. */
  end: number
  /** How many parts of it have not been handed over. */
  parts: number
}

let current: Block | null = null
const spare: Block[] = []

/** The block that is being filled, or the next one if it has no room for so many bytes. */
export function blockFor(length: number): Block {
  if (current === null || current.end + length > BLOCK) {
    current = spare.pop() ?? { bytes: Buffer.allocUnsafeSlow(BLOCK), end: 0, parts: 0 }
  }
  return current
}

/** One part of a block has been handed over. */
export function releasePart(block: Block): void {
  if (--block.parts > 0) return
  block.end = 0
  if (block !== current && spare.length < MAX_SPARE) spare.push(block)
}
