/**
 * A socket of the `epoll` driver. The set is edge-triggered: it says once that there is something, and it is for the socket
 * to remember until a try finds that there is no more.
 */

import { Address } from '../../driver/address.js'
import { EMPTY } from '../../driver/byte-queue.js'
import {
  CLOSED,
  type DriverSocket,
  FAILED,
  type Observer,
  READABLE,
  WRITABLE,
} from '../../driver/protocol.js'
import { overError, resetOf } from '../../driver/system-errors.js'
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  type EpollSet,
  errorOf,
  MAX_RECEIVE,
  type Member,
  newScratch,
} from './set.js'

/** On Linux, as a negative errno. */
export const EAGAIN = -11
const ENOTCONN = -107

/** Small messages share memory with their like, and keep no more alive than this. (Node's own pool is of 64 KiB since 24.) */
const POOL_SIZE = 8192
const SMALL = POOL_SIZE / 2

/** Given away as it is, instead of copied. */
const LARGE = MAX_RECEIVE / 2

/** The other end has ended its side, or everything. */
const HANGUP = EPOLLRDHUP | EPOLLHUP | EPOLLERR

/** After so many full receives the others have their turn. */
const MAX_DISCARDS = 64

export class EpollSocket implements DriverSocket, Member {
  observer: Observer | null
  readonly #set: EpollSet
  #fd: number
  #slot: number
  #connecting: boolean
  /** A try to read may find something. */
  #readable: boolean
  /**
   * A receive that gives less than it might does not mean that there is no more: the end, an error, or a mark of urgent data
   * (at which every receive stops) is behind it, and will not be said again.
   */
  #maybeEof: boolean
  #ended: boolean
  /** A try to write found no room: it is to be told when there is some. */
  #blocked: boolean
  #lingering: boolean
  #error: Error | null
  /** `host port`: kept, since the system forgets it when the connection is over, and it is still wanted then. */
  #remote: string

