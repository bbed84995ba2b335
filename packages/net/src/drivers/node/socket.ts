/**
 * A socket of the `node` driver.
 *
 * Node's streams push, and ours are pulled. So the socket is paused whenever a chunk has arrived
 * that was not read, which limits reading ahead to that chunk; and nothing is read before the first
 * try, or before a write has to wait.
 */

import type net from 'node:net'
import { Address } from '../../driver/address.js'
import { ByteQueue, EMPTY, release } from '../../driver/byte-queue.js'
import {
  CLOSED,
  type DriverSocket,
  FAILED,
  LINGERING,
  type Observer,
  READABLE,
  WRITABLE,
} from '../../driver/protocol.js'
import { closedSocketError, resetOf } from '../../driver/system-errors.js'
import { nextTurn } from '../environment.js'
import { KEEPS_PEERS } from './versions.js'

/**
 * How many bytes Node is given at a time. Node takes everything it is given, and reports progress
 * only at the end. 64 MiB in such pieces took 47 to 53 ms, in one piece 46 to 84 ms.
 */
const MAX_WRITE = 65_536

/**
 * The property of a Node socket with our socket, so that its listeners are shared functions and not
 * closures.
 */
const OWNER = Symbol('bluelet.socket')

// The state of a socket is one number of these bits: as fields of their own they would cost each
// idle connection 40 bytes more.
/** The stream has ended after the input. */
const ENDED = 1
/** The descriptor is free. */
const DESCRIPTOR_CLOSED = 2
/** Input is discarded, since `close()`. */
const DISCARDING = 4
/** Input was unread at `close(true)`, or has come since. */
const UNREAD = 8
/** A try to write would block, or the kernel has not taken everything, so that WRITABLE is due. */
const BLOCKED = 16
/** Reading is about to go on after a hold: see `#hold`. */
const RESUMING = 32

interface OwnedSocket extends net.Socket {
  [OWNER]: NodeSocket
}

/** What is known of the ends of an accepted socket. */
export interface KnownEnds {
  readonly local: Address
  /** Null if it has to be read from the socket. */
  readonly remote: Address | null
}

export class NodeSocket implements DriverSocket {
  observer: Observer | null = null
  /** Our address, which Node forgets when the connection ends. */
  localAddress: Address | undefined
  /** The peer's address, if the socket does not have it: see `#keepAddresses`. */
  #remote: Address | undefined
  readonly #socket: net.Socket
  #state = 0
  /** The chunk that has arrived and has not been read. */
  #input: Buffer | null = null
  /** What Node pushed after it, while the socket was being paused. */
  #moreInput: ByteQueue | null = null
  #error: Error | null = null
  /** How many bytes of filler lie in Node's buffer: see `#hold`. */
  #filler = 0

  /** @param ends null if nothing is known; both ends of a Unix socket are known, and not to Node */
  constructor(socket: net.Socket, ends: KnownEnds | null = null) {
    this.#socket = socket
    this.localAddress = ends?.local
    this.#remote = ends?.remote ?? undefined
    ;(socket as OwnedSocket)[OWNER] = this
    // All of them before anything can happen: an error without a listener would end the process.
    socket.on('data', onData)
    socket.on('end', onEnd)
    socket.on('error', onError)
    socket.on('close', onClose)
    if (!socket.connecting && !this.#unix) this.#keepAddresses()
  }

  get remoteAddress(): Address | undefined {
    const { remoteAddress, remotePort } = this.#socket
    return this.#remote ?? addressOf(remoteAddress, remotePort)
  }

  /** Whether it is a Unix socket, which cannot be reset: to the peer, a close is the end. */
  get #unix(): boolean {
    return this.#remote?.path !== undefined
  }

  /** Whether this bit of the state is set. */
  #is(bit: number): boolean {
    return (this.#state & bit) !== 0
  }

