/** A listener that is recorded, as are the connections that it gives. */

import type { Address } from '../driver/address.js'
import type { DriverListener, DriverSocket, Observer } from '../driver/protocol.js'
import type { ListeningEnd } from './ends.js'
import { RecordedSocket } from './recorded-socket.js'
import type { Recorder, Resource } from './recorder.js'

/** A listener of any driver, recorded. */
export class RecordedListener implements DriverListener, Observer, Resource, ListeningEnd {
  id = 0
  epoch = 0
  readonly shared: boolean
  readonly #recorder: Recorder
  readonly #inner: DriverListener
  #observer: Observer | null = null
  #closed = false

  /** @param reusesPort whether other listeners may share its connections */
  constructor(recorder: Recorder, inner: DriverListener, reusesPort: boolean) {
    this.shared = reusesPort || inner.inherited === true
    this.#recorder = recorder
    this.#inner = inner
    recorder.add(this, this)
    recorder.ends.listens(this)
    const { log } = recorder
    if (log !== null) log.resource('listen', recorder.begin(this, log), this.at)
  }

  get observer(): Observer | null {
    return this.#observer
  }

  set observer(observer: Observer | null) {
    this.#observer = observer
    this.#inner.observer = observer === null ? null : this
  }

  get address(): Address {
    return this.#inner.address
  }

  get dropped(): number {
    return this.#inner.dropped
  }

  get inherited(): boolean {
    return this.#inner.inherited === true
  }

  get at(): string {
    return `${this.address}`
  }

  renew(): void {}

  accept(): DriverSocket | null {
    const inner = this.#inner.accept()
    if (inner === null) return null
    const recorder = this.#recorder
    const socket = new RecordedSocket(recorder, inner)
    const { log } = recorder
    if (log !== null) {
      const res = recorder.idOf(this, log)
      const made = recorder.begin(socket, log)
      log.resource('made', made, socket.at)
      socket.origin = log.io('accept', res, 0, undefined, socket.peer?.originIn(recorder.epoch) ?? null, made)
    }
    return socket
  }

  close(): void {
    if (!this.#closed) {
      this.#closed = true
      this.#recorder.ends.closes(this)
      const { log } = this.#recorder
      if (log !== null) log.resource('close', this.#recorder.idOf(this, log))
    }
    this.#inner.close()
  }

  // Called by the driver's listener.

  ready(what: number): void {
    const { log } = this.#recorder
    if (log === null) {
      this.#observer?.ready(what)
      return
    }
    log.ready(this.#recorder.idOf(this, log), 'accept')
    try {
      this.#observer?.ready(what)
    } finally {
      log.over()
    }
  }
}
