/** A socket for datagrams that is recorded. */

import type { Address } from '../driver/address.js'
import type {
  Datagram,
  DatagramOption,
  DriverDatagrams,
  GroupMembership,
  Observer,
  OutgoingDatagram,
} from '../driver/protocol.js'
import type { Recorder, Resource } from './recorder.js'

/** A socket for datagrams of any driver, recorded. */
export class RecordedDatagrams implements DriverDatagrams, Observer, Resource {
  id = 0
  epoch = 0
  readonly #recorder: Recorder
  readonly #inner: DriverDatagrams
  #observer: Observer | null = null
  /** The peer that it is connected to. */
  #peer: Address | undefined
  #closed = false

  constructor(recorder: Recorder, inner: DriverDatagrams) {
    this.#recorder = recorder
    this.#inner = inner
    recorder.add(this, this)
    const { log } = recorder
    if (log !== null) log.resource('made', recorder.begin(this, log), this.at)
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

  get at(): string {
    return `udp ${this.address}`
  }

  renew(): void {}

  receive(max: number): Datagram[] | null {
    try {
      const datagrams = this.#inner.receive(max)
      if (datagrams !== null) this.#received(datagrams)
      return datagrams
    } catch (error) {
      this.#failed(error)
      throw error
    }
  }

  #received(datagrams: readonly Datagram[]): void {
    const { log, sentDatagrams } = this.#recorder
    if (log === null) return
    const id = this.#recorder.idOf(this, log)
    for (const datagram of datagrams) {
      const { data } = datagram
      log.io('read', id, data.length, data, sentDatagrams.originOf(datagram, this.address))
    }
  }

  /** What is sent may arrive before the driver says so: it is written when the driver gets it. */
  send(batch: readonly OutgoingDatagram[], done: (sent: number, error: Error | null) => void): () => void {
    const { log, sentDatagrams } = this.#recorder
    if (log === null) return this.#inner.send(batch, done)
    const id = this.#recorder.idOf(this, log)
    for (const datagram of batch) {
      const event = log.io('write', id, datagram.data.length, datagram.data, null)
      const to = datagram.to ?? this.#peer
      if (to !== undefined) sentDatagrams.add(this.address, to, datagram, event)
    }
    return this.#inner.send(batch, (sent, error) => {
      if (error !== null) this.#failed(error)
      done(sent, error)
    })
  }

  #failed(error: unknown): void {
    const { log } = this.#recorder
    if (log !== null) log.io('failed', this.#recorder.idOf(this, log), 0, error, null)
  }

  connect(peer: Address, done: (error: Error | null) => void): void {
    this.#inner.connect(peer, (error) => {
      this.#peer = error === null ? peer : undefined
      done(error)
    })
  }

  join(membership: GroupMembership): void {
    this.#inner.join(membership)
  }

  leave(membership: GroupMembership): void {
    this.#inner.leave(membership)
  }

  set(option: DatagramOption, value: number): void {
    this.#inner.set(option, value)
  }

  close(): void {
    const { log } = this.#recorder
    if (log !== null && !this.#closed) log.resource('close', this.#recorder.idOf(this, log))
    this.#closed = true
    this.#inner.close()
  }

  // Called by the driver's socket.

  ready(what: number): void {
    const { log } = this.#recorder
    if (log === null) {
      this.#observer?.ready(what)
      return
    }
    log.ready(this.#recorder.idOf(this, log), 'read')
    try {
      this.#observer?.ready(what)
    } finally {
      log.over()
    }
  }
}
