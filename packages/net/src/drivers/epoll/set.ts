/**
 * The epoll set of one thread: which socket is in which slot, and which ones to call when the
 * system reports that some are ready. It makes no system calls on sockets; they do.
 */

import { getSystemErrorName } from 'node:util'
import { systemError } from '../../driver/system-errors.js'
import type { Native } from './native.js'

/** The events of a socket (epoll_ctl(2)). */
export const EPOLLIN = 0x001
export const EPOLLPRI = 0x002
export const EPOLLOUT = 0x004
export const EPOLLERR = 0x008
export const EPOLLHUP = 0x010
export const EPOLLRDHUP = 0x2000

/** The peer has ended its side, or the connection. */
export const HANGUP: number = EPOLLRDHUP | EPOLLHUP | EPOLLERR

/**
 * Sockets in one batch. Further ones follow when the loop polls again, after their tasks have run:
 * in a large batch, messages of 64 KiB leave the caches before they are answered.
 */
const MAX_BATCH = 64

/** Numbers for each of them: slot, generation, events. */
const NUMBERS = 3

/** Bytes received at a time. */
export const MAX_RECEIVE = 65_536

/**
 * The native part counts in 31 bits. The count starts again after two billion connections in one
 * slot.
 */
const MAX_GENERATION = 0x7fffffff

/** A socket or a listener in the set. */
export interface Member {
  /** The system has reported events. */
  polled(events: number): void
}

/** The set of this thread. */
export class EpollSet {
  readonly native: Native
  /** Receives what is too large for the pool. It is replaced when a caller keeps it. */
  scratch: Buffer = newScratch()
  readonly #batch = new Int32Array(MAX_BATCH * NUMBERS)
  /** By slot. */
  readonly #members: (Member | null)[] = []
  /**
   * By slot, the number of members that it has had: a batch may still contain events of an earlier
   * one.
   */
  readonly #generations: number[] = []
  readonly #freeSlots: number[] = []
  #size = 0

  /** @throws Error if the system refuses an epoll set */
  constructor(native: Native) {
    this.native = native
    const result = native.start(this.#batch, (count) => this.#ready(count))
    if (result < 0) throw errorOf(result, 'epoll_create')
  }

  /** How many members the set has. */
  get size(): number {
    return this.#size
  }

  /**
   * Adds a descriptor.
   *
   * @param output whether the member is told of EPOLLOUT; see `watchOutput`
   * @returns its slot, or a negative errno
   */
  add(fd: number, member: Member, output: boolean = true): number {
    const slot = this.#freeSlots.pop() ?? this.#members.length
    const generation = nextGeneration(this.#generations[slot] ?? 0)
    const result = this.native.watch(fd, slot, generation, output)
    this.#generations[slot] = generation
    if (result < 0) {
      this.#members[slot] = null
      this.#freeSlots.push(slot)
      return result
    }
    this.#members[slot] = member
    if (++this.#size === 1) this.native.hold(true)
    return slot
  }

  /** Sets whether a member is told of EPOLLOUT. If it is, and there is room, that comes next. */
  watchOutput(fd: number, slot: number, output: boolean): void {
    this.native.watch(fd, slot, this.#generations[slot] as number, output) // Its member's.
  }

  /** Frees a slot. Closing the descriptor, which must follow, removes it from the system's set. */
  remove(slot: number): void {
    this.#members[slot] = null
    this.#freeSlots.push(slot)
    if (--this.#size === 0) this.native.hold(false)
  }

  #ready(count: number): void {
    const batch = this.#batch
    const end = count * NUMBERS
    for (let i = 0; i < end; i += NUMBERS) {
      const slot = batch[i] as number // Within the batch.
      if (this.#generations[slot] !== batch[i + 1]) continue
      try {
        this.#members[slot]?.polled(batch[i + 2] as number)
      } catch (error) {
        // An uncaught exception of the process. Go on with the other members: the system reports an
        // event only once.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}

/** A buffer for one receive. */
export function newScratch(): Buffer {
  return Buffer.allocUnsafeSlow(MAX_RECEIVE)
}

/** The generation after another one. */
export function nextGeneration(generation: number): number {
  return (generation + 1) & MAX_GENERATION
}

/** The error of a negative errno. */
export function errorOf(errno: number, operation: string): Error {
  return systemError(getSystemErrorName(errno), operation)
}
