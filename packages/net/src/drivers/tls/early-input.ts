/** A socket some of whose input has been read already: that comes first. */

import { ByteQueue } from '../../driver/byte-queue.js'
import type { DriverSocket, Observer } from '../../driver/protocol.js'
import { OverSocket } from './over.js'

export class EarlyInput extends OverSocket implements DriverSocket {
  readonly #early = new ByteQueue()

  /** @param early the input. It is not empty */
  constructor(inner: DriverSocket, early: Buffer) {
    super(inner)
    this.#early.push(early)
  }

  get observer(): Observer | null {
    return this.inner.observer
  }

  set observer(observer: Observer | null) {
    this.inner.observer = observer
  }

  get unsent(): number {
    return this.inner.unsent
  }

  get unacknowledged(): number {
    return this.inner.unacknowledged ?? 0
  }

  read(max: number): Buffer | null {
    return this.#early.length > 0 ? this.#early.takeSome(max) : this.inner.read(max)
  }

  write(bytes: Uint8Array): number {
    return this.inner.write(bytes)
  }

  shutdown(): void {
    this.inner.shutdown()
  }

  close(linger: boolean, unread = false): void {
    this.inner.close(linger, unread || this.#early.length > 0)
  }

  reset(): void {
    this.inner.reset()
  }
}
