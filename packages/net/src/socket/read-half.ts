/**
 * The reading half of a connection: its one reader, and bytes that have arrived but were not
 * requested.
 *
 * It tries, parks its reader if the try would block, and tries again when the driver says READABLE.
 * What a request beyond `recv` needs (a line, an exact length) is decided in `read-requests`.
 */

import { ClosedError } from '@bluelet/scheduler'
import { type EventHandler, LATER, type Runtime } from '@bluelet/scheduler/lowlevel'
import { ByteQueue } from '../driver/byte-queue.js'
import type { DriverSocket } from '../driver/protocol.js'
import { BusyError } from '../errors.js'
import type { ConnectionObserver } from './connection-observer.js'
import type { PeerWatch } from './peer-watch.js'
import { Peek, PeekExactly, type ReadRequest } from './read-requests.js'
import type { Owner, Receiver } from './receiver.js'
import { thrownBy } from './thrown.js'

/**
 * How many bytes are requested from the driver at a time. A read holds what has arrived for it, and
 * at most this much beyond.
 */
export const MAX_READ_AHEAD = 65_536

/**
 * How many receives one read makes before others have their turn. The driver says READABLE only
 * once, so the read then tries again by itself.
 */
const MAX_RECEIVES = 16

/** The failure of a connection that `close()` has ended. */
const CLOSED_HERE = Symbol('closed')

/** The connection of a half. */
interface Whole {
  readonly observer: ConnectionObserver | null
  readonly writeHalf: { readonly sent: number } | null
  readonly scheduler: Runtime
}

/** The handler of all reads. The argument is the maximum of a `recv`, or another request. */
export class ReadHalf implements EventHandler<number | ReadRequest, undefined, Buffer> {
  readonly #socket: DriverSocket
  readonly #connection: Whole
  /**
   * Bytes that have arrived but were not requested: those after a line, or those that were peeked
   * at.
   */
  #queue: ByteQueue | null = null
  #waiter: Receiver<Buffer> | null = null
  /** Whether a read that has used up its receives is about to go on. */
  #continues = false
  /**
   * The request that could not be answered at once, as long as nothing has happened since: it need
   * not be tried again when it is entered.
   */
  #attempted: number | ReadRequest | null = null
  /** The waiter's request, or the last one. */
  #request: number | ReadRequest = 0
  /** What ended the connection, once a reader has received that error. */
  #failure: unknown = undefined
  /** Made when it is first needed. */
  peerWatch: PeerWatch | null = null
  /** The only one that may read, if there is one. */
  owner: Owner | null = null
  /** Total bytes delivered to readers. */
  received = 0
  /** How many bytes had been sent when the last read began. */
  sentBefore = 0
  /**
   * What a branch of a combination has read, as long as nothing has been read since: it can be put
   * back. A weak reference, because most of these bytes are received, and an idle connection must
   * not keep them.
   */
  #returnable: WeakRef<Buffer> | null = null

  constructor(socket: DriverSocket, connection: Whole) {
    this.#socket = socket
    this.#connection = connection
  }

  get name(): string {
    return 'recv'
  }

  get external(): string {
    return 'socket'
  }

  /** Whether a task waits. */
  get busy(): boolean {
    return this.#waiter !== null
  }

