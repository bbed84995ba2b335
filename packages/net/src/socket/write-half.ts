/**
 * The writing half of a connection.
 *
 * Small sends are copied into its buffer, which is handed over at the end of the turn, so that many
 * of them cost one system call. Large ones go to the driver from the caller's memory. Once the
 * kernel has refused bytes, every send waits in a queue, in order, and what it sends stays the
 * caller's until its turn has come.
 */

import { ClosedError } from '@bluelet/scheduler'
import { type EventHandler, LATER, type Runtime } from '@bluelet/scheduler/lowlevel'
import { isUnchanged } from '../check.js'
import type { DriverSocket } from '../driver/protocol.js'
import type { ConnectionObserver } from './connection-observer.js'
import { describeSend, FLUSH, isBarrier, lengthOf, PendingSend, type Send } from './pending-send.js'
import type { Owner, Receiver } from './receiver.js'
import { MAX_COLLECTED, SendBuffer } from './send-buffer.js'
import { collect } from './send-collector.js'
import { SendQueue } from './send-queue.js'
import { thrownBy } from './thrown.js'
import { changedError, ownedError, WriteEnd } from './write-end.js'

/** The connection of a half. */
interface Whole {
  /** The driver's socket. `startTls` replaces it. */
  readonly socket: DriverSocket
  readonly observer: ConnectionObserver | null
  readonly scheduler: Runtime
  abort(): void
}

/** The handler of all sends. */
export class WriteHalf implements EventHandler<Send, PendingSend, number & undefined> {
  /** Total bytes that sends have passed on: to the buffer, or to the driver. */
  accepted = 0
  /** The only one that may send, if there is one. */
  owner: Owner | null = null
  readonly #connection: Whole
  /** Null while nothing is buffered. */
  #buffer: SendBuffer | null = null
  /** Made when a send has to wait. */
  #queue: SendQueue | null = null
  /** Null while our side is open. */
  #end: WriteEnd | null = null

  constructor(connection: Whole) {
    this.#connection = connection
  }

  get name(): string {
    return 'send'
  }

  get external(): string {
    return 'socket'
  }

  on(): object {
    return this.#connection
  }

