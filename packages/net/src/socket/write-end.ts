/**
 * The end of the writing half of a connection: by `shutdown()`, by a close or by a failure. It has
 * the errors that sends then get.
 */

import { ClosedError } from '@bluelet/scheduler'
import type { DriverSocket } from '../driver/protocol.js'
import { BusyError } from '../errors.js'
import { describeSend, type Send } from './pending-send.js'
import type { Owner } from './receiver.js'
import { thrownBy } from './thrown.js'

/** The end of a writing half. It is made when the end begins. */
export class WriteEnd {
  /** Whether our side has been ended by `shutdown()`. */
  shutDown = false
  /** Called once the buffer is empty: see `drain`. */
  onDrained: (() => void) | null = null
  readonly #connection: object
  /** Whether the socket has been told to end our side, or need not be told. */
  #sideEnded = false
  #closed = false
  #failure: unknown = undefined
  /** Whether no send or flush has received that error yet. */
  #untold = false

  constructor(connection: object) {
    this.#connection = connection
  }

  /** Nothing that was sent is left: ends our side, and says so to `drain`. */
  reached(socket: DriverSocket): void {
    if (this.shutDown && !this.#sideEnded) {
      this.#sideEnded = true
      socket.shutdown()
    }
    const done = this.onDrained
    this.onDrained = null
    done?.()
  }

  /** The connection has been closed here. @param aborted whether that was with a reset */
  close(aborted: boolean): void {
    this.#sideEnded ||= aborted
    this.#closed = true
    this.#untold = false
  }

  /** The socket has failed. The caller passes the error on, or else calls `keepForNext`. */
  fail(error: unknown): void {
    this.#failure = thrownBy(this.#connection, error)
    this.#untold = false
  }

  /** No send or flush waits: the next one throws the error. */
  keepForNext(): void {
    this.#untold = true
  }

  /** @throws the error of an operation, if the end has come */
  check(operation: string): void {
    if (this.#untold) {
      this.#untold = false
      throw this.#failure
    }
    if (this.#closed) {
      throw thrownBy(this.#connection, new ClosedError(`${operation}: the connection is closed`))
    }
    if (this.#failure !== undefined) throw this.consequence(operation)
  }

  /** The error of an operation after the one that received the failure. */
  consequence(operation: string): Error {
    const error = new ClosedError(`${operation}: the connection is closed, because it has failed`, {
      cause: this.#failure,
    })
    return thrownBy(this.#connection, error)
  }

  /** The error of an operation that was waiting when the connection was closed. */
  cutOff(operation: string): Error {
    const error = new ClosedError(
      `${operation}: the connection has been closed; not everything has been sent`,
    )
    return thrownBy(this.#connection, error)
  }
}

/** The error of a send whose memory is not what it was when the event was made. */
export function changedError(send: Send): TypeError {
  return new TypeError(
    `${describeSend(send)}: the memory was transferred or resized before it was sent, so the connection was aborted; send a copy`,
  )
}

/** The error of a send by another than the one owner of the connection. */
export function ownedError(send: Send, { user }: Owner): BusyError {
  return new BusyError(`${describeSend(send)}: the connection belongs to ${user}`)
}
