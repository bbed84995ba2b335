/**
 * The reading half of a connection: its one reader, and the bytes that have come and nobody has asked for.
 */

import { ClosedError } from '@bluelet/scheduler'
import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'
import { ByteQueue } from '../driver/byte-queue.js'
import type { DriverSocket } from '../driver/protocol.js'
import { BusyError } from '../errors.js'
import type { Keeper } from './connection.js'
import type { Read } from './read-requests.js'

/** A read may hold what has come and no more than this beyond it: what is asked of the driver at a time. */
export const READ_SIZE = 65_536

/** The failure of a connection that close() has ended. */
const CLOSED_HERE = Symbol('closed')

/** The events that read. The argument is what `recv` may give at the most, or what else is asked for. */
export class ReadHalf implements EventHandler<number | Read, undefined, Buffer> {
  readonly #socket: DriverSocket
  readonly #connection: { readonly keeper: Keeper | null }
  /** Bytes that have come and were not asked for: what lies behind a line, what was peeked at. */
  #queue: ByteQueue | null
  #waiter: Waiter<Buffer> | null
  #asked: number | Read
  /** What ended it, once somebody has been told. */
  #failure: unknown
  /** How many bytes somebody has got. */
  received: number

  constructor(socket: DriverSocket, connection: { readonly keeper: Keeper | null }) {
    this.#socket = socket
    this.#connection = connection
    this.#queue = null
    this.#waiter = null
    this.#asked = 0
    this.#failure = undefined
    this.received = 0
  }

  get name(): string {
    return 'recv'
  }

  get external(): string {
    return 'socket'
  }

  /** Somebody waits. */
  get busy(): boolean {
    return this.#waiter !== null
  }

  /** What they wait for, or the last one did. */
  get request(): string {
    return this.describe(this.#asked)
  }

  /** A part of what is waited for has come. */
  get partial(): boolean {
    return this.#waiter !== null && this.#queue !== null && this.#queue.length > 0
  }

  /** Whoever waits does so no longer; what has come stays. */
  expire(error: Error): void {
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.throw(error)
  }

  describe(asked: number | Read): string {
    return typeof asked === 'number' ? `recv(${asked})` : asked.name
  }

  enter(waiter: Waiter<Buffer>, asked: number | Read): undefined {
    if (this.#waiter !== null) {
      throw new BusyError(
        `${this.describe(asked)}: ${this.#waiter.task} is reading this connection, in ${this.describe(this.#asked)}; one task at a time reads it`,
      )
    }
    if (typeof asked !== 'number') asked.begin?.()
    const bytes = this.#try(asked)
    if (bytes !== null) {
      this.received += bytes.length
      waiter.resume(bytes)
      return
    }
    this.#waiter = waiter
    this.#asked = asked
    this.#connection.keeper?.waits()
  }

  withdraw(): void {
    this.#waiter = null
  }

  ready(): void {
    const waiter = this.#waiter
    if (waiter === null) return
    let bytes: Buffer | null
    try {
      bytes = this.#try(this.#asked)
    } catch (error) {
      this.#waiter = null
      waiter.throw(error)
      return
    }
    if (bytes === null) return
    this.#waiter = null
    this.received += bytes.length
    waiter.resume(bytes)
  }

  close(): void {
    this.#failure = CLOSED_HERE
    this.#queue = null
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.throw(new ClosedError(`${this.describe(this.#asked)}: the connection has been closed`))
  }

  #try(asked: number | Read): Buffer | null {
    if (this.#failure === CLOSED_HERE)
      throw new ClosedError(`${this.describe(asked)}: the connection is closed`)
    if (typeof asked !== 'number') return this.#tryRead(asked)
    const queue = this.#queue
    if (queue !== null && queue.length > 0) return queue.takeSome(asked)
    return this.#receive(asked)
  }

  #tryRead(read: Read): Buffer | null {
    this.#queue ??= new ByteQueue()
    const queue = this.#queue
    let bytes = read.take(queue, false)
    while (bytes === null) {
      const chunk = this.#receive(READ_SIZE)
      if (chunk === null) return null
      if (chunk.length === 0) return read.take(queue, true)
      queue.push(chunk)
      bytes = read.take(queue, false)
    }
    return bytes
  }

  /** The first to read after an error gets that error; whoever comes later, that the connection is closed. */
  #receive(max: number): Buffer | null {
    if (this.#failure !== undefined) {
      throw new ClosedError('recv: the connection is closed, because it has failed', { cause: this.#failure })
    }
    try {
      return this.#socket.read(max)
    } catch (error) {
      this.#failure = error
      throw error
    }
  }
}
