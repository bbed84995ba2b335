/**
 * A socket with TLS, over a socket of any driver: what Node's TLS makes of it, pulled instead of
 * pushed.
 *
 *   write -> TLSSocket of Node -> carrier -> inner socket, and back
 *
 * It decrypts before it says READABLE, so that a session ticket is no news, and a try to read
 * decrypts what has come. The end of the stream is the peer's `close_notify`. The transport's end
 * without it may be an attacker's work, and is an error.
 */

import type { TLSSocket } from 'node:tls'
import {
  CLOSED,
  type DriverSocket,
  FAILED,
  LINGERING,
  type Observer,
  READABLE,
  WRITABLE,
} from '../../driver/protocol.js'
import { closedSocketError } from '../../driver/system-errors.js'
import type { TlsInfo, TlsState } from '../../driver/tls.js'
import { Carrier, type CarrierOwner } from './carrier.js'
import { clientCertificateError, tlsErrorOf, truncatedError } from './failure.js'
import { Handshake } from './handshake.js'
import { infoOf } from './info.js'
import { OverSocket } from './over.js'
import { Plaintext } from './plaintext.js'
import type { Clock, TlsEnd, TlsSide } from './side.js'
import { NodeTurns } from './turns.js'

/** Node encrypts all that it is given: a bound on the memory that a write takes. */
const MAX_WRITE = 65_536

export class TlsSocket extends OverSocket implements DriverSocket, Observer, CarrierOwner, TlsEnd, TlsState {
  observer: Observer | null = null
  readonly tls: TlsState = this
  readonly #side: TlsSide
  readonly #clock: Clock
  readonly #handshake: Handshake
  readonly #turns: NodeTurns
  /** Null before the handshake begins. */
  #carrier: Carrier | null = null
  /** Node's socket; null before it is known. */
  #node: TLSSocket | null = null
  #info: TlsInfo | undefined
  readonly #plaintext: Plaintext
  /** Whether a try to write would have blocked, or bytes wait, so that WRITABLE is due. */
  #wantsWrite = false
  /** Whether a try is being made: it reports what it finds itself. */
  #trying = false
  /** Whether Node is being given ciphertext: whatever it tells meanwhile must not lead to more. */
  #pumping = false
  /** Whether a turn of the handshake is about to come. */
  #handshakes = false
  #error: Error | null = null
  /** Whether our side has ended, or is to end after the handshake. */
  #shutDown = false
  /** Whether `close(true)` has been called: input is discarded. */
  #closing = false
  /** Whether the inner socket has been told to close. */
  #released = false
  /** Whether its descriptor is free. */
  #over = false

  constructor(inner: DriverSocket, side: TlsSide, clock: Clock) {
    super(inner)
    this.#side = side
    this.#clock = clock
    this.#handshake = new Handshake(clock)
    this.#plaintext = new Plaintext(side.peerHasTickets)
    this.#turns = new NodeTurns(clock)
    inner.observer = this
  }

  get info(): TlsInfo | undefined {
    return this.#info
  }

  /** Messages of TLS itself count too: if some wait, WRITABLE is due. */
  get unsent(): number {
    const held = this.#held
    this.#assertWritable()
    if (held > 0) this.#wantsWrite = true
    return held
  }

  get unacknowledged(): number {
    return (this.inner.unacknowledged ?? 0) + this.#held
  }

  get #held(): number {
    return (this.#node?.writableLength ?? 0) + (this.#carrier?.held ?? 0)
  }