  /**
   * @param fd in no set yet; -1: `error` says why there is none
   * @param remote whom it is connected to; null: it is being connected
   */
  constructor(set: EpollSet, fd: number, remote: string | null, error: Error | null = null) {
    this.observer = null
    this.#set = set
    this.#fd = fd
    this.#slot = -1
    this.#connecting = remote === null
    this.#readable = false
    this.#maybeEof = false
    this.#ended = false
    this.#blocked = false
    this.#lingering = false
    this.#error = error
    this.#remote = remote ?? ''
    if (fd >= 0) this.#slot = set.add(fd, this)
    if (this.#slot >= 0) return
    if (fd >= 0) {
      set.native.close(fd)
      this.#fd = -1
      this.#error = errorOf(this.#slot, 'epoll_ctl')
    }
    queueMicrotask(() => {
      this.observer?.ready(READABLE | WRITABLE | FAILED)
      this.observer?.ready(CLOSED)
    })
  }

  get localAddress(): Address | undefined {
    return this.#fd < 0 ? undefined : parse(this.#set.native.address(this.#fd, false))
  }

  get remoteAddress(): Address | undefined {
    return parse(this.#remote)
  }

  /** What is taken is the kernel's at once. */
  get unsent(): number {
    return 0
  }

  read(max: number): Buffer | null {
    if (this.#readable) {
      const most = Math.min(max, MAX_RECEIVE)
      const set = this.#set
      const small = most <= SMALL
      if (small && pooledBytes + most > pool.length) renewPool()
      const got = small
        ? set.native.recv(this.#fd, pool, pooledBytes, most)
        : set.native.recv(this.#fd, set.scratch, 0, most)
      if (got > 0) {
        // Fewer than there is room for: there are no more (epoll(7)), unless the end is behind them.
        if (got < most && !this.#maybeEof) this.#readable = false
        return small ? pooled(got) : taken(set, got)
      }
      this.#readable = false
      if (got === EAGAIN) return null
      if (got < 0) throw this.#fail(got, 'read')
      // The system tells an error once, and then the end: a write may have been told.
      this.#ended = this.#error === null
    }
    if (this.#ended) return EMPTY
    this.#assertOpen()
    return null
  }

  write(bytes: Uint8Array): number {
    this.#assertOpen()
    if (this.#connecting || this.#blocked) {
      this.#blocked = true
      return 0
    }
    if (bytes.length === 0) return 0
    const sent = this.#set.native.send(this.#fd, bytes)
    if (sent >= 0) return sent
    if (sent !== EAGAIN) throw this.#fail(sent, 'write')
    this.#blocked = true
    return 0
  }

  shutdown(): void {
    if (this.#fd < 0 || this.#connecting) return
    this.#set.native.shutdown(this.#fd)
  }

  close(linger: boolean): void {
    if (this.#fd < 0 || (linger && this.#lingering)) return
    if (!linger || this.#error !== null || this.#connecting) {
      this.#end(false)
      return
    }
    this.#lingering = true
    // Nothing more can come, so that the system can be left to send the rest.
    if (this.#ended || this.#set.native.shutdown(this.#fd) === ENOTCONN) this.#end(false)
    else this.#discard()
  }

  reset(): void {
    if (this.#fd >= 0) this.#end(true)
  }

  polled(events: number): void {
    if (this.#connecting) {
      this.#heardConnect(events)
      return
    }
    if ((events & (HANGUP | EPOLLPRI)) !== 0) this.#maybeEof = true
    if ((events & (HANGUP | EPOLLIN)) !== 0) this.#readable = true
    if (this.#lingering) {
      this.#discard()
      return
    }
    let what = this.#readable ? READABLE : 0
    if ((events & EPOLLERR) !== 0) what |= FAILED
    if (this.#blocked && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) !== 0) {
      this.#blocked = false
      what |= WRITABLE
    }
    if (what !== 0) this.observer?.ready(what)
  }

  #heardConnect(events: number): void {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) === 0) return
    this.#connecting = false
    const error = this.#set.native.failure(this.#fd)
    if (error === 0) {
      this.#remote = this.#set.native.address(this.#fd, true)
      this.#blocked = false
      this.polled(events & ~EPOLLOUT)
      if (this.#fd >= 0) this.observer?.ready(WRITABLE)
      return
    }
    this.#fail(error, 'connect')
    this.observer?.ready(READABLE | WRITABLE | FAILED)
    if (this.#fd >= 0) this.#end(false)
  }

  /** Throws away what comes, until the other end has ended its side. */
  #discard(): void {
    const { native, scratch } = this.#set
    for (let i = 0; this.#readable && this.#fd >= 0; i++) {
      if (i === MAX_DISCARDS) {
        setImmediate(() => this.#discard())
        return
      }
      const got = native.recv(this.#fd, scratch, 0, MAX_RECEIVE)
      if (got === EAGAIN || (got > 0 && got < MAX_RECEIVE && !this.#maybeEof)) this.#readable = false
      else if (got <= 0) this.#end(false)
    }
  }

  #assertOpen(): void {
    if (this.#fd < 0) this.#error ??= overError()
    if (this.#error !== null) throw this.#error
  }

  #fail(errno: number, operation: string): Error {
    this.#error ??= resetOf(errorOf(errno, operation))
    return this.#error
  }

  #end(reset: boolean): void {
    const { native } = this.#set
    this.#set.remove(this.#slot)
    if (reset) native.reset(this.#fd)
    else native.close(this.#fd)
    this.#fd = -1
    this.#readable = false
    queueMicrotask(() => this.observer?.ready(CLOSED))
  }
}

/** What has been received: bytes that are the caller's to keep, and keep no more alive than twice themselves. */
function taken(set: EpollSet, length: number): Buffer {
  const { scratch } = set
  if (length >= LARGE) {
    set.scratch = newScratch()
    return length === scratch.length ? scratch : scratch.subarray(0, length)
  }
  if (length < SMALL && pooledBytes + length > pool.length) renewPool()
  const bytes = length < SMALL ? pooled(length) : Buffer.allocUnsafeSlow(length)
  if (length < 64) for (let i = 0; i < length; i++) bytes[i] = scratch[i] as number
  else scratch.copy(bytes, 0, 0, length)
  return bytes
}

let pool = EMPTY
let pooledBytes = 0

function renewPool(): void {
  pool = Buffer.allocUnsafeSlow(POOL_SIZE)
  pooledBytes = 0
}

/** The next bytes of the pool, which has so many. */
function pooled(length: number): Buffer {
  const begin = pooledBytes
  pooledBytes += length
  return pool.subarray(begin, pooledBytes)
}

/** The address of `host port`. */
export function parse(text: string): Address | undefined {
  const space = text.lastIndexOf(' ')
  return space < 0 ? undefined : new Address(text.slice(0, space), Number(text.slice(space + 1)))
}
