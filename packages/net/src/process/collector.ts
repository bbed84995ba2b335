/** The pipes of a program that `exec` runs: what it has written, and what it is given to read. */

import { ByteQueue } from '../driver/byte-queue.js'
import type { DriverSocket, Observer } from '../driver/protocol.js'

/** How many bytes are requested at a time. */
const MAX_CHUNK = 65_536

/** The execution that collects. */
interface Owner {
  /** The pipe has ended, or more than the limit has come. */
  collected(): void
}

/** Collects what a process writes to one pipe, up to a limit. */
export class Collector implements Observer {
  /** Whether everything that will ever come has come. */
  ended = false
  /** Whether more has come than the limit. */
  exceeded = false
  readonly #socket: DriverSocket
  readonly #limit: number
  readonly #owner: Owner
  readonly #queue = new ByteQueue()

  constructor(socket: DriverSocket, limit: number, owner: Owner) {
    this.#socket = socket
    this.#limit = limit
    this.#owner = owner
    socket.observer = this
  }

  /** Another try is worthwhile. */
  ready(): void {
    if (this.ended || this.exceeded) return
    try {
      for (let chunk = this.#socket.read(MAX_CHUNK); chunk !== null; chunk = this.#socket.read(MAX_CHUNK)) {
        if (chunk.length === 0) {
          this.ended = true
          break
        }
        this.#queue.push(chunk)
        if (this.#queue.length > this.#limit) {
          this.exceeded = true
          break
        }
      }
    } catch {
      this.ended = true // The pipe is gone, and nothing more can come.
    }
    if (this.ended || this.exceeded) this.#owner.collected()
  }

  /** Takes what has come, up to the limit. */
  take(): Buffer {
    return this.#queue.take(Math.min(this.#queue.length, this.#limit))
  }

  /** Lets go of the pipe. */
  close(): void {
    this.#socket.observer = null
    this.#socket.reset()
  }
}

/** Gives a process what it reads. If it does not read all of it, that is no error. */
export class Feeder implements Observer {
  readonly #socket: DriverSocket
  readonly #bytes: Buffer
  #given = 0
  /** Whether its end was given, too, or the process reads no more. */
  #done = false

  constructor(socket: DriverSocket, bytes: Buffer) {
    this.#socket = socket
    this.#bytes = bytes
    socket.observer = this
  }

  /** Another try is worthwhile. */
  ready(): void {
    if (this.#done) return
    try {
      while (this.#given < this.#bytes.length) {
        const taken = this.#socket.write(this.#bytes.subarray(this.#given))
        if (taken === 0) return
        this.#given += taken
      }
      this.#socket.shutdown()
    } catch {
      // The process has closed its end, or has ended.
    }
    this.#done = true
  }

  /** Lets go of the pipe. */
  close(): void {
    this.#socket.observer = null
    this.#socket.reset()
  }
}
