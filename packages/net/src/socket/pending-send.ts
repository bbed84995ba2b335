/**
 * What is to be sent, and a send or a flush that waits for its turn. A queue of the latter, in
 * order; any of them can leave at any time.
 */

import { bytesOf, shown } from '../check.js'
import type { Receiver } from './receiver.js'
import { HIGH_WATER_MARK, MAX_COLLECTED } from './send-buffer.js'

/** Strings up to this length are collected as they are: a unit takes at most three bytes. */
const MAX_TEXT = Math.floor(MAX_COLLECTED / 3)

/** What is to be sent. */
export interface Send {
  /** The operation, as users write it. */
  readonly name: string
  /** A string is not longer than MAX_TEXT. */
  readonly bytes: Uint8Array | string
  /**
   * The number of bytes when the event was made. Their memory may be transferred or shrunk later.
   * Of a string: not known.
   */
  readonly length: number
  /** True: `sendall`. False: `send`, which makes one try, as the kernel does. */
  readonly all: boolean
  /** Whether it may be copied, and handed over later together with others. */
  readonly collected: boolean
}

/** What `sendall` is to send. @throws TypeError if it is neither bytes nor a string */
export function toSend(data: string | Uint8Array, name = 'sendall'): Send {
  if (typeof data === 'string') {
    if (data.length <= MAX_TEXT) return { name, bytes: data, length: -1, all: true, collected: true }
    const bytes = Buffer.from(data, 'utf8')
    return { name, bytes, length: bytes.length, all: true, collected: true }
  }
  if (data instanceof Uint8Array) {
    return { name, bytes: data, length: data.length, all: true, collected: true }
  }
  throw new TypeError(`${name}(data): expected bytes or a string, got ${shown(data)}`)
}

/**
 * What `trySend` is to send.
 *
 * @throws TypeError if it is neither bytes nor a string
 * @throws RangeError if it is more than is buffered
 */
export function toBuffered(data: string | Uint8Array): Send {
  const send = toSend(data, 'trySend')
  const length = lengthOf(send)
  if (length <= HIGH_WATER_MARK) return send
  throw new RangeError(
    `${describeSend(send)}: more than the ${HIGH_WATER_MARK} bytes that are buffered; send them with sendall`,
  )
}

/** What `send` is to send. @throws TypeError if it is neither bytes nor a string */
export function toSingleTry(data: string | Uint8Array): Send {
  const bytes = bytesOf(data, 'send(data)')
  return { name: 'send', bytes, length: bytes.length, all: false, collected: false }
}

/** What `flush` is to send: nothing, once everything before it has gone. */
export const FLUSH: Send = { name: 'flush', bytes: '', length: 0, all: true, collected: false }

/** What `startTls` is to send: nothing, in the clear; everything after it is encrypted. */
export const START_TLS: Send = { ...FLUSH, name: 'startTls' }

/** Whether it sends nothing, and waits for everything before it. */
export function isBarrier(send: Send): boolean {
  return send === FLUSH || send === START_TLS
}

/** How many bytes a send has. */
export function lengthOf({ bytes, length }: Send): number {
  return typeof bytes === 'string' ? Buffer.byteLength(bytes) : length
}

/** A send, as users would write it. */
export function describeSend(send: Send): string {
  return isBarrier(send) ? `${send.name}()` : `${send.name}(${lengthOf(send)} bytes)`
}

/** A send that waits, or a flush, or `startTls`. */
export class PendingSend {
  waiter: Receiver<never>
  readonly send: Send
  /** How many of its bytes the driver has taken from its own memory. */
  taken = 0
  #bytes: Uint8Array | null = null

  constructor(waiter: Receiver<never>, send: Send) {
    this.waiter = waiter
    this.send = send
  }

  /** As users would write it. */
  get description(): string {
    return describeSend(this.send)
  }

  /** What its waiter gets: the event's own type says which of the two. */
  get result(): number & undefined {
    return (this.send.all ? undefined : this.taken) as number & undefined
  }

  /** How many of its bytes wait here. */
  get unsent(): number {
    return lengthOf(this.send) - this.taken
  }

  /** The bytes that the driver has not taken. */
  get rest(): Uint8Array {
    const { bytes } = this.send
    this.#bytes ??= typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes
    return this.taken === 0 ? this.#bytes : this.#bytes.subarray(this.taken)
  }
}
