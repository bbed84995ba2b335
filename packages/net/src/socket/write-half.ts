/**
 * The writing half of a connection: its one writer, and how many bytes the driver has taken. It has
 * no buffer of its own: the bytes of a send stay the caller's until the kernel has taken them.
 */

import { ClosedError } from '@bluelet/scheduler'
import { type EventHandler, LATER } from '@bluelet/scheduler/lowlevel'
import type { DriverSocket } from '../driver/protocol.js'
import { BusyError } from '../errors.js'
import type { ConnectionObserver } from './connection-observer.js'
import { Flush } from './flush.js'
import type { Owner, Receiver } from './receiver.js'
import { thrownBy } from './thrown.js'

/** What is to be sent. */
export interface Send {
  readonly bytes: Buffer
  /**
   * The number of bytes when the event was made. Their memory may be transferred or shrunk later.
   */
  readonly length: number
  /** True: `sendall`. False: `send`, which makes one try, as the kernel does. */
  readonly all: boolean
}

/** The connection of a half. */
interface Abortable {
  readonly observer: ConnectionObserver | null
  abort(): void
}

/** The handler of all sends. */
export class WriteHalf implements EventHandler<Send, undefined, number & undefined> {
  /** Whether our side has been ended by `shutdown()`. */
  shutDown = false
  /** Total bytes that the driver has taken. */
  sent = 0
  /** The only one that may send, if there is one. */
  owner: Owner | null = null
  readonly #socket: DriverSocket
  readonly #connection: Abortable
  #waiter: Receiver<number & undefined> | null = null
  #send: Send | null = null
  /** How many bytes of the current send the driver has taken. */
  #taken = 0
  /** The send whose first try did not do: when it is entered next, it only waits. */
  #attempted: Send | null = null
  #closed = false
  /** What ended the connection, once a writer has received that error. */
  #failure: unknown = undefined
  /** Made when it is first needed. */
  #flush: Flush | null = null

  constructor(socket: DriverSocket, connection: Abortable) {
    this.#socket = socket
    this.#connection = connection
  }

  get name(): string {
    return 'send'
  }

  get external(): string {
    return 'socket'
  }

  /** Whether a send is in flight. */
  get busy(): boolean {
    return this.#waiter !== null
  }

  /** Whether a wait is a send or a flush of this half, by its handler. */
  waitsBy(handler: object): boolean {
    return handler === this || handler === this.#flush
  }

  /** Whether a task waits: in a send, or in a flush. */
  get waiting(): boolean {
    return this.#waiter !== null || this.#flush?.busy === true
  }

  /** Whether a send is in flight and some of its bytes have gone out. */
  get partial(): boolean {
    return this.#waiter !== null && this.#taken > 0
  }

  /** The send in flight, as the user would write it. */
  get request(): string {
    return this.#waiter === null || this.#send === null ? 'flush()' : this.describe(this.#send)
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
    const rest = this.#waiter === null || this.#send === null ? 0 : this.#send.length - this.#taken
    try {
      return rest + this.#socket.unsent
    } catch {
      return rest // The driver has discarded the others.
    }
  }

  /** The handler of `flush`. */
  get flush(): Flush {
    this.#flush ??= new Flush(this)
    return this.#flush
  }

  describe({ length, all }: Send): string {
    return `${all ? 'sendall' : 'send'}(${length} bytes)`
  }

  attempt(waiter: Receiver<number & undefined>, send: Send): (number & undefined) | typeof LATER {
    if (this.#begin(waiter, send)) return this.#result(send)
    this.#attempted = send
    return LATER
  }

  enter(waiter: Receiver<number & undefined>, send: Send): undefined {
    const done = this.#attempted !== send && this.#begin(waiter, send)
    this.#attempted = null
    if (done) waiter.resume(this.#result(send))
    else {
      this.#waiter = waiter
      this.#connection.observer?.sweep.start()
    }
  }

  /** Makes the first try of a send. */
  #begin(waiter: Receiver<number & undefined>, send: Send): boolean {
    this.#attempted = null
    if (this.#waiter !== null || (this.owner !== null && this.owner !== (waiter as unknown))) {
      throw this.#busyError(send)
    }
    this.#taken = 0
    this.#send = send
    return this.#try(send)
  }

  #busyError(send: Send): BusyError {
    const name = this.describe(send)
    if (this.owner !== null) return new BusyError(`${name}: the connection belongs to its stream (toStream)`)
    return new BusyError(
      `${name}: ${this.#waiter?.task} is writing to this connection; only one task at a time can write`,
    )
  }

