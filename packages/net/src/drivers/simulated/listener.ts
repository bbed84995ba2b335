/**
 * A listener of the simulated network. Its backlog is as long as its options say; a connect that
 * finds it full is tried again by the network.
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
import { type SimulatedSocket, type SocketNetwork, WITHOUT_EFFECT } from './socket.js'

export class SimulatedListener implements DriverListener {
  observer: Observer | null = null
  readonly address: Address
  /** 0 until the listener closes, since a client that finds the backlog full tries again. */
  dropped = 0
  readonly #network: SocketNetwork
  readonly #target: ListenTarget
  readonly #backlog: SimulatedSocket[] = []
  /** The clients that have been answered, and have not confirmed it. */
  readonly #expected = new Set<SimulatedSocket>()
  #closed = false

  constructor(network: SocketNetwork, address: Address, target: ListenTarget) {
    this.address = address
    this.#network = network
    this.#target = target
  }

  get full(): boolean {
    for (const client of this.#expected) if (client.closed) this.#expected.delete(client)
    return this.#backlog.length + this.#expected.size >= this.#target.backlog
  }

  /** Whether other listeners may have the same address. */
  get shared(): boolean {
    return this.#target.reusePort === true
  }

  /** Whether it replaces the file of another listener. */
  get replaces(): boolean {
    return 'path' in this.#target && this.#target.replace === true
  }

  /** Whether the listener accepts connections to every address of that family. */
  isForEvery({ family }: Address): boolean {
    const { host } = this.address
    return host === '::' ? family === 6 || this.#target.ipv6Only !== true : host === '0.0.0.0' && family === 4
  }

  accept(): DriverSocket | null {
    const code = this.#network.operation('accept', this.address, undefined)
    if (code !== undefined && WITHOUT_EFFECT.has(code)) {
      if (this.#backlog.length > 0)
        this.#network.host.at(this.#network.host.now(), () => this.#reportReadable())
      return null
    }
    if (code === 'ECONNABORTED') this.#backlog.shift()?.reset()
    if (code !== undefined) throw systemError(code, 'accept')
    const socket = this.#backlog.shift()
    socket?.accepted()
    return socket ?? null
  }

  close(): void {
    this.#closed = true
    this.#network.unregister(this)
    this.dropped += this.#backlog.length
    for (const socket of this.#backlog.splice(0)) socket.reset()
  }

  /** A client is being answered. It takes a place. */
  expect(client: SimulatedSocket): void {
    this.#expected.add(client)
  }

  /** A client has connected. */
  arrived(socket: SimulatedSocket, client: SimulatedSocket): void {
    this.#expected.delete(client)
    if (this.#closed) {
      socket.reset()
      return
    }
    this.#backlog.push(socket)
    this.#reportReadable()
  }

  #reportReadable(): void {
    this.observer?.ready(READABLE)
  }
}
