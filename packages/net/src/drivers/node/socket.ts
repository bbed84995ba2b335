/**
 * A socket of the `node` driver.
 *
 * A stream of Node's pushes; ours is asked. So a socket is paused whenever a chunk has come that nobody has read, which
 * bounds what is read ahead to that one chunk; and it is not read at all before the first try.
 */

import type net from 'node:net'
import { Address } from '../../driver/address.js'
import { ByteQueue, EMPTY, release } from '../../driver/byte-queue.js'
import {
  CLOSED,
  type DriverSocket,
  FAILED,
  type Observer,
  READABLE,
  type SocketSettings,
  WRITABLE,
} from '../../driver/protocol.js'
import { overError, resetOf } from '../../driver/system-errors.js'

const DEFAULT_KEEP_ALIVE_MS = 60_000

/** Linux takes no more seconds than this (TCP_KEEPIDLE, tcp(7)). */
const MAX_KEEP_ALIVE_SECONDS = 32_767

/**
 * How much of a write Node is given at a time: it takes all that it is given, however long the peer takes for it, and says
 * only at the end that there was any progress. In pieces 64 MiB took no longer (47 to 53 ms, in one piece 46 to 84).
 */
const MAX_WRITE = 65_536

/** On every socket of Node's that is ours: so that its listeners are shared functions and cost no closure each. */
const OURS = Symbol('bluelet.socket')

interface OwnedSocket extends net.Socket {
  [OURS]: NodeSocket
}

export class NodeSocket implements DriverSocket {
  observer: Observer | null
  readonly #socket: net.Socket
  /** What has come and has not been read: at most one chunk, but for what Node pushes while it is being paused. */
  #input: Buffer | null
  #more: ByteQueue | null
  #ended: boolean
  #error: Error | null
  /** Its descriptor is free. */
  #over: boolean
  /** Set by close(): what comes is thrown away. */
  #discarding: boolean
  /** The callback of every write; made at the first. */
  #onWritten: (() => void) | null
  /** A try to write would block, or the kernel has not taken all: `ready` is due. */
  #blocked: boolean

  constructor(socket: net.Socket) {
    this.observer = null
    this.#socket = socket
    this.#input = null
    this.#more = null
    this.#ended = false
    this.#error = null
    this.#over = false
    this.#discarding = false
    this.#onWritten = null
    this.#blocked = false
    ;(socket as OwnedSocket)[OURS] = this
    // All at once, before anything can come: an error that nobody listens for would end the process.
    socket.on('data', heardData)
    socket.on('end', heardEnd)
    socket.on('error', heardError)
    socket.on('close', heardClose)
  }