  /** The current or last request, as the user would write it. */
  get request(): string {
    return this.describe(this.#request)
  }

  /** Total bytes that were received, whether or not a reader has got them. */
  get arrived(): number {
    return this.received + (this.#queue?.length ?? 0)
  }

  /** Whether bytes have arrived that no task has read. The driver may have more. */
  get hasUnread(): boolean {
    return this.#queue !== null && this.#queue.length > 0
  }

  /** Whether a task waits and a part of its request has arrived. */
  get partial(): boolean {
    return this.#waiter !== null && this.hasUnread
  }

  describe(request: number | ReadRequest): string {
    return typeof request === 'number' ? `recv(${request})` : request.name
  }

  attempt(waiter: Receiver<Buffer>, request: number | ReadRequest): Buffer | typeof LATER {
    const bytes = this.#begin(waiter, request)
    if (bytes !== null) {
      this.#account(waiter, bytes, request)
      this.lookAtPeer()
      return bytes
    }
    this.#attempted = request
    return LATER
  }

  enter(waiter: Receiver<Buffer>, request: number | ReadRequest): undefined {
    const bytes = this.#attempted === request ? null : this.#begin(waiter, request)
    this.#attempted = null
    if (bytes !== null) {
      this.#give(waiter, bytes, request)
      return
    }
    this.#waiter = waiter
    this.#request = request
    this.#connection.observer?.sweep.start()
  }

  #busyError(request: number | ReadRequest): BusyError {
    const name = this.describe(request)
    if (this.owner !== null) return new BusyError(`${name}: the connection belongs to its stream (toStream)`)
    return new BusyError(
      `${name}: ${this.#waiter?.task} is reading this connection, in ${this.request}; only one task at a time can read`,
    )
  }

  /** Makes the first try of a read. */
  #begin(reader: Receiver<Buffer>, request: number | ReadRequest): Buffer | null {
    if (this.#waiter !== null || (this.owner !== null && this.owner !== (reader as unknown))) {
      throw this.#busyError(request)
    }
    this.sentBefore = this.#connection.writeHalf?.sent ?? 0
    this.#attempted = null
    try {
      return this.#try(request)
    } catch (error) {
      throw thrownBy(this.#connection, error)
    }
  }

  withdraw(): void {
    this.#waiter = null
    this.lookAtPeer()
  }

  /**
   * If a task waits for the peer to disconnect, and no task reads: reads ahead up to MAX_READ_AHEAD
   * bytes, since only a try finds the end of the stream or its error.
   */
  lookAtPeer(): void {
    this.#attempted = null
    const { peerWatch } = this
    if (peerWatch === null || !peerWatch.active || this.busy || this.#failure === CLOSED_HERE) return
    this.#queue ??= new ByteQueue()
    const queue = this.#queue
    try {
      while (queue.length < MAX_READ_AHEAD) {
        const chunk = this.#socket.read(MAX_READ_AHEAD)
        if (chunk === null) return
        if (chunk.length === 0) {
          if (queue.length === 0) peerWatch.ended()
          return
        }
        queue.push(chunk)
      }
    } catch {
      // The driver throws it at each later try.
      peerWatch.failed()
    }
  }

  /** Another try is worthwhile. */
  ready(): void {
    this.#attempted = null
    const waiter = this.#waiter
    if (waiter === null) {
      this.lookAtPeer()
      return
    }
    let bytes: Buffer | null
    try {
      bytes = this.#try(this.#request)
    } catch (error) {
      this.#waiter = null
      waiter.throw(thrownBy(this.#connection, error))
      return
    }
    if (bytes === null) return
    this.#waiter = null
    this.#give(waiter, bytes, this.#request)
  }

  /**
   * Puts bytes back in front whose reader cannot receive them, unless later bytes have been read
   * since.
   */
  discard(_request: number | ReadRequest, bytes: Buffer): void {
    if (this.#returnable?.deref() !== bytes) return
    this.#returnable = null
    this.unread(bytes)
  }

  /** Puts bytes back in front that were read last, and were of no use to their reader. */
  unread(bytes: Buffer): void {
    if (this.#failure === CLOSED_HERE) return
    this.received -= bytes.length
    this.#queue ??= new ByteQueue()
    this.#queue.unshift(bytes)
    this.ready()
  }

  #give(waiter: Receiver<Buffer>, bytes: Buffer, request: number | ReadRequest): void {
    this.#account(waiter, bytes, request)
    waiter.resume(bytes)
    this.lookAtPeer()
  }

  /** Counts what a reader is about to receive. */
  #account(waiter: Receiver<Buffer>, bytes: Buffer, request: number | ReadRequest): void {
    if (typeof request === 'number' || !(request instanceof Peek || request instanceof PeekExactly)) {
      this.received += bytes.length
      // A task receives what it has read. A branch may lose it.
      const byTask = waiter === waiter.task
      this.#returnable = byTask || bytes.length === 0 ? null : new WeakRef(bytes)
    }
  }

  /** Fails the pending read; bytes that have arrived are kept. */
  fail(error: Error): void {
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.throw(thrownBy(this.#connection, error))
  }

  /** Fails the pending read and all later ones; bytes that have arrived are dropped. */
  close(): void {
    this.#failure = CLOSED_HERE
    this.#attempted = null
    this.#queue = null
    // An error costs more than all the rest of a close: it is made only if it is thrown.
    if (this.busy) this.fail(new ClosedError(`${this.request}: the connection has been closed`))
    this.owner?.closed()
  }

  /** @returns the requested bytes, or null if they have not arrived */
  #try(request: number | ReadRequest): Buffer | null {
    if (this.#failure === CLOSED_HERE)
      throw new ClosedError(`${this.describe(request)}: the connection is closed`)
    if (typeof request !== 'number') return this.#tryRequest(request)
    const queue = this.#queue
    if (queue !== null && queue.length > 0) return queue.takeSome(request)
    return this.#receive(request)
  }

  #tryRequest(request: ReadRequest): Buffer | null {
    this.#queue ??= new ByteQueue()
    const queue = this.#queue
    let receives = 0
    if (request.sees !== undefined) receives = this.#fill(queue, request.sees)
    let bytes = request.take(queue, false)
    for (; bytes === null; receives++) {
      if (receives >= MAX_RECEIVES || this.#continues) {
        this.#continueLater()
        return null
      }
      const chunk = this.#receive(MAX_READ_AHEAD)
      if (chunk === null) return null
      if (chunk.length === 0) return request.take(queue, true)
      queue.push(chunk)
      bytes = request.take(queue, false)
    }
    return bytes
  }

  /**
   * Receives what has arrived until `wanted` bytes are here. An error is left to a read that needs
   * more bytes than these.
   *
   * @returns how many receives that took
   */
  #fill(queue: ByteQueue, wanted: number): number {
    let receives = 0
    for (; this.#failure === undefined && queue.length < wanted && receives < MAX_RECEIVES; receives++) {
      let chunk: Buffer | null = null
      try {
        chunk = this.#socket.read(MAX_READ_AHEAD)
      } catch {
        // The driver throws it at each later try.
      }
      if (chunk === null || chunk.length === 0) break
      queue.push(chunk)
    }
    return receives
  }

  /** Tries again once other tasks and sockets have had their turn. */
  #continueLater(): void {
    if (this.#continues) return
    this.#continues = true
    this.#connection.scheduler.host.soon(() => {
      this.#continues = false
      this.ready()
    })
  }

  /**
   * Tries to read from the driver. Its error goes to one reader; later readers get a ClosedError.
   */
  #receive(max: number): Buffer | null {
    if (this.#failure !== undefined) {
      throw new ClosedError('recv: the connection is closed, because it has failed', { cause: this.#failure })
    }
    try {
      return this.#socket.read(max)
    } catch (error) {
      this.#failure = error
      this.peerWatch?.failed()
      throw error
    }
  }
}
