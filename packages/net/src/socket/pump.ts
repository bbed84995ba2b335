/**
 * One direction between two connections: reads from one and sends to the other, one piece at a
 * time, without a task. It decides nothing about errors: its owner does.
 */

import { EMPTY } from '../driver/byte-queue.js'
import type { Connection } from './connection.js'
import type { PendingSend, Send } from './pending-send.js'
import { MAX_READ_AHEAD } from './read-ahead.js'
import type { Receiver } from './receiver.js'

/** How many pieces a pump passes on before others have their turn. */
const MAX_PIECES = 16

/** What a pump does. The two that are due are done in `#run`. */
const READ_DUE = 0
const READING = 1
const WRITE_DUE = 2
const WRITING = 3
const ENDED = 4

/** What a pump belongs to. */
export interface PumpOwner {
  /** The waiting task, for messages. */
  readonly task: unknown
  /** The stream has ended, and everything before the end has been sent. */
  ended(pump: Pump): void
  /** A read or a send has failed: `pump.failedConnection` is the connection. */
  failed(pump: Pump, error: unknown): void
}

/** It is the receiver of its reads and sends, and the send itself, so a piece costs no object. */
export class Pump implements Receiver<Buffer & undefined>, Send {
  readonly from: Connection
  readonly to: Connection
  /** How many bytes have been passed on. */
  count = 0
  /** The connection that has failed. */
  failedConnection: Connection | null = null
  readonly name = 'sendall'
  /** The piece that is being sent. */
  bytes: Buffer = EMPTY
  length = 0
  readonly all = true
  /** False: the pump has to know at once that a send has failed. */
  readonly collected = false
  readonly #owner: PumpOwner
  #state = READ_DUE
  /** The send that waits. */
  #pending: PendingSend | undefined = undefined
  #runs = false

  constructor(from: Connection, to: Connection, owner: PumpOwner) {
    this.from = from
    this.to = to
    this.#owner = owner
  }

  get task(): this {
    return this
  }

  toString(): string {
    return `${this.#owner.task}`
  }

  /** Whether it waits for bytes. */
  get reading(): boolean {
    return this.#state === READING
  }

  /** Whether nothing more will be passed on. */
  get ended(): boolean {
    return this.#state === ENDED
  }

  start(): void {
    this.#run()
  }

  /** Stops at once. What has been read and not been sent goes back in front. */
  stop(): void {
    const state = this.#state
    this.#state = ENDED
    if (state === READING) this.from.readHalf.withdraw()
    if (state !== WRITING) return
    if (this.#pending !== undefined) this.#putBack(this.to.writer().release(this.#pending))
  }

  resume(value: Buffer & undefined): void {
    if (this.#state === READING) this.#received(value)
    else if (this.#state === WRITING) this.#sent()
    this.#run()
  }

  throw(error: unknown): void {
    if (this.#state === READING) this.#fail(this.from, error)
    else this.#failWrite(error, this.#pending?.taken ?? 0)
  }

  /** Goes on until a read or a send has to wait. A loop, since each may be answered at once. */
  #run(): void {
    if (this.#runs) return
    this.#runs = true
    let pieces = 0
    while (this.#state === READ_DUE || this.#state === WRITE_DUE) {
      if (this.#state === WRITE_DUE) this.#write()
      else if (pieces++ < MAX_PIECES) this.#read()
      else {
        this.from.scheduler.host.soon(() => this.#run())
        break
      }
    }
    this.#runs = false
  }

  #read(): void {
    this.#state = READING
    try {
      this.from.readHalf.enter(this, MAX_READ_AHEAD)
    } catch (error) {
      this.throw(error)
    }
  }

  #received(bytes: Buffer): void {
    this.bytes = bytes
    this.length = bytes.length
    this.#state = WRITE_DUE
    if (bytes.length === 0) this.#end()
  }

  #write(): void {
    this.#state = WRITING
    this.#pending = undefined
    const writer = this.to.writer()
    const { accepted } = writer
    try {
      this.#pending = writer.enter(this, this)
    } catch (error) {
      // It counts less if bytes from before, which were buffered, are lost.
      this.#failWrite(error, Math.max(0, writer.accepted - accepted))
    }
  }

  /** @param taken how many bytes of the piece are sent */
  #failWrite(error: unknown, taken: number): void {
    if (this.#state !== WRITING) return
    this.#putBack(taken)
    this.#fail(this.to, error)
  }

  #sent(): void {
    this.count += this.length
    this.bytes = EMPTY
    this.#state = READ_DUE
  }

  #end(): void {
    this.#state = ENDED
    try {
      this.to.shutdown()
    } catch (error) {
      this.#fail(this.to, error)
      return
    }
    this.#owner.ended(this)
  }

  #fail(conn: Connection, error: unknown): void {
    this.#state = ENDED
    this.failedConnection = conn
    this.#owner.failed(this, error)
  }

  /** @param taken how many bytes of the piece are sent */
  #putBack(taken: number): void {
    this.count += taken
    if (taken < this.length) this.from.readHalf.unread(this.bytes.subarray(taken))
    this.bytes = EMPTY
  }
}
