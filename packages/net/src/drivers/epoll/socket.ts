/**
 * A socket of the `epoll` driver. The set is edge-triggered: it reports input once, and the socket
 * remembers that until a try finds no more. It buffers nothing: unread input stays in the kernel.
 */

import type { Address } from '../../driver/address.js'
import { EMPTY } from '../../driver/byte-queue.js'
import {
  CLOSED,
  type DriverSocket,
  FAILED,
  LINGERING,
  type Observer,
  type PeerCredentials,
  READABLE,
  WRITABLE,
} from '../../driver/protocol.js'
import { closedSocketError, resetOf } from '../../driver/system-errors.js'
import { nextTurn } from '../environment.js'
import { credentialsIn, isUnix, parse, UNIX } from './addresses.js'
import { POOL_SIZE, pool, pooled, pooledBytes, reserve, scratched } from './received.js'
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  type EpollSet,
  errorOf,
  HANGUP,
  MAX_RECEIVE,
  type Member,
} from './set.js'

/** The errno of Linux, negative. */
export const EAGAIN = -11
const ECONNRESET = -104

/** The most that a call sends or receives: the native part takes the number as an Int32. */
const MAX_BYTES = 1 << 30

/** Receives in a row, before other sockets get a turn. */
const MAX_DISCARDS = 64

// The state of a socket is one number of these bits: as fields of their own they would cost each
// idle connection 48 bytes more.
/** The connection is not there yet. */
const CONNECTING = 1
/** A try to read may find something. */
const INPUT_DUE = 2
/**
 * The end, an error, or urgent data may follow the input. A receive then stops early although there
 * is more to read, which the system will not report again.
 */
const MAYBE_EOF = 4
/** The stream has ended. */
const ENDED = 8
/** A try to write found no room, so that WRITABLE is due. */
const BLOCKED = 16
/** Input is discarded until the peer has ended its side. */
const DISCARDING = 32
/**
 * The next portion of input is about to be discarded: events that come meanwhile start no other
 * chain.
 */
const DISCARD_DUE = 64

export class EpollSocket implements DriverSocket, Member {
  observer: Observer | null = null
  readonly #set: EpollSet
  /** The descriptor; -1 once it is closed. */
  #fd: number
  #slot = -1
  #state = 0
  /** What had arrived before a failure that no task has read yet. */
  #kept: Buffer | null = null
  #error: Error | null
  /**
   * `host port`, or `unix:path`. It is kept because the system forgets it when the connection ends.
   */
  #remote: string
  /** The same of our end, if it is known or the descriptor is closed; of a Unix socket always. */
  #local: string

  /**
   * @param fd a descriptor that is in no set; negative if there is none because of `error`
   * @param remote the peer's address, or null while connecting
   * @param local our address if it is known; else empty
   */
  constructor(
    set: EpollSet,
    fd: number,
    remote: string | null,
    error: Error | null = null,
    local: string = '',
  ) {
    this.#set = set
    this.#fd = fd
    if (remote === null) this.#state |= CONNECTING
    this.#error = error
    this.#remote = remote ?? ''
    this.#local = local
    // A receive from a Unix socket also stops early where its peer has passed a descriptor.
    if (isUnix(local)) this.#state |= MAYBE_EOF
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

  /** Connects to a path. Its file may have had another name when the peer began to listen. */
  static toPath(set: EpollSet, path: string): EpollSocket {
    const fd = set.native.connectPath(path)
    const socket = new EpollSocket(set, fd, null, fd < 0 ? errorOf(fd, 'connect') : null, UNIX)
    socket.#remote = `${UNIX}${path}`
    return socket
  }

  /** Whether one of these bits of the state is set. */
  #is(bits: number): boolean {
    return (this.#state & bits) !== 0
  }

  #mark(bit: number, value: boolean): void {
    if (value) this.#state |= bit
    else this.#state &= ~bit
  }

