/**
 * The world in which a program runs: a simulation that ends a run in which a server waits for
 * clients that are not there, and to which terminals can connect.
 */

import type { DriverSocket } from '@bluelet/net/driver'
import { Simulation, type SimulationOptions } from '@bluelet/net/testing'
import type { Input, TerminalLine } from './protocol.js'

/** What a world tells its owner. */
export interface WorldOwner {
  /**
   * Nothing can happen any more but that a client comes. Gives whether the program waits for one.
   */
  waits(): boolean
  /** The time has come at which the run ends. */
  late(waitsForClients: boolean): void
  typed(input: Input): void
  shown(line: TerminalLine): void
}

/** No longer text is shown of what arrives at once. */
const MAX_SHOWN = 4_000

/** A simulation with terminals. */
export class World extends Simulation {
  readonly #owner: WorldOwner
  readonly #terminals = new Map<string, Terminal>()
  /** Typed before the program listens. */
  readonly #early: Input[] = []
  readonly #limit: number
  #port: number | null = null

  /** @param limit the time at which a run ends, in milliseconds */
  constructor(options: SimulationOptions, limit: number, inputs: readonly Input[], owner: WorldOwner) {
    super(options)
    this.#limit = limit
    this.#owner = owner
    this.#watchListeners()
    for (const input of inputs) this.at(input.t, () => this.#type(input))
  }

  /** Whether the program listens at a port. */
  get listens(): boolean {
    return this.#port !== null
  }

  override at(deadline: number, callback: () => void): unknown {
    return super.at(deadline, () => {
      if (this.now() > this.#limit) this.#owner.late(this.#waitsForClients())
      else callback()
    })
  }

  override onIdle(callback: (simulated: boolean) => void): () => void {
    return super.onIdle((simulated) => {
      const waits = simulated && this.#waitsForClients() && this.#owner.waits()
      if (!waits) callback(simulated)
    })
  }

  /** Whether each connection is that of a terminal, so that the program itself waits for none. */
  #waitsForClients(): boolean {
    const ports = new Set([...this.#terminals.values()].map(({ localPort }) => localPort))
    return this.listens && this.network.links.every(({ client }) => ports.has(client.port))
  }

  #watchListeners(): void {
    const { network } = this
    const listen = network.listen.bind(network)
    network.listen = (target, done) =>
      listen(target, (error, listener) => {
        if (listener !== null) this.#port ??= listener.address.port
        done(error, listener)
        for (const input of this.#early.splice(0)) this.at(this.now(), () => this.#type(input))
      })
  }

  #type(input: Input): void {
    if (this.#port === null) {
      this.#early.push(input)
      return
    }
    const { id, data } = input
    let terminal = this.#terminals.get(id)
    if (terminal === undefined) {
      const socket = this.network.connect({ host: '127.0.0.1', port: this.#port })
      terminal = new Terminal(socket, (kind, text) => this.#owner.shown({ id, t: this.now(), kind, text }))
      this.#terminals.set(id, terminal)
    }
    this.#owner.typed(input)
    if (data === null) terminal.end()
    else terminal.type(data)
  }
}

/** A client that sends what is typed, and shows what arrives. */
class Terminal {
  readonly #socket: DriverSocket
  readonly #show: (kind: TerminalLine['kind'], text: string) => void
  readonly #decoder = new TextDecoder()
  #unsent: Uint8Array = new Uint8Array()
  #ending = false
  #over = false

  constructor(socket: DriverSocket, show: (kind: TerminalLine['kind'], text: string) => void) {
    this.#socket = socket
    this.#show = show
    socket.observer = { ready: () => this.#go() }
  }

  get localPort(): number | undefined {
    return this.#socket.localAddress?.port
  }

  type(text: string): void {
    this.#show('typed', text)
    if (this.#over) {
      this.#show('note', 'the connection has ended')
      return
    }
    const bytes = new TextEncoder().encode(text)
    const unsent = new Uint8Array(this.#unsent.length + bytes.length)
    unsent.set(this.#unsent)
    unsent.set(bytes, this.#unsent.length)
    this.#unsent = unsent
    this.#go()
  }

  end(): void {
    this.#show('note', 'ends its side')
    this.#ending = true
    this.#go()
  }

  #go(): void {
    if (this.#over) return
    try {
      this.#send()
      this.#receive()
    } catch (error) {
      this.#finish(error instanceof Error ? error.message : String(error))
    }
  }

  #send(): void {
    while (this.#unsent.length > 0) {
      const sent = this.#socket.write(this.#unsent)
      if (sent === 0) return
      this.#unsent = this.#unsent.subarray(sent)
    }
    if (this.#ending) this.#socket.shutdown()
  }

  #receive(): void {
    while (!this.#over) {
      const data = this.#socket.read(MAX_SHOWN)
      if (data === null) return
      if (data.length > 0) this.#show('received', this.#decoder.decode(data, { stream: true }))
      else this.#finish('the server has ended the connection')
    }
  }

  #finish(note: string): void {
    this.#over = true
    this.#show('note', note)
    this.#socket.close(false)
  }
}