  get unsent(): number {
    // Node counts bytes that it has discarded as written.
    if (this.#socket.errored !== null) throw this.#fail(this.#socket.errored)
    return this.#socket.writableLength
  }

  read(max: number): Buffer | null {
    const chunk = this.#input
    if (chunk !== null) {
      if (chunk.length <= max) {
        this.#input = this.#moreInput === null ? null : this.#nextChunk()
        return chunk
      }
      this.#input = chunk.subarray(max)
      return release(chunk.subarray(0, max))
    }
    if (this.#is(ENDED)) return EMPTY
    this.#assertOpen()
    if (this.#socket.isPaused()) this.#resume()
    return null
  }

  write(bytes: Uint8Array): number {
    this.#assertOpen()
    const socket = this.#socket
    if (socket.writableLength > 0) {
      this.#block()
      return 0
    }
    const piece = bytes.length <= MAX_WRITE ? bytes : bytes.subarray(0, MAX_WRITE)
    socket.write(piece, () => this.#written())
    // The kernel has refused at once. Node emits 'error' later, and has counted the bytes as
    // written.
    if (socket.errored !== null) throw this.#fail(socket.errored)
    if (socket.writableLength > 0) this.#block()
    return piece.length
  }

  /**
   * WRITABLE is due. Meanwhile one chunk is read ahead, since Node drops what it has not read when
   * the write fails: a peer that refuses an upload sends its reply first.
   */
  #block(): void {
    this.#state |= BLOCKED
    if (this.#input === null && !this.#is(ENDED) && this.#socket.isPaused()) this.#resume()
  }

  shutdown(): void {
    const socket = this.#socket
    socket.end()
    if (socket.isPaused() && !socket.readableEnded) this.#hold()
  }

  /**
   * Stops reading with whatever arrives next, since our side has ended. Before that, `#onEnd` can
   * tell a reset from the end of the stream. After it, libuv before 1.49 (Node 20 and 22) reports
   * the end if a reset has come together with the last bytes, but only while reading goes on after
   * those bytes. `pause()` stops Node's stream and not libuv, which stops at once if the stream's
   * buffer is full. So it is filled, with bytes that are dropped when reading goes on.
   */
  #hold(): void {
    if (this.#filler > 0) return
    const socket = this.#socket
    const { readableLength } = socket
    socket.pause()
    socket.unshift(fillerOf(socket.readableHighWaterMark))
    // A socket that is destroyed takes nothing.
    this.#filler = socket.readableLength - readableLength
  }

  /** Reads on; after a hold in a later turn, when libuv has returned from its read. */
  #resume(): void {
    if (this.#filler === 0) {
      this.#socket.resume()
      return
    }
    if (this.#is(RESUMING)) return
    this.#state |= RESUMING
    nextTurn(() => {
      this.#state &= ~RESUMING
      this.#socket.resume()
    })
  }

  close(linger: boolean, unread = false): void {
    if (this.#is(DESCRIPTOR_CLOSED)) this.#discard()
    else if (!linger) this.#destroy(this.#input !== null)
    else if (this.#error !== null) this.#destroy(false)
    else if (!this.#is(DISCARDING)) {
      const socket = this.#socket
      if (unread || this.#input !== null) this.#state |= UNREAD
      this.#discard()
      if (this.#nothingToWaitFor) {
        socket.destroy()
        return
      }
      socket.end()
      socket.resume()
      if (socket.writableFinished) this.#ourSideEnded()
      else socket.once('finish', () => this.#ourSideEnded())
    }
  }

  /**
   * Whether both sides have all: the peer has ended its side, and the kernel has taken our bytes.
   */
  get #nothingToWaitFor(): boolean {
    const { writableLength, writableEnded, writableFinished } = this.#socket
    return this.#is(ENDED) && writableLength === 0 && (!writableEnded || writableFinished)
  }

  /**
   * Node has read nothing while the socket was paused. The second of two turns follows a poll with
   * reading on, which finds what the kernel has.
   */
  #ourSideEnded(): void {
    nextTurn(() =>
      nextTurn(() => {
        if (this.#socket.destroyed) return
        if (this.#is(UNREAD)) this.observer?.ready(LINGERING)
        else this.#socket.destroy()
      }),
    )
  }

  reset(): void {
    if (this.#is(DESCRIPTOR_CLOSED)) this.#discard()
    else this.#destroy(true)
  }

  onData(chunk: Buffer): void {
    if (this.#filler > 0) {
      this.#filler = 0 // It comes first.
      return
    }
    if (this.#is(DISCARDING)) {
      this.#state |= UNREAD
      return
    }
    if (this.#socket.writableEnded) this.#hold()
    if (this.#input === null) {
      this.#input = chunk
      this.observer?.ready(READABLE)
      // No task has read it.
      if (this.#input !== null) this.#socket.pause()
      return
    }
    this.#keep(chunk)
    this.#socket.pause()
  }

  /**
   * Node reports the end of the stream, although it may be a reset that came while bytes were
   * unread: to libuv both look the same. A write of no bytes sends nothing and fails after a reset.
   * (A pending write does so as well.) On a Unix socket it also fails after an orderly close.
   */
  onEnd(): void {
    const socket = this.#socket
    if (this.#is(DISCARDING) || !socket.writable || this.#unix) this.#endInput()
    // The pending write fails within this turn.
    else if (socket.writableLength > 0) nextTurn(() => this.#endInput())
    else socket.write(EMPTY, () => this.#endInput())
  }

  onError(error: Error): void {
    // What Node has read ahead can be read now, but not later.
    if (!this.#is(DISCARDING)) this.#keepUnread()
    this.#error = resetOf(error)
    this.observer?.ready(READABLE | WRITABLE | FAILED)
  }

  #destroy(reset: boolean): void {
    this.#discard()
    // After destroy(), the callback of a pending write reports success: ignore it.
    this.#state &= ~BLOCKED
    if (reset && !this.#unix && !this.#socket.connecting && this.#error === null) this.#reset()
    else this.#socket.destroy()
  }

  #discard(): void {
    this.#state |= DISCARDING
    this.#input = null
    this.#moreInput = null
  }

  #assertOpen(): void {
    if (this.#is(DESCRIPTOR_CLOSED)) this.#error ??= closedSocketError()
    if (this.#error !== null) throw this.#error
  }

  #fail(error: Error): Error {
    this.#error ??= resetOf(error)
    return this.#error
  }

  /**
   * While a shutdown is in progress, libuv refuses a reset (EINVAL), and Node then leaks the
   * descriptor.
   */
  #reset(): void {
    const socket = this.#socket
    if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0) {
      socket.once('finish', () => socket.resetAndDestroy())
    } else socket.resetAndDestroy()
  }

  onClose(): void {
    this.#state |= DESCRIPTOR_CLOSED
    this.observer?.ready(CLOSED)
  }

  onConnect(): void {
    if (!this.#unix) this.#keepAddresses()
    this.observer?.ready(WRITABLE)
  }

  /** Once the address of a peer has been read, Node has it also when the connection has ended. */
  #keepAddresses(): void {
    const socket = this.#socket
    this.localAddress ??= addressOf(socket.localAddress, socket.localPort)
    const { remoteAddress } = this
    if (!KEEPS_PEERS) this.#remote = remoteAddress
  }

  #endInput(): void {
    if (this.#socket.errored) return // 'error' will follow.
    this.#state |= ENDED
    this.observer?.ready(READABLE)
  }

  #keepUnread(): void {
    for (let bytes: unknown = this.#socket.read(); Buffer.isBuffer(bytes); bytes = this.#socket.read()) {
      const chunk = bytes.subarray(this.#filler)
      this.#filler = 0
      if (chunk.length === 0) continue
      if (this.#input === null) this.#input = chunk
      else this.#keep(chunk)
    }
  }

  #keep(chunk: Buffer): void {
    this.#moreInput ??= new ByteQueue()
    this.#moreInput.push(chunk)
  }

  /** The callback of a write. It also reports success for bytes that were discarded. */
  #written(): void {
    if (!this.#is(BLOCKED) || this.#socket.destroyed || this.#socket.writableLength > 0) return
    this.#state &= ~BLOCKED
    this.observer?.ready(WRITABLE)
  }

  #nextChunk(): Buffer | null {
    const chunk = this.#moreInput?.takeSome(Number.POSITIVE_INFINITY) ?? EMPTY
    if (chunk.length > 0) return chunk
    this.#moreInput = null
    return null
  }
}

let filler = EMPTY

/** Bytes that no reader gets, which all sockets share. */
function fillerOf(length: number): Buffer {
  if (filler.length < length || length === 0) filler = Buffer.alloc(Math.max(1, length))
  return filler
}

function onData(this: net.Socket, chunk: Buffer): void {
  ;(this as OwnedSocket)[OWNER].onData(chunk)
}

function onEnd(this: net.Socket): void {
  ;(this as OwnedSocket)[OWNER].onEnd()
}

function onError(this: net.Socket, error: Error): void {
  ;(this as OwnedSocket)[OWNER].onError(error)
}

function onClose(this: net.Socket): void {
  ;(this as OwnedSocket)[OWNER].onClose()
}

export function onConnect(this: net.Socket): void {
  ;(this as OwnedSocket)[OWNER].onConnect()
}

function addressOf(host: string | undefined, port: number | undefined): Address | undefined {
  return host === undefined || port === undefined ? undefined : new Address(host, port)
}