  get localAddress(): Address | undefined {
    return parse(this.#fd < 0 || this.#local !== '' ? this.#local : this.#set.native.address(this.#fd, false))
  }

  get credentials(): PeerCredentials | undefined {
    const known = this.#fd >= 0 && isUnix(this.#local)
    return known ? credentialsIn(this.#set.native.credentials(this.#fd)) : undefined
  }

  get remoteAddress(): Address | undefined {
    return parse(this.#remote)
  }

  /** Always 0: what is taken is in the kernel. */
  get unsent(): number {
    return 0
  }

  get unacknowledged(): number {
    return this.#fd < 0 ? 0 : Math.max(0, this.#set.native.unacknowledged(this.#fd))
  }

  read(max: number): Buffer | null {
    if (this.#is(INPUT_DUE)) {
      const set = this.#set
      if (max <= POOL_SIZE) {
        const room = reserve(max)
        const got = this.#receive(pool, pooledBytes, room)
        if (got > 0) return pooled(got)
      } else {
        const got = this.#receive(set.scratch, 0, Math.min(max, MAX_RECEIVE))
        if (got > 0) return scratched(set, got)
      }
    }
    if (this.#kept !== null) return this.#takeKept(max)
    if (this.#is(ENDED)) return EMPTY
    this.#assertOpen()
    return null
  }

  readInto(target: Uint8Array): number | null {
    if (this.#is(INPUT_DUE)) {
      const got = this.#receive(target, 0, Math.min(target.length, MAX_BYTES))
      if (got > 0) return got
    }
    if (this.#kept !== null) return this.#takeKept(target.length).copy(target)
    if (this.#is(ENDED)) return 0
    this.#assertOpen()
    return null
  }

  /**
   * Receives, if the system has something. Otherwise the socket has ended or failed, or is not
   * readable any more.
   *
   * @returns how many bytes; 0 if none
   */
  #receive(to: Uint8Array, offset: number, size: number): number {
    const got = this.#set.native.recv(this.#fd, to, offset, size)
    if (got > 0) {
      // A short receive means that there is no more input (epoll(7)), unless the end follows.
      if (got < size && !this.#is(MAYBE_EOF)) this.#state &= ~INPUT_DUE
      return got
    }
    this.#state &= ~INPUT_DUE
    if (got === EAGAIN && this.#error === null) return 0
    if (got < 0) {
      this.#fail(got, 'read')
      this.#closeDescriptor(false)
      this.#assertOpen()
    }
    // The system reports an error once, perhaps to a write, and then reports the end.
    this.#mark(ENDED, this.#error === null)
    return 0
  }

  write(bytes: Uint8Array): number {
    return this.writePart(bytes, 0, bytes.length)
  }

  writePart(bytes: Uint8Array, start: number, end: number): number {
    this.#assertOpen()
    if (this.#is(CONNECTING | BLOCKED)) {
      this.#state |= BLOCKED
      return 0
    }
    if (start === end) return 0
    const sent = this.#set.native.send(this.#fd, bytes, start, Math.min(end - start, MAX_BYTES))
    if (sent >= 0) return sent
    if (sent !== EAGAIN) {
      // What arrived before, such as an early reply, can still be read.
      this.#state |= INPUT_DUE | MAYBE_EOF
      throw this.#fail(sent, 'write')
    }
    this.#state |= BLOCKED
    return 0
  }

  shutdown(): void {
    if (this.#fd < 0 || this.#is(CONNECTING)) return
    this.#set.native.shutdown(this.#fd)
  }

  close(linger: boolean, unread = false): void {
    if (this.#fd < 0 || (linger && this.#is(DISCARDING))) return
    if (!linger || this.#error !== null || this.#is(CONNECTING | ENDED) || !this.#mustLinger(unread)) {
      // The system sends the rest alone.
      this.#closeDescriptor(false)
      return
    }
    this.#state |= DISCARDING
    this.#set.native.shutdown(this.#fd)
    queueMicrotask(() => {
      if (this.#fd >= 0) this.observer?.ready(LINGERING)
    })
    this.#discard()
  }

  /** Whether the system would reset the connection at a close, since input is unread. */
  #mustLinger(unread: boolean): boolean {
    const { native, scratch } = this.#set
    const got = native.recv(this.#fd, scratch, 0, MAX_RECEIVE)
    this.#mark(INPUT_DUE, got === MAX_RECEIVE || (got > 0 && this.#is(MAYBE_EOF)))
    return got > 0 || (unread && got === EAGAIN)
  }

  reset(): void {
    if (this.#fd >= 0) this.#closeDescriptor(true)
  }

  polled(events: number): void {
    if (this.#is(CONNECTING)) {
      this.#polledConnecting(events)
      return
    }
    if ((events & (HANGUP | EPOLLPRI)) !== 0) this.#state |= MAYBE_EOF
    if ((events & (HANGUP | EPOLLIN)) !== 0) this.#state |= INPUT_DUE
    if (this.#is(DISCARDING)) {
      this.#discard()
      return
    }
    let what = this.#is(INPUT_DUE) ? READABLE : 0
    if ((events & EPOLLERR) !== 0) what |= FAILED
    if (this.#is(BLOCKED) && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) !== 0) {
      this.#state &= ~BLOCKED
      what |= WRITABLE
    }
    if (what !== 0) this.observer?.ready(what)
    if ((events & EPOLLERR) !== 0 && this.#fd >= 0 && this.#kept === null) this.#freeFailed()
  }

  /**
   * After a failure nothing more will arrive or can be sent. Keeps what has arrived, if one receive
   * finds it all, and frees the descriptor.
   */
  #freeFailed(): void {
    const { native, scratch } = this.#set
    const got = native.recv(this.#fd, scratch, 0, MAX_RECEIVE)
    if (got > 0) this.#kept = Buffer.from(scratch.subarray(0, got))
    this.#state &= ~INPUT_DUE
    // There may be more, which the kernel keeps until it is read.
    if (got === MAX_RECEIVE) return
    const error = got > 0 ? native.failure(this.#fd) : got
    this.#fail(error < 0 && error !== EAGAIN ? error : ECONNRESET, 'read')
    this.#closeDescriptor(false)
  }

  #takeKept(max: number): Buffer {
    const kept = this.#kept as Buffer // The caller has checked it.
    const taken = kept.subarray(0, max)
    this.#kept = taken.length < kept.length ? kept.subarray(max) : null
    if (this.#kept === null) this.#mark(INPUT_DUE, this.#fd >= 0)
    return taken
  }

  #polledConnecting(events: number): void {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) === 0) return
    this.#state &= ~CONNECTING
    const error = this.#set.native.failure(this.#fd)
    if (error === 0) {
      if (this.#remote === '') this.#remote = this.#set.native.address(this.#fd, true)
      this.#state &= ~BLOCKED
      this.polled(events & ~EPOLLOUT)
      if (this.#fd >= 0) this.observer?.ready(WRITABLE)
      return
    }
    this.#fail(error, 'connect')
    this.observer?.ready(READABLE | WRITABLE | FAILED)
    if (this.#fd >= 0) this.#closeDescriptor(false)
  }

  /** Discards input until the peer has ended its side. */
  #discard(): void {
    if (this.#is(DISCARD_DUE)) return
    const { native, scratch } = this.#set
    for (let i = 0; this.#is(INPUT_DUE) && this.#fd >= 0; i++) {
      if (i === MAX_DISCARDS) {
        this.#state |= DISCARD_DUE
        nextTurn(() => {
          this.#state &= ~DISCARD_DUE
          this.#discard()
        })
        return
      }
      const got = native.recv(this.#fd, scratch, 0, MAX_RECEIVE)
      if (got === EAGAIN || (got > 0 && got < MAX_RECEIVE && !this.#is(MAYBE_EOF))) this.#state &= ~INPUT_DUE
      else if (got <= 0) this.#closeDescriptor(false)
    }
  }

  #assertOpen(): void {
    if (this.#fd < 0) this.#error ??= closedSocketError()
    if (this.#error !== null) throw this.#error
  }

  #fail(errno: number, operation: string): Error {
    this.#error ??= resetOf(errorOf(errno, operation))
    return this.#error
  }

  #closeDescriptor(reset: boolean): void {
    const { native } = this.#set
    this.#set.remove(this.#slot)
    if (this.#local === '') this.#local = native.address(this.#fd, false)
    if (reset) native.reset(this.#fd)
    else native.close(this.#fd)
    this.#fd = -1
    this.#state &= ~INPUT_DUE
    queueMicrotask(() => this.observer?.ready(CLOSED))
  }
}
