/**
 * The reading half of a connection: its one reader, and bytes that have arrived but were not
 * requested.
 *
 * It tries, parks its reader if the try would block, and tries again when the driver says READABLE.
 * What a request beyond `recv` needs (a line, an exact length) is decided in `read-requests`.
 */

import { ClosedError } from '@bluelet/scheduler'
import { type EventHandler, LATER, type Runtime } from '@bluelet/scheduler/lowlevel'
import { ByteQueue, EMPTY } from '../driver/byte-queue.js'
import type { DriverSocket } from '../driver/protocol.js'
import { BusyError } from '../errors.js'
import type { ConnectionObserver } from './connection-observer.js'
import type { PeerWatch } from './peer-watch.js'
import { MAX_READ_AHEAD, readAhead } from './read-ahead.js'
import { ReadInto, type ReadRequest } from './read-requests.js'
import type { Answer, Owner, Receiver } from './receiver.js'
import { thrownBy } from './thrown.js'

/**
 * A `recv` of at most this many bytes receives ahead, since a call of the system costs more than
 * handing out what it has received: 64 bytes of 1 KiB that has come, 1.4 us against 0.3.
 */
const MAX_SMALL = 4096

/** How many bytes such a `recv` receives. */
const AHEAD = 8192

/**
 * How many receives one read makes before others have their turn. The driver says READABLE only
 * once, so the read then tries again by itself.
 */
const MAX_RECEIVES = 16

/** The failure of a connection that `close()` has ended. */
const CLOSED_HERE = Symbol('closed')

/** The connection of a half. */
interface Whole {
  /** The driver's socket. `startTls` replaces it. */
  readonly socket: DriverSocket
  readonly observer: ConnectionObserver | null
  readonly writeHalf: { readonly accepted: number } | null
  readonly scheduler: Runtime
}

/** The handler of all reads. The argument is the maximum of a `recv`, or another request. */
export class ReadHalf implements EventHandler<number | ReadRequest, undefined, Answer> {
  readonly #connection: Whole
  /**
   * Bytes that have arrived but were not requested: those after a line, or those that were peeked
   * at.
   */
  #queue: ByteQueue | null = null
  #waiter: Receiver<Answer> | null = null
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
   * not keep them. Or the request, if its answer is not the bytes.
   */
  #returnable: WeakRef<Buffer> | ReadRequest | null = null

  constructor(connection: Whole) {
    this.#connection = connection
  }

  get name(): string {
    return 'recv'
  }

  get external(): string {
    return 'socket'
  }

  get receives(): boolean {
    return true
  }

  on(): object {
    return this.#connection
  }

