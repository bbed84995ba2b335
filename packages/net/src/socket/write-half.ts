/**
 * The writing half of a connection: its one writer, and how much of what it sends has gone out.
 */

import { ClosedError } from '@bluelet/scheduler'
import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'
import type { DriverSocket } from '../driver/protocol.js'
import { BusyError } from '../errors.js'
import type { Keeper } from './connection.js'

/** What is to be sent. */
export interface Send {
  readonly bytes: Buffer
  readonly all: boolean
}

/** The events that write. */
export class WriteHalf implements EventHandler<Send, undefined, number & undefined> {
  /** Our side has been ended. */
  ended: boolean
  readonly #socket: DriverSocket
  /** Ends the connection, when nobody knows what has gone out. */
  readonly #connection: { readonly keeper: Keeper | null; abort(): void }
  #waiter: Waiter<number & undefined> | null
  #send: Send | null
  /** How many bytes of it the driver has taken. */
  #taken: number
  /** How many bytes the driver has taken in all. */
  sent: number
  #closed: boolean
  #failure: unknown

  constructor(socket: DriverSocket, connection: { readonly keeper: Keeper | null; abort(): void }) {
    this.ended = false
    this.#socket = socket
    this.#connection = connection
    this.#waiter = null
    this.#send = null
    this.#taken = 0
    this.sent = 0
    this.#closed = false
    this.#failure = undefined
  }

  get name(): string {
    return 'send'
  }

  get external(): string {
    return 'socket'
  }

  /** Whether bytes are on their way that nobody knows to have gone out. */
  get busy(): boolean {
    return this.#waiter !== null
  }

  describe({ bytes, all }: Send): string {
    return `${all ? 'sendall' : 'send'}(${bytes.length} bytes)`
  }

  enter(waiter: Waiter<number & undefined>, send: Send): undefined {
    if (this.#waiter !== null) {
      throw new BusyError(
        `${this.describe(send)}: ${this.#waiter.task} is writing to this connection; one task at a time writes to it`,
      )
    }
    this.#taken = 0
    this.#send = send
    if (this.#try(send)) waiter.resume(this.#result(send))
    else {
      this.#waiter = waiter
      this.#connection.keeper?.waits()
    }
  }

  /** What somebody waits for. */
  get request(): string {
    return this.#send === null ? this.name : this.describe(this.#send)
  }

  /** Whoever waits does so no longer; how much has gone out nobody knows. */
  expire(error: Error): void {
    const waiter = this.#waiter
    if (waiter === null) return
    this.#waiter = null
    this.#send = null
    this.#connection.abort()
    waiter.throw(error)
  }

  /** Ends our side, after what is being sent. */
  end(): void {
    if (this.ended) return
    this.ended = true
    if (this.#waiter === null) this.#socket.shutdown()
  }

  withdraw(): void {
    const taken = this.#taken
    this.#waiter = null
    if (taken > 0) this.#connection.abort()
    else if (this.ended) this.#socket.shutdown()
  }

  ready(): void {
    const waiter = this.#waiter
    const send = this.#send
    if (waiter === null || send === null) return
    let done: boolean
    try {
      done = this.#try(send)
    } catch (error) {
      this.#waiter = null
      this.#send = null
      waiter.throw(error)
      return
    }
    if (!done) return
    this.#waiter = null
    // It was ended meanwhile; a driver that has not taken all yet could not have been told so.
    if (this.ended) this.#socket.shutdown()
    waiter.resume(this.#result(send))
  }

  close(): void {
    this.#closed = true
    const waiter = this.#waiter
    this.#waiter = null
    this.#send = null
    waiter?.throw(new ClosedError('sendall: the connection has been closed; not everything has been sent'))
  }

  /** Hands on what is left. @returns whether the kernel has got what was asked for */
  #try(send: Send): boolean {
    this.#assertOpen(send)
    const { bytes, all } = send
    try {
      // One try for `send`, as of the kernel: how much that takes is its answer.
      while (this.#taken < bytes.length && (all || this.#taken === 0)) {
        const rest = this.#taken === 0 ? bytes : bytes.subarray(this.#taken)
        const taken = this.#socket.write(rest)
        if (taken === 0) return false
        this.#taken += taken
        this.sent += taken
      }
      return this.#socket.unsent === 0
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  #assertOpen(send: Send): void {
    if (this.#closed) throw new ClosedError(`${this.describe(send)}: the connection is closed`)
    if (this.#failure !== undefined) {
      throw new ClosedError(`${this.describe(send)}: the connection is closed, because it has failed`, {
        cause: this.#failure,
      })
    }
    if (this.ended && this.#waiter === null) throw new ClosedError(`${this.describe(send)}: after shutdown()`)
  }

  #result({ all }: Send): number & undefined {
    this.#send = null
    // The event's own type says which of the two it gives.
    return (all ? undefined : this.#taken) as number & undefined
  }
}
