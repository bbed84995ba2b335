/** What has been decrypted: the bytes that no task has read, and the peer's end. */

import { ByteQueue, EMPTY } from '../../driver/byte-queue.js'

export class Plaintext {
  /** Whether a try to read would have blocked, so that READABLE is due. */
  wanted = false
  /** Whether the peer has said `close_notify`. */
  ended = false
  /** Whether bytes were unread at `discard`, or have come since. */
  #unread = false
  readonly #bytes = new ByteQueue()
  #discards = false
  /** Whether tickets may come, which are no plaintext, and precede it. */
  #awaitsTickets: boolean

  constructor(awaitsTickets: boolean) {
    this.#awaitsTickets = awaitsTickets
  }

  /** Whether a try to read has a result. */
  get readable(): boolean {
    return this.#bytes.length > 0 || this.ended
  }

  /**
   * Whether more may come that no task reads, after what has been discarded or in the form of
   * tickets: a close could be a reset.
   */
  get awaitsEnd(): boolean {
    return (this.#unread || this.#awaitsTickets) && !this.ended
  }

  /** @returns as `read` of a socket */
  take(max: number): Buffer | null {
    if (this.#bytes.length === 0) return this.ended ? EMPTY : null
    this.wanted = false
    return this.#bytes.takeSome(max)
  }

  push(bytes: Buffer): void {
    this.#awaitsTickets = false
    if (this.#discards) this.#unread = true
    else this.#bytes.push(bytes)
  }

  /** Discards what has come, and what will come. */
  discard(unread: boolean): void {
    this.#unread = unread || this.#bytes.length > 0
    this.#discards = true
    this.clear()
  }

  clear(): void {
    this.#bytes.clear()
  }
}