  handshake(done: (error: Error | null) => void): () => void {
    const withdraw = this.#handshake.add(done)
    if (this.#info !== undefined) this.#handshake.settle(null)
    else if (this.#error !== null || this.#over || this.#released || this.#closing) {
      this.#handshake.settle(this.#error ?? closedSocketError())
    } else this.#begin()
    return withdraw
  }

  read(max: number): Buffer | null {
    if (!this.#plaintext.readable && this.#error === null && !this.#released) {
      this.#plaintext.wanted = true
      this.#begin()
      if (this.#info !== undefined) this.#try(() => this.#pump())
    }
    const bytes = this.#plaintext.take(max)
    if (bytes !== null) return bytes
    if (this.#error !== null) throw this.#error
    if (this.#over) throw closedSocketError()
    return null
  }

  write(bytes: Uint8Array): number {
    this.#assertWritable()
    if (this.#over) throw closedSocketError()
    this.#begin()
    if (this.#info === undefined) this.#wantsWrite = true
    if (this.#info === undefined || this.unsent > 0) return 0
    if (bytes.length === 0) return 0
    const piece = bytes.length <= MAX_WRITE ? bytes : bytes.subarray(0, MAX_WRITE)
    this.#try(() => this.#node?.write(piece, () => this.#written()))
    this.#assertWritable()
    this.#wantsWrite = true
    this.#turns.begin()
    return piece.length
  }

  shutdown(): void {
    if (this.#shutDown || this.#released || this.#error !== null) return
    this.#shutDown = true
    this.#begin()
    this.#endOurSide()
  }

  close(linger: boolean, unread = false): void {
    if (this.#released) {
      if (!linger) this.inner.close(false)
      return
    }
    // A peer that has said nothing yet, not even of its handshake, is told nothing by TLS.
    if (!linger || this.#error !== null || !(this.#carrier?.heard || this.#shutDown)) {
      this.#release(() => this.inner.close(linger, unread))
      return
    }
    if (this.#closing) return
    this.#closing = true
    this.#plaintext.discard(unread)
    // What has come may be tickets, which no task would have read.
    this.#plaintext.wanted = true
    this.#handshake.settle(closedSocketError())
    if (this.#info !== undefined) this.#finish()
    // The handshake comes first: it takes no longer than its time limit, or than lingering may.
    else this.#clock.soon(() => this.observer?.ready(LINGERING))
  }

  reset(): void {
    this.#release(() => this.inner.reset())
  }

  // Called by the inner socket.

  ready(what: number): void {
    const carrier = this.#carrier
    let told = what & (CLOSED | LINGERING)
    // During the handshake, its next turn finds the error.
    const failed = (what & FAILED) !== 0 && (carrier === null || this.#info !== undefined)
    if (failed) told |= READABLE | WRITABLE | FAILED
    if (carrier !== null && !this.#released && this.#error === null) {
      // A message of Node's own may have been in the way.
      if ((what & ~READABLE) !== 0 && carrier.flush()) this.#written()
      if (carrier.failure !== null && this.#info === undefined) this.#fail(carrier.failure)
      if (this.wantsMore) this.#proceed()
    }
    if (this.#error !== null) told &= ~(READABLE | WRITABLE | FAILED) // It has been told.
    if ((what & CLOSED) !== 0) {
      this.#over = true
      this.#handshake.end(this.#error ?? closedSocketError())
    }
    if (told !== 0) this.observer?.ready(told)
  }

  // Called by the carrier.

  get wantsMore(): boolean {
    if (this.#error !== null || this.#released) return false
    return this.#info === undefined || (this.#plaintext.wanted && !this.#plaintext.readable)
  }

  transportEnded(): void {
    // Node tells of a `close_notify` that has come before it in a later turn.
    this.#clock.soon(() => {
      if (this.#plaintext.ended || (this.#closing && this.#info !== undefined)) return
      if (this.#side.endsWithTransport && this.#info !== undefined) this.#endInput()
      else this.failed(truncatedError(this.#info === undefined))
    })
  }

  carrierDestroyed(): void {
    if (this.#info !== undefined) return
    // Node tells the error, if there is one, before that.
    this.#clock.soon(() => this.failed(clientCertificateError()))
  }

  // Called by the side.

  /** Node's socket is known; of a client before the handshake. */
  attach(node: TLSSocket): void {
    node.on('error', (error: Error) => this.failed(tlsErrorOf(error, this.#info === undefined)))
    this.#node = node
    node.on('data', (bytes: Buffer) => {
      this.#plaintext.push(bytes)
      this.#inputChanged()
    })
    node.on('end', () => this.#endInput())
  }

  /** The handshake has ended well. */
  secured(node: TLSSocket): void {
    if (this.#node === null) this.attach(node)
    this.#info = infoOf(node, () => this.#side.session(node))
    this.#handshake.end(null)
    this.#clock.soon(() => {
      this.#written()
      if (this.#closing) this.#finish()
      else if (this.#shutDown) this.#endOurSide()
      if (this.wantsMore) this.#proceed()
    })
  }

  failed(error: Error, alert?: Uint8Array): void {
    if (this.#error !== null || this.#released) return
    if (alert !== undefined) this.#attempt(() => this.inner.write(alert))
    this.#fail(error)
    // An alert of Node goes out first.
    this.#clock.soon(() => this.#release(() => this.inner.close(false)))
  }

  #begin(): void {
    if (this.#carrier !== null || this.#released) return
    const carrier = new Carrier(this.inner, this, this.#turns)
    this.#carrier = carrier
    this.#handshake.begin(this.#side.handshakeTimeout, (error) => {
      this.#fail(error)
      this.reset()
    })
    this.#side.begin(this, carrier)
    this.#proceed()
  }

  /**
   * Gives Node what has arrived; during the handshake in a turn of its own, so that what Node then
   * tells of any socket is about this one.
   */
  #proceed(): void {
    if (this.#info !== undefined) {
      this.#pump()
      this.#reportReadable()
      return
    }
    if (this.#handshakes) return
    this.#handshakes = true
    this.#clock.soon(() => {
      this.#handshakes = false
      if (this.#released || this.#error !== null) return
      this.#side.enter(this)
      this.#pump()
      this.#reportReadable()
    })
  }

  /** What has arrived before can be read, though the socket below takes nothing more. */
  #assertWritable(): void {
    const error = this.#error ?? this.#carrier?.failure
    if (error) throw error
  }

  /** Closes after our `close_notify`. */
  #finish(): void {
    const release = () => this.#release(() => this.inner.close(true, this.#plaintext.awaitsEnd))
    this.#try(() => this.#pump())
    if (this.#error === null) this.#endOurSide(release)
    else release()
  }

  /** After the handshake. */
  #endOurSide(done: () => void = () => {}): void {
    if (this.#info === undefined) return
    this.#node?.end(done)
    this.#turns.begin()
  }

  #pump(): void {
    this.#pumping = true
    this.#attempt(() => this.#carrier?.pump())
    this.#pumping = false
  }

  #endInput(): void {
    this.#plaintext.ended = true
    this.#carrier?.peerEnded()
    this.#inputChanged()
  }

  /** Outside of a try Node may be in the middle of its own work. */
  #inputChanged(): void {
    if (!this.#pumping && this.#plaintext.wanted) this.#clock.soon(() => this.#reportReadable())
  }

  #reportReadable(): void {
    if (!this.#plaintext.wanted || !this.#plaintext.readable) return
    this.#plaintext.wanted = false
    this.#tell(READABLE)
  }

  #written(): void {
    if (!this.#wantsWrite || this.#released || this.#error !== null || this.#held > 0) return
    this.#wantsWrite = false
    this.#tell(WRITABLE)
  }

  /** Makes a part of a try of the user's, which reports what it finds. */
  #try(call: () => unknown): void {
    this.#trying = true
    this.#attempt(call)
    this.#trying = false
  }

  #attempt(call: () => unknown): void {
    try {
      call()
    } catch (error) {
      this.#fail(error as Error) // A driver throws nothing else.
    }
  }

  /** Bytes that have been decrypted can still be read. */
  #fail(error: Error): void {
    this.#error = error
    this.#handshake.end(error)
    this.#node?.destroy()
    this.#carrier?.stream.destroy()
    this.#tell(READABLE | WRITABLE | FAILED)
  }

  /** Ends TLS, and lets the transport end in its own way. */
  #release(end: () => void): void {
    if (this.#over) return
    this.#released = true
    this.#plaintext.clear()
    this.#handshake.end(this.#error ?? closedSocketError())
    end()
    this.#node?.destroy()
    this.#carrier?.stream.destroy()
  }

  /** A try tells its caller itself; those that wait are told by the inner socket. */
  #tell(what: number): void {
    if (!this.#closing && !this.#released && !this.#trying) this.observer?.ready(what)
  }
}