  get localAddress(): Address | undefined {
    return addressOf(this.#socket.localAddress, this.#socket.localPort)
  }

  get remoteAddress(): Address | undefined {
    return addressOf(this.#socket.remoteAddress, this.#socket.remotePort)
  }

  get unsent(): number {
    // Node counts what it has thrown away as written.
    if (this.#socket.errored !== null) throw this.#fail(this.#socket.errored)
    return this.#socket.writableLength
  }

  read(max: number): Buffer | null {
    const chunk = this.#input
    if (chunk !== null) {
      if (chunk.length <= max) {
        this.#input = this.#more === null ? null : this.#nextChunk()
        return chunk
      }
      this.#input = chunk.subarray(max)
      return release(chunk.subarray(0, max))
    }
    if (this.#ended) return EMPTY
    this.#assertOpen()
    if (this.#socket.isPaused()) this.#socket.resume()
    return null
  }

  write(bytes: Uint8Array): number {
    this.#assertOpen()
    const socket = this.#socket
    if (socket.writableLength > 0) {
      this.#blocked = true
      return 0
    }
    this.#onWritten ??= () => this.#written()
    const piece = bytes.length <= MAX_WRITE ? bytes : bytes.subarray(0, MAX_WRITE)
    socket.write(piece, this.#onWritten)
    // Refused at once: Node tells by an event only later, and has counted the bytes as gone.
    if (socket.errored !== null) throw this.#fail(socket.errored)
    if (socket.writableLength > 0) this.#blocked = true
    return piece.length
  }

  shutdown(): void {
    this.#socket.end()
  }

  close(linger: boolean): void {
    if (this.#over) this.#discard()
    else if (!linger) this.#destroy(this.#input !== null)
    else if (this.#error !== null) this.#destroy(false)
    else {
      this.#discard()
      this.#socket.end()
      this.#socket.resume()
    }
  }

  reset(): void {
    if (this.#over) this.#discard()
    else this.#destroy(true)
  }

  heardData(chunk: Buffer): void {
    if (this.#discarding) return
    if (this.#input === null) {
      this.#input = chunk
      this.observer?.ready(READABLE)
      // Still there: nobody waits for it.
      if (this.#input !== null) this.#socket.pause()
      return
    }
    this.#keep(chunk)
    this.#socket.pause()
  }

  /**
   * The end of the stream, or so Node says: a reset that came while bytes were still unread looks the same to libuv. A write
   * of no bytes tells the two apart: it sends nothing, and fails if the peer has gone. (While other writes are pending these
   * will tell.)
   */
  heardEnd(): void {
    const socket = this.#socket
    if (this.#discarding || !socket.writable || socket.writableLength > 0) this.#end()
    else socket.write(EMPTY, () => this.#end())
  }

  heardError(error: Error): void {
    // What Node has read ahead is still to be had, but not for long.
    if (!this.#discarding) this.#keepUnread()
    this.#error = resetOf(error)
    this.observer?.ready(READABLE | WRITABLE | FAILED)
  }

  #destroy(reset: boolean): void {
    this.#discard()
    // A pending write says success after destroy(); nobody may believe it.
    this.#blocked = false
    if (reset && !this.#socket.connecting && this.#error === null) this.#reset()
    else this.#socket.destroy()
  }

  #discard(): void {
    this.#discarding = true
    this.#input = null
    this.#more = null
  }

  #assertOpen(): void {
    if (this.#over) this.#error ??= overError()
    if (this.#error !== null) throw this.#error
  }

  #fail(error: Error): Error {
    this.#error ??= resetOf(error)
    return this.#error
  }

  /** libuv refuses a reset while a shutdown is under way (EINVAL), and Node then loses the descriptor. */
  #reset(): void {
    const socket = this.#socket
    if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0) {
      socket.once('finish', () => socket.resetAndDestroy())
    } else socket.resetAndDestroy()
  }

  heardClose(): void {
    this.#over = true
    this.observer?.ready(CLOSED)
  }

  heardConnect(): void {
    this.observer?.ready(WRITABLE)
  }

  #end(): void {
    if (this.#socket.errored) return // Then 'error' follows.
    this.#ended = true
    this.observer?.ready(READABLE)
  }

  #keepUnread(): void {
    for (let chunk: unknown = this.#socket.read(); Buffer.isBuffer(chunk); chunk = this.#socket.read()) {
      if (this.#input === null) this.#input = chunk
      else this.#keep(chunk)
    }
  }

  #keep(chunk: Buffer): void {
    this.#more ??= new ByteQueue()
    this.#more.push(chunk)
  }

  /** The callback of a write; also called, with success, for bytes that were thrown away. */
  #written(): void {
    if (!this.#blocked || this.#socket.destroyed || this.#socket.writableLength > 0) return
    this.#blocked = false
    this.observer?.ready(WRITABLE)
  }

  #nextChunk(): Buffer | null {
    const chunk = this.#more?.takeSome(Number.POSITIVE_INFINITY) ?? EMPTY
    if (chunk.length > 0) return chunk
    this.#more = null
    return null
  }
}

function heardData(this: net.Socket, chunk: Buffer): void {
  ;(this as OwnedSocket)[OURS].heardData(chunk)
}

function heardEnd(this: net.Socket): void {
  ;(this as OwnedSocket)[OURS].heardEnd()
}

function heardError(this: net.Socket, error: Error): void {
  ;(this as OwnedSocket)[OURS].heardError(error)
}

function heardClose(this: net.Socket): void {
  ;(this as OwnedSocket)[OURS].heardClose()
}

export function heardConnect(this: net.Socket): void {
  ;(this as OwnedSocket)[OURS].heardConnect()
}

/** The settings, as Node wants them. */
export function optionsOf(settings: SocketSettings): {
  noDelay: boolean
  keepAlive: boolean
  keepAliveInitialDelay: number
} {
  const seconds = keepAliveSeconds(settings)
  return {
    noDelay: settings.noDelay ?? true,
    keepAlive: seconds > 0,
    keepAliveInitialDelay: seconds * 1000,
  }
}

/** After how many seconds a silent peer is probed, as the system wants it; 0: never. */
export function keepAliveSeconds({ keepAlive = DEFAULT_KEEP_ALIVE_MS }: SocketSettings): number {
  return Number.isFinite(keepAlive) ? Math.min(Math.ceil(keepAlive / 1000), MAX_KEEP_ALIVE_SECONDS) : 0
}

function addressOf(host: string | undefined, port: number | undefined): Address | undefined {
  return host === undefined || port === undefined ? undefined : new Address(host, port)
}
