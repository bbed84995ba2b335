/**
 * A socket of the simulated network: two buffers, as in a kernel, and a wire to the other end.
 *
 *   write -> #output -> wire -> #input of the peer -> read
 *
 * Nothing is told to an observer within a try: all that happens here comes by a wire, or by the host's clock.
 */

import type { Address } from '../../driver/address.js'
import { ByteQueue, EMPTY } from '../../driver/byte-queue.js'
import {
  CLOSED,
  type DriverSocket,
  FAILED,
  type Observer,
  READABLE,
  WRITABLE,
} from '../../driver/protocol.js'
import { resetOf, systemError } from '../../driver/system-errors.js'
import { type Medium, Wire } from './wire.js'

/** What is tried: an operation can be made to fail. */
export type OperationKind = 'lookup' | 'connect' | 'listen' | 'accept' | 'read' | 'write' | 'shutdown'

/** The network around a socket. */
export interface Surroundings extends Medium {
  /** How many bytes each of the two buffers of a socket holds. */
  readonly buffer: number
  /** Counts a try. @returns the code of the error that it is to fail with, if it is to */
  operation(kind: OperationKind, local: Address | undefined, remote: Address | undefined): string | undefined
  /** Of so many bytes, how many go at a time. */
  piece(bytes: number): number
  opened(socket: object): void
  closed(socket: object): void
}

/** What is not a failure: the call was only in vain. */
export const IN_VAIN: ReadonlySet<string> = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINTR'])

/** `lingering`: closed by us, while the other end goes on. */
type State = 'connecting' | 'open' | 'lingering' | 'closed'

export class SimulatedSocket implements DriverSocket {
  observer: Observer | null
  readonly localAddress: Address
  readonly remoteAddress: Address
  /** To the other end. */
  readonly wire: Wire
  /** The other end, once there is one. */
  peer: SimulatedSocket | null
  /** What is written is the kernel's at once. */
  readonly unsent: number
  readonly #network: Surroundings
  #state: State
  #error: Error | null
  readonly #input: ByteQueue
  #inputEnded: boolean
  readonly #output: ByteQueue
  /** Our side is ended, once the output is sent; and then: the end is sent as well. */
  #outputEnded: boolean
  #endSent: boolean
  /** How many bytes are on the wire to the peer. */
  #inFlight: number
  /** A try would have blocked: the observer is to be told. */
  #wantsRead: boolean
  #wantsWrite: boolean

  constructor(network: Surroundings, localAddress: Address, remoteAddress: Address) {
    this.observer = null
    this.localAddress = localAddress
    this.remoteAddress = remoteAddress
    this.wire = new Wire(network)
    this.peer = null
    this.unsent = 0
    this.#network = network
    this.#state = 'connecting'
    this.#error = null
    this.#input = new ByteQueue()
    this.#inputEnded = false
    this.#output = new ByteQueue()
    this.#outputEnded = false
    this.#endSent = false
    this.#inFlight = 0
    this.#wantsRead = false
    this.#wantsWrite = false
  }

  /** Whether it holds a descriptor no more, or is about to hold none. */
  get closed(): boolean {
    return this.#state === 'closed'
  }

