/**
 * A socket of the simulated network: two buffers, as in a kernel, and a wire to the other end.
 *
 *   write -> #output -> wire -> #input of the peer -> read
 *
 * It never calls an observer within a try: everything happens when a packet arrives, or by the
 * host's clock.
 */

import type { Address } from '../../driver/address.js'
import { ByteQueue, EMPTY } from '../../driver/byte-queue.js'
import {
  CLOSED,
  type DriverSocket,
  FAILED,
  LINGERING,
  type Observer,
  READABLE,
  WRITABLE,
} from '../../driver/protocol.js'
import { closedSocketError, resetOf, systemError } from '../../driver/system-errors.js'
import { Wire, type WireNetwork } from './wire.js'

/** The kinds of operations, each of which can be made to fail. */
export type OperationKind =
  | 'lookup'
  | 'connect'
  | 'listen'
  | 'accept'
  | 'read'
  | 'write'
  | 'shutdown'
  | 'bind'
  | 'receive'
  | 'send'

/** What a socket needs of its network. */
export interface SocketNetwork extends WireNetwork {
  /** How many bytes each of the two buffers holds. */
  readonly buffer: number
  /** Counts an operation. @returns the code of the error with which it fails, if it is to fail */
  operation(kind: OperationKind, local: Address | undefined, remote: Address | undefined): string | undefined
  /** How many of `bytes` are sent in one packet. */
  piece(bytes: number): number
  /** The socket holds a descriptor from now on. */
  register(socket: object): void
  /** Its descriptor is free. */
  unregister(socket: object): void
}

/** The codes that are no failure: the call has had no effect. */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR'])

/** `lingering`: closed here, with input unread, while the peer goes on. */
type State = 'connecting' | 'open' | 'lingering' | 'closed'

export class SimulatedSocket implements DriverSocket {
  observer: Observer | null = null
  readonly localAddress: Address
  readonly remoteAddress: Address
  /** The wire to the peer. */
  readonly wire: Wire
  /** The other end; null while connecting. */
  peer: SimulatedSocket | null = null
  /** Always 0: `#output` stands for the kernel's buffer. */
  readonly unsent: number = 0
  readonly #network: SocketNetwork
  #state: State = 'connecting'
  #error: Error | null = null
  readonly #input = new ByteQueue()
  /** Whether the peer has ended its side. */
  #inputEnded = false
  readonly #output = new ByteQueue()
  /** Whether our side ends after the output. */
  #outputEnded = false
  /** Whether that end has been sent. */
  #endSent = false
  /** How many bytes are on the wire to the peer. */
  #inFlight = 0
  /** Whether bytes have arrived after the close, so that the peer has been told. */
  #refused = false
  /** Whether a try to read would have blocked, so that READABLE is due. */
  #wantsRead = false
  /** Whether a try to write would have blocked, so that WRITABLE is due. */
  #wantsWrite = false

  constructor(network: SocketNetwork, localAddress: Address, remoteAddress: Address) {
    this.localAddress = localAddress
    this.remoteAddress = remoteAddress
    this.wire = new Wire(network, localAddress, remoteAddress)
    this.#network = network
  }

  /** Whether the descriptor is free, or about to be. */
  get closed(): boolean {
    return this.#state === 'closed'
  }

  get unacknowledged(): number {
    return this.#output.length + this.#inFlight
  }

