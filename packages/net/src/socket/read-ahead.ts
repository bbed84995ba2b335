/** Receiving what no read needs yet, up to a bound. */

import type { ByteQueue } from '../driver/byte-queue.js'
import type { DriverSocket } from '../driver/protocol.js'

/**
 * How many bytes are requested from the driver at a time. A read holds what has arrived for it, and
 * at most this much beyond.
 */
export const MAX_READ_AHEAD = 65_536

/**
 * Receives what has arrived until the queue holds `wanted` bytes.
 *
 * @param receives how often it receives at most
 * @returns why it has stopped. `some`: it holds them, or no more have arrived. `failed`: the driver
 *   throws its error at each later try
 */
export function readAhead(
  socket: DriverSocket,
  queue: ByteQueue,
  wanted: number,
  receives: number,
): 'some' | 'ended' | 'failed' {
  try {
    for (let i = 0; i < receives && queue.length < wanted; i++) {
      const chunk = socket.read(MAX_READ_AHEAD)
      if (chunk === null) break
      if (chunk.length === 0) return 'ended'
      queue.push(chunk)
    }
    return 'some'
  } catch {
    return 'failed'
  }
}
