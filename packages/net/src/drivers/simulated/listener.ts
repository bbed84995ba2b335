/**
 * A listener of the simulated network.
 */

import type { Address } from '../../driver/address.js'
import {
  type DriverListener,
  type DriverSocket,
  type ListenTarget,
  type Observer,
  READABLE,
} from '../../driver/protocol.js'
import { systemError } from '../../driver/system-errors.js'
import { IN_VAIN, type SimulatedSocket, type Surroundings } from './socket.js'

export class SimulatedListener implements DriverListener {
  observer: Observer | null
  readonly address: Address
  /** Nobody, until it closes: whom the backlog has no room for tries again. */
  dropped: number
  readonly #network: Surroundings
  readonly #target: ListenTarget
  readonly #queue: SimulatedSocket[]

  constructor(network: Surroundings, address: Address, target: ListenTarget) {
    this.observer = null
    this.address = address
    this.dropped = 0
    this.#network = network
    this.#target = target
    this.#queue = []
  }

  get full(): boolean {
    return this.#queue.length >= this.#target.backlog
  }

  /** Whether others may listen where it does. */
  get shared(): boolean {
    return this.#target.reusePort === true
  }

  /** Whether it is for every address of the family of this one. */
  isForEvery({ family }: Address): boolean {
    const { host } = this.address
    return host === '::' ? family === 6 || this.#target.ipv6Only !== true : host === '0.0.0.0' && family === 4
  }

  accept(): DriverSocket | null {
    const code = this.#network.operation('accept', this.address, undefined)
    if (code !== undefined && IN_VAIN.has(code)) {
      if (this.#queue.length > 0) this.#network.host.at(this.#network.host.now(), () => this.#tell())
      return null
    }
    if (code === 'ECONNABORTED') this.#queue.shift()?.reset()
    if (code !== undefined) throw systemError(code, 'accept')
    const socket = this.#queue.shift()
    socket?.accepted()
    return socket ?? null
  }

  close(): void {
    this.#network.closed(this)
    this.dropped += this.#queue.length
    for (const socket of this.#queue.splice(0)) socket.reset()
  }

  /** A connection has been made. */
  arrived(socket: SimulatedSocket): void {
    this.#queue.push(socket)
    this.#tell()
  }

  #tell(): void {
    this.observer?.ready(READABLE)
  }
}
