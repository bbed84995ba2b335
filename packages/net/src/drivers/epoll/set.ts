/**
 * The epoll set of one thread: which socket is in which slot, and who is told when the system says that some are ready.
 */

import { getSystemErrorName } from 'node:util'
import { systemError } from '../../driver/system-errors.js'
import type { Native } from './native.js'

/** What the system says of a socket (epoll_ctl(2)). */
export const EPOLLIN = 0x001
export const EPOLLPRI = 0x002
export const EPOLLOUT = 0x004
export const EPOLLERR = 0x008
export const EPOLLHUP = 0x010
export const EPOLLRDHUP = 0x2000

/** So many sockets are told in one batch; more have their turn when the loop polls again. */
const BATCH = 512
const NUMBERS = 3

/** As much as is received at a time. */
export const MAX_RECEIVE = 65_536

/** As far as the native part counts; then it begins again, which is two thousand million connections later. */
const LAST_GENERATION = 0x7fffffff

/** A socket or a listener that is in the set. */
export interface Member {
  /** Something is ready. */
  polled(events: number): void
}

/** The set of this thread. */
export class EpollSet {
  readonly native: Native
  /** What was received last stands here; replaced when it is given away. */
  scratch: Buffer
  readonly #batch: Int32Array
  readonly #members: (Member | null)[]
  /** Counts the members that a slot has had: a batch may still speak of the last one. */
  readonly #generations: number[]
  readonly #free: number[]
  #size: number

  /** @throws Error if the system has no epoll for us */
  constructor(native: Native) {
    this.native = native
    this.scratch = newScratch()
    this.#batch = new Int32Array(BATCH * NUMBERS)
    this.#members = []
    this.#generations = []
    this.#free = []
    this.#size = 0
    const result = native.start(this.#batch, (count) => this.#ready(count))
    if (result < 0) throw errorOf(result, 'epoll_create')
  }

  /** How many are in the set. */
  get size(): number {
    return this.#size
  }

  /** Adds a descriptor. @returns its slot, or a negative errno */
  add(fd: number, member: Member): number {
    const slot = this.#free.pop() ?? this.#members.length
    const generation = nextGeneration(this.#generations[slot] ?? 0)
    const result = this.native.watch(fd, slot, generation)
    this.#generations[slot] = generation
    if (result < 0) {
      this.#members[slot] = null
      this.#free.push(slot)
      return result
    }
    this.#members[slot] = member
    if (++this.#size === 1) this.native.hold(true)
    return slot
  }

  /** Its descriptor is about to be closed, with which it leaves the set. */
  remove(slot: number): void {
    this.#members[slot] = null
    this.#free.push(slot)
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
        // For the process to hear of. The others are told all the same, since they would not be told again.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}

/** Room for what is received at a time. */
export function newScratch(): Buffer {
  return Buffer.allocUnsafeSlow(MAX_RECEIVE)
}

/** The one after it. */
export function nextGeneration(generation: number): number {
  return (generation + 1) & LAST_GENERATION
}

/** The error of a negative errno. */
export function errorOf(errno: number, operation: string): Error {
  return systemError(getSystemErrorName(errno), operation)
}