  read(max: number): Buffer | null {
    const code = this.#operation('read')
    if (code === 'EAGAIN') return this.#nothingYet()
    if (this.#input.length > 0) {
      const bytes = this.#input.take(Math.min(max, this.#input.length))
      // The peer may have waited for this room.
      if (this.peer?.hasOutput) this.wire.send(() => this.peer?.transmit())
      return bytes
    }
    // As in Linux, an error comes before an end that has not been read.
    if (this.#error !== null) throw this.#error
    if (this.#inputEnded) return EMPTY
    if (this.closed) throw closedSocketError()
    return this.#nothingYet()
  }

  write(bytes: Uint8Array): number {
    const code = this.#operation('write')
    if (this.#error !== null) throw this.#error
    if (this.#outputEnded) throw resetOf(systemError('EPIPE', 'write'))
    const room = this.#network.buffer - this.#output.length
    const blocked = code === 'EAGAIN' || this.#state === 'connecting' || room === 0
    if (blocked) {
      this.#wantsWrite = true
      if (code === 'EAGAIN') this.#later(() => this.#reportWritable())
      return 0
    }
    if (bytes.length === 0) return 0
    const taken = this.#network.piece(Math.min(room, bytes.length))
    this.#output.push(Buffer.from(bytes.subarray(0, taken)))
    this.transmit()
    return taken
  }

  shutdown(): void {
    if (this.#outputEnded || this.#state === 'closed') return
    const code = this.#network.operation('shutdown', this.localAddress, this.remoteAddress)
    if (code !== undefined) this.#break(systemError(code, 'shutdown'))
    else this.#endOutput()
  }

  close(linger: boolean, unread = false): void {
    if (this.#state === 'closed' || (this.#state === 'lingering' && linger)) return
    const input = this.#input.length > 0
    if (this.#state !== 'open' || this.#error !== null || (!linger && input)) {
      this.reset()
      return
    }
    this.#state = 'lingering'
    this.#discard()
    this.#endOutput()
    if (!linger || !(input || unread) || this.#inputEnded) {
      this.#freeDescriptor()
      return
    }
    this.#later(() => {
      if (this.#state === 'lingering') this.observer?.ready(LINGERING)
    })
  }

  reset(): void {
    if (this.#state === 'closed') return
    if (this.#endsByReset()) {
      if (this.#state === 'open') this.close(false)
      else this.#freeDescriptor()
      return
    }
    const reason = systemError('ECONNRESET', 'read')
    if (this.#error === null) this.wire.send(() => this.peer?.fail(reason))
    this.#error ??= resetOf(systemError('ERR_STREAM_DESTROYED', 'read'))
    this.#freeDescriptor()
  }

  /**
   * Whether the peer of a reset sees the end of the stream: a Unix socket has no resets, and only
   * input that is unread at the close makes one (unix(7)).
   */
  #endsByReset(): boolean {
    const established = this.#state !== 'connecting' && this.#error === null
    return established && this.remoteAddress.path !== undefined && this.#input.length === 0
  }

  // Arrivals.

  /** The connection is established. */
  established(peer: SimulatedSocket): void {
    this.peer = peer
    this.#state = 'open'
    this.observer?.ready(WRITABLE)
    this.transmit()
  }

  /** The connection has failed, or cannot be made. Packets in flight are lost. */
  fail(error: Error): void {
    if (this.#state === 'closed') return
    this.wire.clear()
    this.#failed(resetOf(error))
  }

  /** A task has accepted the connection, which may have failed by then. */
  accepted(): void {
    this.#network.register(this)
    if (!this.closed) return
    this.#network.unregister(this)
    this.#later(() => this.observer?.ready(READABLE | WRITABLE | FAILED | CLOSED))
  }

  #bytesArrived(bytes: Buffer, sender: SimulatedSocket): void {
    sender.#inFlight -= bytes.length
    if (this.#state === 'closed') {
      if (this.#refused) return
      this.#refused = true
      // As in Linux, what has not been sent by then is lost.
      this.#output.clear()
      this.#error ??= resetOf(systemError('ECONNRESET', 'write'))
      this.wire.send(() => sender.fail(systemError('ECONNRESET', 'read')))
    } else if (this.#state === 'lingering') {
      this.wire.send(() => sender.transmit())
    } else {
      this.#input.push(bytes)
      this.#reportReadable()
    }
  }

  #endArrived(): void {
    this.#inputEnded = true
    if (this.#state === 'lingering') this.#freeDescriptor()
    else this.#reportReadable()
  }

  #reportWritable(): void {
    if (!this.#wantsWrite || this.#state !== 'open') return
    this.#wantsWrite = false
    this.observer?.ready(WRITABLE)
  }

  /** Whether the socket has output that the peer has no room for. */
  get hasOutput(): boolean {
    return this.#output.length > 0
  }

  /** Sends what the peer has room for, and after the last byte the end, if our side has ended. */
  transmit(): void {
    const { peer } = this
    if (peer === null || this.#error !== null) return
    let room = this.#network.buffer - peer.#input.length - this.#inFlight
    // As in TCP (RFC 1122, 4.2.3.4), a slow reader does not cause many tiny packets.
    const sends = room >= Math.min(this.#output.length, this.#network.buffer / 2)
    while (sends && room > 0 && this.#output.length > 0) {
      const bytes = this.#output.take(this.#network.piece(Math.min(room, this.#output.length)))
      room -= bytes.length
      this.#inFlight += bytes.length
      this.wire.send(() => peer.#bytesArrived(bytes, this), bytes.length)
    }
    if (this.#outputEnded && !this.#endSent && this.#output.length === 0) {
      this.#endSent = true
      this.wire.send(() => peer.#endArrived())
    }
    if (this.closed) return
    if (sends && this.#wantsWrite) this.#later(() => this.#reportWritable())
  }

  // The end.

  #failed(error: Error): void {
    if (this.#state === 'closed') return
    this.#error ??= error
    if (this.#state !== 'lingering') this.observer?.ready(READABLE | WRITABLE | FAILED)
    this.#freeDescriptor()
  }

  #endOutput(): void {
    this.#outputEnded = true
    this.transmit()
  }

  /** Discards the input, so that the peer can send the rest. */
  #discard(): void {
    this.#input.clear()
    this.wire.send(() => this.peer?.transmit())
  }

  #freeDescriptor(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#network.unregister(this)
    this.#later(() => this.observer?.ready(CLOSED))
  }

  // Operations.

  /**
   * @returns EAGAIN if the operation is to have no effect;
   *
   * @throws the error with which it is to fail
   */
  #operation(kind: OperationKind): 'EAGAIN' | undefined {
    const code = this.#network.operation(kind, this.localAddress, this.remoteAddress)
    if (code === undefined || this.#error !== null || this.closed) return undefined
    if (WITHOUT_EFFECT.has(code)) return 'EAGAIN'
    this.#input.clear()
    throw this.#break(systemError(code, kind))
  }

  /** The connection fails within a try: the peer learns it from the wire, our observer later. */
  #break(reason: Error): Error {
    const error = resetOf(reason)
    this.#error = error
    this.wire.send(() => this.peer?.fail(systemError('ECONNRESET', 'read')))
    this.#later(() => this.#failed(error))
    return error
  }

  #nothingYet(): null {
    this.#wantsRead = true
    // After a read without effect there may be input.
    if (this.#input.length > 0 || this.#inputEnded) this.#later(() => this.#reportReadable())
    return null
  }

  #reportReadable(): void {
    if (!this.#wantsRead) return
    this.#wantsRead = false
    this.observer?.ready(READABLE)
  }

  #later(call: () => void): void {
    const { host } = this.#network
    host.at(host.now(), call)
  }
}
