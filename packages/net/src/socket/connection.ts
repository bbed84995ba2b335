/**
 * The connection: a stream of bytes each way, as events.
 *
 * It knows nothing of sockets but the driver's tries: it tries, parks its one reader or its one writer when a try would
 * block, and tries again when the driver calls `ready`.
 */

import { ClosedError, type Event, type Scheduler, timeout } from '@bluelet/scheduler'
import { event } from '@bluelet/scheduler/lowlevel'
import type { Address } from '../driver/address.js'
import { CLOSED, type DriverSocket, FAILED, READABLE, WRITABLE } from '../driver/protocol.js'
import { Linger } from './linger.js'
import { READ_SIZE, ReadHalf } from './read-half.js'
import {
  bytesOf,
  checkMax,
  DEFAULT_BLOCK_LIMIT,
  DEFAULT_LIMIT,
  Peek,
  type Read,
  ReadAll,
  ReadExactly,
  ReadUntil,
} from './read-requests.js'
import { WriteHalf } from './write-half.js'

/** Options of a read that is bounded. */
export interface ReadOptions {
  /**
   * How many bytes it gives at the most, without the terminator; by default 65,536, or 1,048,576 for `readexactly`. `Infinity`
   * is no limit.
   */
  readonly limit?: number
  /**
   * How long it may take in all, in milliseconds, however the bytes may drip: then it throws a {@link TimeoutError}, and what has
   * come is still there to be read. By default there is no such limit here; a server has one of its own.
   */
  readonly timeout?: number
}

/** Who looks after a connection: its server. */
export interface Keeper {
  /** Somebody waits for the peer. */
  waits(): void
  /** The descriptor is free. */
  closed(): void
}

/**
 * A connected socket. One task at a time reads it, and one at a time writes it; a second one gets a {@link BusyError}.
 *
 * Every event throws {@link ConnectionResetError} when the peer has gone other than by an orderly end, and
 * {@link ClosedError} once `close()` has been called.
 */
export class Connection {
  /** The driver's socket under it. */
  readonly socket: DriverSocket
  /** The scheduler whose run waits until the connection is closed. */
  readonly scheduler: Scheduler
  /** @internal */ readonly reader: ReadHalf
  /** Made when it is first needed: an idle connection does without. @internal */
  writer: WriteHalf | null
  /** Made when it is first needed. */
  #linger: Linger | null
  /** The driver has said CLOSED. @internal */
  descriptorClosed: boolean
  /** @internal */ keeper: Keeper | null

  /**
   * Makes a connection of a driver's socket; `connect` and `accept` do that.
   *
   * @param socket connected, and nobody else's
   * @param scheduler whose run waits until the connection is closed
   */
  constructor(socket: DriverSocket, scheduler: Scheduler) {
    this.socket = socket
    this.scheduler = scheduler
    this.reader = new ReadHalf(socket, this)
    this.writer = null
    this.#linger = null
    this.descriptorClosed = false
    this.keeper = null
    socket.observer = this
  }

  /** The peer's address; undefined if it had gone before anybody asked. */
  get remoteAddress(): Address | undefined {
    return this.socket.remoteAddress
  }

  /** Our address. */
  get localAddress(): Address | undefined {
    return this.socket.localAddress
  }

  /**
   * Event: receives 1 to `max` bytes, as soon as there are any; no bytes at the end of the stream, and only there. The bytes
   * are the caller's to keep.
   *
   * @param max a positive integer; by default 65,536
   */
  recv(max: number = READ_SIZE): Event<Buffer> {
    return event<Buffer>(this.reader, checkMax(max, 'recv'))
  }

  /**
   * Event: receives a line, with its terminator. At the end of the stream: what is left of the last line, or no bytes.
   *
   * Throws {@link LimitError} if there is no terminator within the limit; the bytes are then still there to be read.
   *
   * Bluelet: without a limit.
   *
   * @param terminator what ends a line; by default `'\n'`
   */
  readline(terminator: string | Uint8Array = '\n', options: ReadOptions = {}): Event<Buffer> {
    const { limit = DEFAULT_LIMIT } = options
    return this.#read(new ReadUntil('readline()', terminator, limit, true), options)
  }

  /**
   * Event: receives up to and with a terminator.
   *
   * Throws {@link IncompleteReadError} if the stream ends first, and {@link LimitError} if there is no terminator within the
   * limit; in both cases the bytes are still there to be read.
   */
  readuntil(terminator: string | Uint8Array, options: ReadOptions = {}): Event<Buffer> {
    const { limit = DEFAULT_LIMIT } = options
    return this.#read(new ReadUntil('readuntil()', terminator, limit, false), options)
  }

