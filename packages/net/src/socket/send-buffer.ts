/**
 * The send buffer of one connection: what its tasks have sent and the driver has not taken. It
 * copies, keeps the order and hands over; when to do so is decided by the writing half. While the
 * kernel has refused some of it, the bytes hold the run open, and are watched for a stall.
 */

import type { Runtime } from '@bluelet/scheduler/lowlevel'
import type { DriverSocket } from '../driver/protocol.js'
import type { ConnectionObserver } from './connection-observer.js'
import { BLOCK, type Block, blockFor, releasePart } from './send-arena.js'
import { type Collected, forgetForExit, keepForExit } from './send-collector.js'

/** The source that holds the run open. */
const SOURCE = 'socket'

/** The most that a single send may have to be collected with others. */
export const MAX_COLLECTED: number = BLOCK

/** How many bytes a connection buffers before it hands them over within the turn. */
export const HIGH_WATER_MARK = 65_536

/** How many bytes all connections of a run buffer together. */
const MAX_TOTAL = 4_194_304

/** How many bytes the connections of a run have buffered. */
interface Total {
  bytes: number
}

const totals = new WeakMap<Runtime, Total>()

/** The connection of a buffer. */
interface Whole {
  readonly socket: DriverSocket
  readonly observer: ConnectionObserver | null
  readonly scheduler: Runtime
}

/** Bytes that lie together. */
interface Part {
  readonly bytes: Buffer
  /** The first that has not been taken. */
  start: number
  end: number
  /** The block that they lie in; null if they have memory of their own. */
  readonly block: Block | null
  next: Part | null
}

/** Bytes in the order in which they were sent. It is dropped whenever it is empty. */
export class SendBuffer {
  /** How many bytes it holds. */
  length = 0
  /** Whether the kernel has refused bytes. */
  refused = false
  /** Whether it will be handed over at the end of the turn. */
  collected = false
  readonly #connection: Whole
  readonly #owner: Collected
  readonly #total: Total
  #first: Part | null = null
  #last: Part | null = null
  #parts = 0
  /** The block of bytes that the driver has taken, and that must not change yet. */
  #lent: Block | null = null

  /** @param owner hands over once more when the process exits */
  constructor(connection: Whole, owner: Collected) {
    this.#connection = connection
    this.#owner = owner
    this.#total = totalOf(connection.scheduler)
  }

  /** Whether it is time to hand over within the turn. */
  get full(): boolean {
    return this.length >= HIGH_WATER_MARK
  }

  /** Whether so many bytes more would not pass the mark. */
  hasRoom(length: number): boolean {
    return this.length + length <= HIGH_WATER_MARK
  }

  /**
   * Copies bytes; a string in UTF-8.
   *
   * @param data a string of at most a third of BLOCK, or bytes
   * @returns how many bytes, or -1 if the connections of the run buffer too much
   */
  append(data: string | Uint8Array): number {
    if (this.#total.bytes >= MAX_TOTAL) return -1
    if (data.length === 0) return 0
    let length: number
    if (typeof data === 'string') {
      const block = blockFor(data.length * 3)
      length = block.bytes.write(data, block.end)
      this.#use(block, length)
    } else {
      length = data.length
      for (let start = 0; start < length; ) start += this.#copy(data, start)
    }
    this.length += length
    this.#total.bytes += length
    this.#connection.socket.collected?.(data, length)
    return length
  }

  #copy(data: Uint8Array, start: number): number {
    const rest = data.length - start
    const block = blockFor(Math.min(rest, BLOCK))
    const length = Math.min(rest, BLOCK - block.end)
    block.bytes.set(length === data.length ? data : data.subarray(start, start + length), block.end)
    this.#use(block, length)
    return length
  }

  /** The next bytes of a block are ours. */
  #use(block: Block, length: number): void {
    const start = block.end
    block.end += length
    const last = this.#last
    if (last !== null && last.block === block && last.end === start) {
      last.end += length
      return
    }
    block.parts++
    this.#add({ bytes: block.bytes, start, end: block.end, block, next: null })
  }

  #add(part: Part): void {
    if (this.#last === null) this.#first = part
    else this.#last.next = part
    this.#last = part
    this.#parts++
  }

  /**
   * Hands over as much as the kernel takes.
   *
   * @returns whether that is all
   * @throws the error of the socket
   */
  handOver(): boolean {
    const done = this.#write()
    if (done === this.refused) this.#refuse(!done)
    return done
  }

  #write(): boolean {
    const { socket } = this.#connection
    if (this.#lent !== null) {
      if (socket.unsent > 0) return false
      releasePart(this.#lent)
      this.#lent = null
    }
    // Many small parts cost less in one piece.
    if ((this.#parts - 1) * BLOCK > this.length) this.#moveOut()
    while (this.length > 0) {
      const part = this.#first as Part // There are bytes.
      const { bytes, start, end } = part
      const taken = socket.writePart?.(bytes, start, end) ?? socket.write(bytes.subarray(start, end))
      if (taken === 0) {
        this.#moveOut()
        return false
      }
      this.#took(part, taken, socket)
    }
    return socket.unsent === 0
  }

  #refuse(refused: boolean): void {
    this.refused = refused
    const { scheduler, observer } = this.#connection
    if (refused) {
      keepForExit(this.#owner)
      scheduler.ref(SOURCE)
      observer?.sweep.start()
    } else {
      forgetForExit(this.#owner)
      scheduler.unref(SOURCE)
    }
  }

  #took(part: Part, taken: number, socket: DriverSocket): void {
    this.length -= taken
    this.#total.bytes -= taken
    part.start += taken
    if (part.start < part.end) return
    this.#removeFirst(part)
    if (part.block === null) return
    if (socket.unsent > 0) this.#lent = part.block
    else releasePart(part.block)
  }

  #removeFirst(part: Part): void {
    this.#first = part.next
    if (part.next === null) this.#last = null
    this.#parts--
  }

  /**
   * Copies the bytes into memory of their own: a block of many connections must not wait for one.
   */
  #moveOut(): void {
    if (this.#first === this.#last && this.#first?.block === null) return
    const bytes = Buffer.allocUnsafeSlow(this.length)
    let end = 0
    for (let part = this.#first; part !== null; part = part.next) {
      end += part.bytes.copy(bytes, end, part.start, part.end)
    }
    this.#releaseParts()
    this.#add({ bytes, start: 0, end, block: null, next: null })
  }

  /** Drops everything. @returns how many bytes that was */
  clear(): number {
    const { length } = this
    if (this.refused) this.#refuse(false)
    this.#total.bytes -= length
    this.length = 0
    this.#releaseParts()
    // The driver may still read these bytes: the block is left to the garbage collector.
    this.#lent = null
    return length
  }

  #releaseParts(): void {
    for (let part = this.#first; part !== null; part = part.next) {
      if (part.block !== null) releasePart(part.block)
    }
    this.#first = null
    this.#last = null
    this.#parts = 0
  }
}

let lastScheduler: Runtime | undefined
let lastTotal: Total = { bytes: 0 }

function totalOf(scheduler: Runtime): Total {
  if (scheduler === lastScheduler) return lastTotal
  lastTotal = totals.get(scheduler) ?? { bytes: 0 }
  totals.set(scheduler, lastTotal)
  lastScheduler = scheduler
  return lastTotal
}
