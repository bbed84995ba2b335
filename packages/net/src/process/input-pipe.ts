/**
 * Our end of the input of a process. It passes on what the driver does, until the process has
 * ended: Node then closes the pipe, and each send is an error.
 */

import type { Address } from '../driver/address.js'
import { type DriverSocket, FAILED, type Observer } from '../driver/protocol.js'
import { ConnectionResetError } from '../errors.js'

export class InputPipe implements DriverSocket, Observer {
  observer: Observer | null = null
  readonly localAddress: Address | undefined = undefined
  readonly remoteAddress: Address | undefined = undefined
  readonly #socket: DriverSocket
  #ended = false

  constructor(socket: DriverSocket) {
    this.#socket = socket
    socket.observer = this
  }

  get unsent(): number {
    return this.#ended ? 0 : this.#socket.unsent
  }

  /** The process has ended, and reads no more. */
  end(): void {
    this.#ended = true
    this.#socket.reset()
    this.observer?.ready(FAILED)
  }

  /** Nothing is read from an input. */
  read(): null {
    return null
  }

  write(bytes: Uint8Array): number {
    if (!this.#ended) return this.#socket.write(bytes)
    throw new ConnectionResetError('the process has ended, and reads no more (EPIPE)', 'EPIPE')
  }

  shutdown(): void {
    this.#socket.shutdown()
  }

  close(linger: boolean): void {
    this.#socket.close(linger)
  }

  reset(): void {
    this.#socket.reset()
  }

  ready(what: number): void {
    this.observer?.ready(what)
  }
}
