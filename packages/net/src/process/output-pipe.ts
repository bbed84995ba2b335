/**
 * Our end of an output of a process. While the process runs it passes on what the driver does. When
 * the process has ended, it takes the rest of the output into memory, so that the descriptor is
 * free and tasks can still read it.
 */

import type { Address } from '../driver/address.js'
import { ByteQueue, EMPTY } from '../driver/byte-queue.js'
import type { DriverSocket, Observer } from '../driver/protocol.js'

/** How many bytes are requested at a time. */
const MAX_CHUNK = 65_536

/** The most that is taken: what a pipe holds is less. More can only come from another process. */
const MAX_REST = 1_048_576

/** What a pipe belongs to. */
interface Owner {
  /** Everything that will ever come has come. */
  pipeEnded(): void
}

export class OutputPipe implements DriverSocket, Observer {
  observer: Observer | null = null
  readonly localAddress: Address | undefined = undefined
  readonly remoteAddress: Address | undefined = undefined
  readonly unsent = 0
  /** Whether everything that will ever come has come here. */
  ended = false
  readonly #socket: DriverSocket
  #owner: Owner | null = null
  /** What has come since the process has ended. */
  readonly #rest = new ByteQueue()
  #takesRest = false

  constructor(socket: DriverSocket) {
    this.#socket = socket
    socket.observer = this
  }

  /** The process has ended: takes what has come, and from now on what comes. */
  takeRest(owner: Owner): void {
    this.#owner = owner
    this.#takesRest = true
    this.#take()
  }

  read(max: number): Buffer | null {
    if (this.#rest.length > 0) return this.#rest.takeSome(max)
    return this.ended ? EMPTY : this.#try(max)
  }

  /** Nothing is written to an output. */
  write(): number {
    return 0
  }

  shutdown(): void {}

  /** There is nothing to wait for. */
  close(): void {
    this.reset()
  }

  /** What was taken can still be read. */
  reset(): void {
    this.#socket.reset()
  }

  /** Another try is worthwhile. */
  ready(what: number): void {
    if (this.#takesRest) this.#take()
    this.observer?.ready(what)
  }

  #take(): void {
    while (!this.ended && this.#rest.length < MAX_REST) {
      const chunk = this.#try(MAX_CHUNK)
      if (chunk === null) break
      this.#rest.push(chunk)
    }
  }

  #try(max: number): Buffer | null {
    let chunk: Buffer | null
    try {
      chunk = this.#socket.read(max)
    } catch {
      chunk = EMPTY // The pipe is gone, and nothing more can come.
    }
    if (chunk?.length === 0) {
      this.ended = true
      this.#owner?.pipeEnded()
    }
    return chunk
  }
}