  read(max: number): Buffer | null {
    const code = this.#operation('read')
    if (code === 'EAGAIN') return this.#nothingYet()
    if (this.#input.length > 0) {
      const bytes = this.#input.take(Math.min(max, this.#input.length))
      // There is room again.
      if (this.peer?.waits) this.wire.send(() => this.peer?.transmit())
      return bytes
    }
    if (this.#inputEnded) return EMPTY
    if (this.#error !== null) throw this.#error
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
      if (code === 'EAGAIN') this.#later(() => this.#heardRoom())
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

  close(linger: boolean): void {
    if (this.#state === 'closed' || (this.#state === 'lingering' && linger)) return
    const unread = this.#input.length > 0
    if (this.#state !== 'open' || this.#error !== null || (!linger && unread)) {
      this.reset()
      return
    }
    this.#state = 'lingering'
    this.#discard()
    this.#endOutput()
    if (linger) this.#endLinger()
    else this.#end()
  }

  reset(): void {
    if (this.#state === 'closed') return
    const reason = systemError('ECONNRESET', 'read')
    if (this.#error === null) this.wire.send(() => this.peer?.fail(reason))
    this.#error ??= resetOf(systemError('ERR_STREAM_DESTROYED', 'read'))
    this.#end()
  }

  // What comes by the wire.

  /** The connection is made. */
  established(peer: SimulatedSocket): void {
    if (this.#state !== 'connecting') {
      this.wire.send(() => peer.fail(systemError('ECONNRESET', 'read')))
      return
    }
    this.peer = peer
    this.#state = 'open'
    this.observer?.ready(WRITABLE)
    this.transmit()
  }

  /** The connection has failed, or cannot be made: nobody is there any more to hear of what is under way. */
  fail(error: Error): void {
    if (this.#state === 'closed') return
    this.wire.clear()
    this.#failed(resetOf(error))
  }

  /** It is accepted; which may come too late. */
  accepted(): void {
    this.#network.opened(this)
    if (!this.closed) return
    this.#network.closed(this)
    this.#later(() => this.observer?.ready(READABLE | WRITABLE | FAILED | CLOSED))
  }

  #heard(bytes: Buffer, sender: SimulatedSocket): void {
    sender.#inFlight -= bytes.length
    if (this.#state === 'closed') {
      this.wire.send(() => sender.fail(systemError('ECONNRESET', 'read')))
    } else if (this.#state === 'lingering') {
      this.wire.send(() => sender.transmit())
    } else {
      this.#input.push(bytes)
      this.#tellReadable()
    }
  }

  #heardEnd(): void {
    this.#inputEnded = true
    if (this.#state === 'lingering') this.#endLinger()
    else this.#tellReadable()
  }

  #heardRoom(): void {
    if (!this.#wantsWrite || this.#state !== 'open') return
    this.#wantsWrite = false
    this.observer?.ready(WRITABLE)
  }

  /** Whether it has more to send than the peer has room for. */
  get waits(): boolean {
    return this.#output.length > 0
  }

  /** Sends what the peer has room for, and after all of it the end, if there is one. */
  transmit(): void {
    const { peer } = this
    if (peer === null || this.#error !== null) return
    let room = this.#network.buffer - peer.#input.length - this.#inFlight
    // As TCP does (RFC 1122, 4.2.3.4): no dribble of tiny packets into every bit of room that a slow reader makes.
    const sends = room >= Math.min(this.#output.length, this.#network.buffer / 2)
    while (sends && room > 0 && this.#output.length > 0) {
      const bytes = this.#output.take(this.#network.piece(Math.min(room, this.#output.length)))
      room -= bytes.length
      this.#inFlight += bytes.length
      this.wire.send(() => peer.#heard(bytes, this))
    }
    if (this.#outputEnded && !this.#endSent && this.#output.length === 0) {
      this.#endSent = true
      this.wire.send(() => peer.#heardEnd())
      if (this.#state === 'lingering') this.#endLinger()
    }
    if (this.closed) return
    if (sends && this.#wantsWrite) this.#later(() => this.#heardRoom())
  }

  // Ending.

  #failed(error: Error): void {
    if (this.#state === 'closed') return
    this.#error ??= error
    if (this.#state !== 'lingering') this.observer?.ready(READABLE | WRITABLE | FAILED)
    this.#end()
  }

  #endOutput(): void {
    this.#outputEnded = true
    this.transmit()
  }

  /** Both sides are at their end: nobody needs to stay for the other. */
  #endLinger(): void {
    if (this.#inputEnded && this.#endSent) this.#end()
  }

  /** What has come is not wanted, and must not be in the peer's way. */
  #discard(): void {
    this.#input.clear()
    this.wire.send(() => this.peer?.transmit())
  }

  #end(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#network.closed(this)
    this.#later(() => this.observer?.ready(CLOSED))
  }

  // Tries.

  /** @returns EAGAIN, if it is to be in vain; @throws the error that it is to fail with */
  #operation(kind: OperationKind): 'EAGAIN' | undefined {
    const code = this.#network.operation(kind, this.localAddress, this.remoteAddress)
    if (code === undefined || this.#error !== null || this.closed) return undefined
    if (IN_VAIN.has(code)) return 'EAGAIN'
    this.#input.clear()
    throw this.#break(systemError(code, kind))
  }

  /** The connection breaks within a try: the other end hears of it by the wire, our observer later. */
  #break(reason: Error): Error {
    const error = resetOf(reason)
    this.#error = error
    this.wire.send(() => this.peer?.fail(systemError('ECONNRESET', 'read')))
    this.#later(() => this.#failed(error))
    return error
  }

  #nothingYet(): null {
    this.#wantsRead = true
    // In vain: there may be something.
    if (this.#input.length > 0 || this.#inputEnded) this.#later(() => this.#tellReadable())
    return null
  }

  #tellReadable(): void {
    if (!this.#wantsRead) return
    this.#wantsRead = false
    this.observer?.ready(READABLE)
  }

  #later(call: () => void): void {
    const { host } = this.#network
    host.at(host.now(), call)
  }
}