  /**
   * Event: receives exactly `n` bytes. Throws {@link IncompleteReadError} if the stream ends first; what had come is then
   * still there to be read.
   *
   * @param n 0 or more
   * @throws LimitError if `n` is above the limit: a length that a peer has sent is not to be trusted
   */
  readexactly(n: number, options: ReadOptions = {}): Event<Buffer> {
    const { limit = DEFAULT_BLOCK_LIMIT } = options
    return this.#read(new ReadExactly(n, limit), options)
  }

  /**
   * Event: receives everything up to the end of the stream. Throws {@link LimitError} if that is more than the limit.
   */
  readall(options: ReadOptions = {}): Event<Buffer> {
    const { limit = DEFAULT_LIMIT } = options
    return this.#read(new ReadAll(limit), options)
  }

  /**
   * Event: gives a copy of the next bytes, as soon as there are any, and leaves them there; no bytes at the end of the stream.
   *
   * @param max how many at the most: a positive integer
   */
  peek(max: number = READ_SIZE): Event<Buffer> {
    return event<Buffer>(this.reader, new Peek(max))
  }

  /**
   * Event: sends bytes and gives how many the kernel has taken: at least one, unless there are none to send. On the `node` driver that is
   * up to 65,536.
   *
   * @param data bytes, which must not change until then; or a string, sent as UTF-8
   */
  send(data: string | Uint8Array): Event<number> {
    return event<number>(this.#sending(), { bytes: bytesOf(data, 'send(data)'), all: false })
  }

  /**
   * Event: sends bytes, and goes on when the kernel has taken them all. That the peer has got them it does not say.
   *
   * A task that is killed meanwhile closes the connection: nobody knows how much went out.
   *
   * @param data bytes, which must not change until then; or a string, sent as UTF-8
   */
  sendall(data: string | Uint8Array): Event<void> {
    return event<void>(this.#sending(), { bytes: bytesOf(data, 'sendall(data)'), all: true })
  }

  /**
   * Ends our side of the stream, after what was sent: the peer receives the end, and can go on sending. A plain call.
   *
   * @throws ClosedError after close()
   */
  shutdown(): void {
    if (this.#linger?.begun) throw new ClosedError('shutdown(): the connection is closed')
    this.#sending().end()
  }

  /**
   * Closes the connection; a plain call that acts at once. Whoever waits here gets a {@link ClosedError}. What was sent still
   * reaches the peer, in the background and within 5 seconds; a run waits for that, and so does `yield conn.whenClosed()`. Closing
   * again does nothing.
   */
  close(): void {
    this.#close(true)
  }

  /** Closes the connection with a reset, whatever is left to send; a plain call. After close() it does nothing. */
  abort(): void {
    this.#close(false)
  }

  /**
   * Whether the connection is closed: `close()` or `abort()` has been called, or the descriptor is free, as after a reset by the
   * peer. Bytes that came before that reset can still be read.
   */
  get closed(): boolean {
    return this.descriptorClosed || this.#linger?.begun === true
  }

  /** Event: waits until the connection is closed and its descriptor is free. It does not close the connection. */
  whenClosed(): Event<void> {
    return event<void>(this.#end(), undefined)
  }

  /** Closes the connection, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Closes the connection, at the end of an `await using` in async code.
   *
   * @returns a promise that resolves when the descriptor is free; it belongs to no run, and so holds none open
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return this.#end().settled()
  }

  /** What the driver says. @internal */
  ready(what: number): void {
    if ((what & (READABLE | FAILED | CLOSED)) !== 0) this.reader.ready()
    if ((what & (WRITABLE | FAILED | CLOSED)) !== 0) this.writer?.ready()
    if ((what & CLOSED) === 0) return
    this.descriptorClosed = true
    this.#linger?.end()
    this.keeper?.closed()
  }

  #read(read: Read, { timeout: ms }: ReadOptions): Event<Buffer> {
    const bytes = event<Buffer>(this.reader, read)
    return ms === undefined ? bytes : timeout(ms, bytes)
  }

  #close(linger: boolean): void {
    const end = this.#end()
    if (end.begun) return
    // What a task is in the middle of sending will not arrive whole: the peer is not to take it for an orderly end.
    end.begin(linger && !this.writer?.busy)
    this.reader.close()
    this.writer?.close()
  }

  #sending(): WriteHalf {
    if (this.writer === null) {
      this.writer = new WriteHalf(this.socket, this)
      if (this.#linger?.begun) this.writer.close()
    }
    return this.writer
  }

  #end(): Linger {
    this.#linger ??= new Linger(this.socket, this.scheduler, this.descriptorClosed)
    return this.#linger
  }
}