  get #socket(): DriverSocket {
    return this.#connection.socket
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
    return this.received + this.buffered
  }

  /** How many bytes have arrived here that no task has read. */
  get buffered(): number {
    return this.#queue?.length ?? 0
  }

  /** Whether bytes have arrived that no task has read. The driver may have more. */
  get hasUnread(): boolean {
    return this.buffered > 0
  }

  /** Takes all bytes that have arrived and no task has read. They count as not received. */
  takeBuffered(): Buffer {
    return this.#queue?.take(this.buffered) ?? EMPTY
  }

  /** The connection has another socket. What was read from the one before stays read. */
  socketReplaced(): void {
    this.#returnable = null
    this.lookAtPeer()
  }

  /** Whether a task waits and a part of its request has arrived. */
  get partial(): boolean {
    return this.#waiter !== null && this.hasUnread
  }

  describe(request: number | ReadRequest): string {
    return typeof request === 'number' ? `recv(${request})` : request.name
  }

  attempt(waiter: Receiver<Answer>, request: number | ReadRequest): Answer | typeof LATER {
    const answer: Answer | typeof LATER = this.#begin(waiter, request)
    if (answer === LATER) this.#attempted = request
    else this.lookAtPeer()
    return answer
  }

  enter(waiter: Receiver<Answer>, request: number | ReadRequest): undefined {
    const answer: Answer | typeof LATER = this.#attempted === request ? LATER : this.#begin(waiter, request)
    this.#attempted = null
    if (answer !== LATER) {
      waiter.resume(answer)
      this.lookAtPeer()
      return
    }
    this.#waiter = waiter
    this.#request = request
    this.#connection.observer?.sweep.start()
  }

  #busyError(request: number | ReadRequest): BusyError {
    const name = this.describe(request)
    if (this.owner !== null) return new BusyError(`${name}: the connection belongs to ${this.owner.user}`)
    return new BusyError(
      `${name}: ${this.#waiter?.task} is reading this connection, in ${this.request}; only one task at a time can read`,
    )
  }

  /** Makes the first try of a read. */
  #begin(reader: Receiver<Answer>, request: number | ReadRequest): Answer | typeof LATER {
    if (this.#waiter !== null || (this.owner !== null && this.owner !== (reader as unknown))) {
      throw this.#busyError(request)
    }
    this.sentBefore = this.#connection.writeHalf?.accepted ?? 0
    this.#attempted = null
    try {
      return this.#try(reader, request)
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
    if (this.owner?.holdsInput) return
    this.#queue ??= new ByteQueue()
    const outcome = readAhead(this.#socket, this.#queue, MAX_READ_AHEAD, Number.POSITIVE_INFINITY)
    if (outcome === 'failed') peerWatch.failed()
    else if (outcome === 'ended' && !this.hasUnread) peerWatch.ended()
  }

  /** Another try is worthwhile. */
  ready(): void {
    this.#attempted = null
    const waiter = this.#waiter
    if (waiter === null) {
      this.lookAtPeer()
      return
    }
    let answer: Answer | typeof LATER
    try {
      answer = this.#try(waiter, this.#request)
    } catch (error) {
      this.#waiter = null
      waiter.throw(thrownBy(this.#connection, error))
      return
    }
    if (answer === LATER) return
    this.#waiter = null
    waiter.resume(answer)
    this.lookAtPeer()
  }

  /**
   * Puts bytes back in front whose reader cannot receive them, unless later bytes have been read
   * since.
   */
  discard(request: number | ReadRequest, answer: unknown): void {
    const returnable = this.#returnable
    const bytes =
      returnable instanceof WeakRef
        ? returnable.deref() === answer && (answer as Buffer) // It is what the reference holds.
        : returnable !== null && returnable === request && returnable.answered?.(answer)
    if (!bytes) return
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

  /** @returns the answer to the request, or LATER if it has not arrived */
  #try(reader: Receiver<Answer>, request: number | ReadRequest): Answer | typeof LATER {
    if (this.#failure === CLOSED_HERE)
      throw new ClosedError(`${this.describe(request)}: the connection is closed`)
    // A task receives what it has read. A branch may lose it.
    const forBranch = reader !== reader.task
    let answer: unknown
    if (typeof request === 'number') answer = this.#recv(request, forBranch)
    else if (request instanceof ReadInto && !this.hasUnread) answer = this.#recvInto(request, forBranch)
    else answer = this.#tryRequest(request, forBranch)
    return answer as Answer | typeof LATER // The type of the request's event.
  }

  #recv(max: number, forBranch: boolean): Buffer | typeof LATER {
    if (!this.hasUnread) {
      const chunk = this.#receive(max <= MAX_SMALL ? AHEAD : max)
      if (chunk === null) return LATER
      if (chunk.length <= max) return this.#received(chunk, forBranch)
      this.#queue ??= new ByteQueue()
      this.#queue.push(chunk)
    }
    return this.#received((this.#queue as ByteQueue).takeSome(max), forBranch) // It has bytes.
  }

  #received(bytes: Buffer, forBranch: boolean): Buffer {
    this.received += bytes.length
    this.#returnable = forBranch && bytes.length > 0 ? new WeakRef(bytes) : null
    return bytes
  }

  #recvInto(request: ReadInto, forBranch: boolean): number | typeof LATER {
    const count = this.#receiveInto(request.target)
    if (count === null) return LATER
    this.received += count
    this.#returnable = forBranch && count > 0 ? request : null
    return count
  }

  #tryRequest(request: ReadRequest, forBranch: boolean): unknown {
    this.#queue ??= new ByteQueue()
    const queue = this.#queue
    if (request.sees !== undefined && this.#failure === undefined) {
      // An error is left to a read that needs more bytes than these.
      readAhead(this.#socket, queue, request.sees, MAX_RECEIVES)
    }
    let answer = this.#take(queue, request, false, forBranch)
    for (let receives = 0; answer === LATER; receives++) {
      if (receives >= MAX_RECEIVES || this.#continues) {
        this.#continueLater()
        break
      }
      const chunk = this.#receive(MAX_READ_AHEAD)
      if (chunk === null) break
      if (chunk.length === 0) return this.#take(queue, request, true, forBranch)
      queue.push(chunk)
      answer = this.#take(queue, request, false, forBranch)
    }
    return answer
  }

  #take(queue: ByteQueue, request: ReadRequest, ended: boolean, forBranch: boolean): unknown {
    const before = queue.length
    const answer = request.take(queue, ended, forBranch)
    const taken = before - queue.length
    // A peek takes nothing, so that what was read before it can still be put back.
    if (taken === 0) return answer
    this.received += taken
    this.#returnable = !forBranch ? null : Buffer.isBuffer(answer) ? new WeakRef(answer) : request
    return answer
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
    this.#assertNotFailed()
    try {
      return this.#socket.read(max)
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** As `#receive`, but into memory of the caller's, as many bytes as fit. */
  #receiveInto(target: Uint8Array): number | null {
    this.#assertNotFailed()
    const socket = this.#socket
    try {
      if (socket.readInto !== undefined) return socket.readInto(target)
      const bytes = socket.read(target.length)
      if (bytes === null) return null
      target.set(bytes)
      return bytes.length
    } catch (error) {
      throw this.#failed(error)
    }
  }

  #assertNotFailed(): void {
    if (this.#failure === undefined) return
    throw new ClosedError('recv: the connection is closed, because it has failed', { cause: this.#failure })
  }

  #failed(error: unknown): unknown {
    this.#failure = error
    this.peerWatch?.failed()
    return error
  }
}