  get #socket(): DriverSocket {
    return this.#connection.socket
  }

  /** Whether our side has been ended by `shutdown()`. */
  get shutDown(): boolean {
    return this.#end?.shutDown === true
  }

  /** Whether a send or a flush of a task waits. */
  get busy(): boolean {
    return this.#queue !== null && !this.#queue.empty
  }

  /** Whether bytes wait for the kernel, or a task waits. */
  get waiting(): boolean {
    return this.#buffer?.refused === true || this.busy
  }

  /** Whether a send waits of whose bytes some have gone out. */
  get partial(): boolean {
    return (this.#queue?.first?.taken ?? 0) > 0
  }

  /** What waits, as the user would write it. */
  get request(): string {
    return this.#queue?.first?.description ?? 'sendall()'
  }

  /** Total bytes that the driver has taken. */
  get sent(): number {
    return this.accepted - (this.#buffer?.length ?? 0)
  }

  /**
   * How many bytes the peer has taken, as far as the driver can see: what only the kernel has taken
   * says nothing about the peer.
   */
  get acknowledged(): number {
    return this.sent - (this.#socket.unacknowledged ?? 0)
  }

  /** How many bytes of what was sent wait in this process. */
  get unsent(): number {
    const rest = (this.#buffer?.length ?? 0) + (this.#queue?.unsent ?? 0)
    try {
      return rest + this.#socket.unsent
    } catch {
      return rest // The driver has discarded the others.
    }
  }

  describe(send: Send): string {
    return describeSend(send)
  }

  attempt(waiter: Receiver<number & undefined>, send: Send): (number & undefined) | typeof LATER {
    this.#assertOpen(send, waiter)
    if (this.waiting) return LATER
    if (this.#collects(send)) return undefined as number & undefined
    const pending = new PendingSend(waiter, send)
    if (this.#sendDirectly(pending)) return pending.result
    this.#makeQueue().attempted = pending
    return LATER
  }

  enter(waiter: Receiver<number & undefined>, send: Send): PendingSend {
    const attempted = this.#queue?.takeAttempted()
    if (attempted?.send === send) {
      attempted.waiter = waiter
      return this.#wait(attempted)
    }
    this.#assertOpen(send, waiter)
    const pending = new PendingSend(waiter, send)
    if (this.waiting || !this.#try(pending)) return this.#wait(pending)
    waiter.resume(pending.result)
    return pending
  }

  withdraw(_waiter: unknown, _send: Send, pending: PendingSend): void {
    if (pending.taken === 0) {
      this.release(pending)
      return
    }
    // The next send would follow half a message.
    this.#queue?.remove(pending)
    this.#connection.abort()
  }

  /**
   * Sends without waiting, if everything before it has gone and it fits into the buffer.
   *
   * @returns whether it was sent
   */
  sendNow(send: Send): boolean {
    this.#assertOpen(send, null)
    return !this.waiting && this.#buffer?.hasRoom(lengthOf(send)) !== false && this.#buffers(send.bytes)
  }

  /** Withdraws a send although some of its bytes may have gone out. @returns how many have */
  release(pending: PendingSend): number {
    this.#queue?.remove(pending)
    this.#settle()
    return pending.taken
  }

  /** Ends our side, after everything that was sent before. */
  shutdown(): void {
    if (this.shutDown) return
    this.#reachEnd().shutDown = true
    this.handOverCollected()
  }

  /** Another try is worthwhile. */
  ready(): void {
    if (this.waiting) this.#advance()
  }

  /** The end of the turn, or of the process, has come. */
  handOverCollected(): void {
    try {
      if (this.#buffer !== null) {
        this.#buffer.collected = false
        this.#handOver()
      }
    } catch {
      this.#end?.keepForNext()
    }
    this.#settle()
  }

  /**
   * Hands over what is left, because the connection is closed.
   *
   * @param done called once the driver has taken it, or the connection has failed
   */
  drain(done: () => void): void {
    this.#reachEnd().onDrained = done
    this.handOverCollected()
  }

  /**
   * Fails what waits. How many bytes have gone out is unknown, so the connection is aborted.
   */
  fail(error: Error): void {
    thrownBy(this.#connection, error)
    // Thrown before the abort: in a combination with a read, the reader's ClosedError would
    // withdraw this send.
    const told = this.#tellFirst(error)
    this.#connection.abort()
    if (told) return
    const end = this.#reachEnd()
    end.fail(error)
    end.keepForNext()
  }

  /**
   * Fails all sends that wait, and all later ones.
   *
   * @param aborted whether what is buffered is dropped, too
   */
  close(aborted: boolean): void {
    const end = this.#reachEnd()
    end.close(aborted)
    this.#queue?.failAll(({ send }) => end.cutOff(isBarrier(send) ? describeSend(send) : 'sendall'))
    if (aborted) this.discard()
    else this.#settle()
  }

  /** Drops what is buffered: nothing more can be sent. */
  discard(): void {
    this.accepted -= this.#buffer?.clear() ?? 0
    this.#buffer = null
    this.#settle()
  }

  #wait(pending: PendingSend): PendingSend {
    this.#makeQueue().add(pending)
    this.#connection.observer?.sweep.start()
    return pending
  }

  /** @returns whether the send or the flush is done */
  #try(pending: PendingSend): boolean {
    return (pending.taken === 0 && this.#collects(pending.send, pending)) || this.#sendDirectly(pending)
  }

  /**
   * Hands over what was sent before, and then from the caller's memory; for a flush there is none.
   *
   * @returns whether the kernel has what the send promises
   */
  #sendDirectly(pending: PendingSend): boolean {
    const { send } = pending
    if (pending.taken === 0 && !this.#handOver()) return false
    this.#assertUnchanged(send, pending)
    const length = lengthOf(send)
    try {
      while (pending.taken < length && (send.all || pending.taken === 0)) {
        const taken = this.#socket.write(pending.rest)
        if (taken === 0) return false
        pending.taken += taken
        this.accepted += taken
      }
      return this.#socket.unsent === 0
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** Copies what is small enough into the buffer. @returns whether it was */
  #collects(send: Send, pending?: PendingSend): boolean {
    if (!send.collected) return false
    this.#assertUnchanged(send, pending)
    const { bytes } = send
    if (bytes.length > MAX_COLLECTED) return false
    if (this.#buffer?.full && !this.#handOver()) return false
    return this.#buffers(bytes)
  }

  /** @returns false if the connections of the run buffer too much */
  #buffers(bytes: string | Uint8Array): boolean {
    if (bytes.length === 0) return true
    this.#buffer ??= new SendBuffer(this.#connection, this)
    const length = this.#buffer.append(bytes)
    if (length < 0) return false
    this.accepted += length
    if (this.#queue?.advancing) return true
    const buffer = this.#buffer
    buffer.collected = collect(this, buffer.collected)
    if (!buffer.collected) this.handOverCollected()
    return true
  }

  /**
   * Hands over the buffer.
   *
   * @returns whether the kernel has all of it
   * @throws the error of the socket
   */
  #handOver(): boolean {
    try {
      if (this.#buffer === null) return this.#socket.unsent === 0
      const done = this.#buffer.handOver()
      if (done) this.#buffer = null
      return done
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /** Tries what waits, in order. */
  #advance(): void {
    try {
      const free = this.#buffer?.refused !== true || this.#handOver()
      if (free && this.#queue !== null) this.#tryAll(this.#queue)
    } catch (error) {
      this.#tell(error)
    }
    if (this.#buffer?.refused === false) this.handOverCollected()
    else this.#settle()
  }

  #tryAll(queue: SendQueue): void {
    queue.advancing = true
    for (const pending of queue) if (!this.#tryWaiting(pending)) break
    queue.advancing = false
  }

  /** @returns whether the next one may be tried */
  #tryWaiting(pending: PendingSend): boolean {
    try {
      if (!this.#try(pending)) return false
    } catch (error) {
      this.#tell(error, pending)
      return false
    }
    this.#queue?.remove(pending)
    pending.waiter.resume(pending.result)
    return true
  }

  /** Throws the error of the socket at the first that waits, and its consequence at the others. */
  #tell(error: unknown, first = this.#queue?.first): void {
    const end = this.#reachEnd()
    if (!this.#tellFirst(error, first)) end.keepForNext()
    else this.#queue?.failAll(({ description }) => end.consequence(description))
  }

  /** @returns whether one waits */
  #tellFirst(error: unknown, first = this.#queue?.first): boolean {
    if (first === undefined) return false
    this.#queue?.remove(first)
    first.waiter.throw(error)
    return true
  }

  /** If nothing waits any more: ends our side, and says so to `drain`. */
  #settle(): void {
    if (!this.waiting && this.#buffer === null) this.#end?.reached(this.#socket)
  }

  /** The socket has failed: what is buffered is lost. @returns its error */
  #failed(error: unknown): unknown {
    this.#reachEnd().fail(error)
    this.discard()
    return error
  }

  #makeQueue(): SendQueue {
    this.#queue ??= new SendQueue()
    return this.#queue
  }

  #reachEnd(): WriteEnd {
    this.#end ??= new WriteEnd(this.#connection)
    return this.#end
  }

  /** @throws TypeError: the rest of what was to be sent is lost */
  #assertUnchanged(send: Send, pending?: PendingSend): void {
    if (typeof send.bytes === 'string' || isUnchanged(send.bytes, send.length)) return
    if (pending !== undefined) this.#queue?.remove(pending) // It gets this error, and not ClosedError.
    this.#connection.abort()
    throw changedError(send)
  }

  /** @param waiter the one that sends; null: `trySend` */
  #assertOpen(send: Send, waiter: Receiver<never> | null): void {
    if (this.#end !== null) this.#end.check(describeSend(send))
    if (send === FLUSH) return
    // A mistake of the program, and not an end: it is not marked.
    if (this.shutDown) throw new ClosedError(`${describeSend(send)}: after shutdown()`)
    if (this.owner !== null && this.owner !== (waiter as unknown)) throw ownedError(send, this.owner)
  }
}