  /**
   * If some bytes have gone out, the connection cannot be used again: the next send would follow
   * half a message.
   */
  withdraw(): void {
    if (this.#taken === 0) {
      this.release()
      return
    }
    this.#waiter = null
    this.#connection.abort()
  }

  /**
   * Withdraws the send in flight although some of its bytes may have gone out.
   *
   * @returns how many have
   */
  release(): number {
    this.#waiter = null
    if (this.shutDown) this.#socket.shutdown()
    this.#flush?.ready()
    return this.#taken
  }

  /** How many bytes of the last send the driver has taken. */
  get taken(): number {
    return this.#taken
  }

  /** Another try is worthwhile. */
  ready(): void {
    const waiter = this.#waiter
    const send = this.#send
    if (waiter === null || send === null) {
      this.#flush?.ready()
      return
    }
    let done: boolean
    try {
      done = this.#try(send)
    } catch (error) {
      this.#waiter = null
      this.#send = null
      waiter.throw(error)
      this.#flush?.ready()
      return
    }
    if (!done) return
    this.#waiter = null
    // shutdown() was called during the send, and had to wait until the driver had all bytes.
    if (this.shutDown) this.#socket.shutdown()
    // Before the answer, which may be followed by another send at once.
    this.#flush?.ready()
    waiter.resume(this.#result(send))
  }

  /** Ends our side, after the send in flight. */
  shutdown(): void {
    if (this.shutDown) return
    this.shutDown = true
    if (this.#waiter === null) this.#socket.shutdown()
  }

  /**
   * Fails the send in flight, or else what waits in `flush`. How many bytes have gone out is
   * unknown, so the connection is aborted.
   */
  fail(error: Error): void {
    const waiter = this.#waiter
    this.#waiter = null
    this.#send = null
    thrownBy(this.#connection, error)
    // Thrown before the abort: in a combination with a read, the reader's ClosedError would
    // withdraw this send.
    if (waiter === null) this.#flush?.fail(error)
    else waiter.throw(error)
    this.#connection.abort()
  }

  /** Fails the send in flight and all later ones. */
  close(): void {
    this.#closed = true
    const waiter = this.#waiter
    this.#waiter = null
    this.#send = null
    waiter?.throw(this.#cutOff('sendall'))
    if (this.#flush?.busy) this.#flush.fail(this.#cutOff('flush()'))
  }

  #cutOff(operation: string): ClosedError {
    const error = new ClosedError(
      `${operation}: the connection has been closed; not everything has been sent`,
    )
    return thrownBy(this.#connection, error)
  }

  // Called by the flush.

  flushes(): boolean {
    this.#assertAlive('flush()')
    try {
      return this.#waiter !== null || this.#socket.unsent > 0
    } catch (error) {
      this.#failure = error
      throw thrownBy(this.#connection, error)
    }
  }

  waits(): void {
    this.#connection.observer?.sweep.start()
  }

  /** Hands over what is left. @returns whether the kernel has taken what the send promises */
  #try(send: Send): boolean {
    this.#assertOpen(send)
    const { bytes, length, all } = send
    if (bytes.length !== length) this.#abortChanged(send)
    try {
      while (this.#taken < length && (all || this.#taken === 0)) {
        const rest = this.#taken === 0 ? bytes : bytes.subarray(this.#taken)
        const taken = this.#socket.write(rest)
        if (taken === 0) return false
        this.#taken += taken
        this.sent += taken
      }
      return this.#socket.unsent === 0
    } catch (error) {
      this.#failure = error
      throw thrownBy(this.#connection, error)
    }
  }

  /** @throws TypeError: the rest of what was to be sent is lost */
  #abortChanged(send: Send): never {
    this.#waiter = null
    this.#connection.abort()
    throw new TypeError(
      `${this.describe(send)}: the memory was transferred or resized before it was sent, so the connection was aborted; send a copy`,
    )
  }

  #assertOpen(send: Send): void {
    if (this.#closed || this.#failure !== undefined) this.#assertAlive(this.describe(send))
    // A mistake of the program, and not an end: it is not marked.
    if (this.shutDown && this.#waiter === null)
      throw new ClosedError(`${this.describe(send)}: after shutdown()`)
  }

  #assertAlive(operation: string): void {
    if (this.#closed) {
      throw thrownBy(this.#connection, new ClosedError(`${operation}: the connection is closed`))
    }
    if (this.#failure === undefined) return
    const error = new ClosedError(`${operation}: the connection is closed, because it has failed`, {
      cause: this.#failure,
    })
    throw thrownBy(this.#connection, error)
  }

  #result({ all }: Send): number & undefined {
    this.#send = null
    // The event's own type says which of the two it gives.
    return (all ? undefined : this.#taken) as number & undefined
  }
}
