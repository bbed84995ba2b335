/**
 * The connection: a stream of bytes in each direction, whose operations are events.
 *
 * It knows nothing of system calls: it makes the driver's tries, parks its reader or its writer
 * when a try would block, and tries again when the driver calls `ready`. Each direction is a half
 * of its own (`read-half`, `write-half`), and so is the end (`linger`).
 */

import { ClosedError, type Event, timeout } from '@bluelet/scheduler'
import { event, type Runtime } from '@bluelet/scheduler/lowlevel'
import { checkFlag, checkMax, checkMs } from '../check.js'
import type { Address } from '../driver/address.js'
import {
  CLOSED,
  type DriverSocket,
  FAILED,
  LINGERING,
  type PeerCredentials,
  READABLE,
  WRITABLE,
} from '../driver/protocol.js'
import type { TlsInfo } from '../driver/tls.js'
import type { StartTls } from '../drivers/tls/settings.js'
import { LimitError } from '../errors.js'
import { type ConnectionObserver, DEFAULT_END_TIMES } from './connection-observer.js'
import { HANDSHAKE } from './handshake.js'
import { Linger } from './linger.js'
import { PeerWatch } from './peer-watch.js'
import { FLUSH, toBuffered, toSend, toSingleTry } from './pending-send.js'
import { MAX_READ_AHEAD } from './read-ahead.js'
import { ReadHalf } from './read-half.js'
import {
  DEFAULT_BLOCK_LIMIT,
  DEFAULT_LIMIT,
  lineRequest,
  Peek,
  PeekExactly,
  ReadAll,
  ReadExactly,
  ReadInto,
  type ReadRequest,
  type TextEncoding,
  textRequest,
  untilRequest,
} from './read-requests.js'
import { STARTING, upgradeOf } from './start-tls.js'
import { thrownBy } from './thrown.js'
import { WriteHalf } from './write-half.js'

/** Options of a bounded read. */
export interface ReadOptions {
  /**
   * The maximum number of bytes, not counting the terminator. Default: 65,536, or 1,048,576 for
   * `readexactly`. `Infinity` means no limit.
   */
  readonly limit?: number
  /**
   * The maximum time in milliseconds for the whole read, however slowly the bytes arrive. Then the
   * read throws a {@link TimeoutError}, and what has arrived can still be read. Default: no limit,
   * apart from those of a server.
   */
  readonly timeout?: number
}

/** Options of a `readline` that gives text. */
export interface TextOptions extends ReadOptions {
  /** The encoding of the text. With `latin1` each byte is one character. */
  readonly encoding: TextEncoding
}

/** Options of `readuntil` and `readexactly`. */
export interface EndOptions extends ReadOptions {
  /**
   * What the end of the stream gives if no byte has arrived since the last read. `'error'`: an
   * {@link IncompleteReadError}. `'empty'`: no bytes. Default: `'error'`.
   */
  readonly end?: 'error' | 'empty'
}

/** A read without options costs no object for them. */
const NO_OPTIONS: ReadOptions = {}

/** Options of `peek`. */
export interface PeekOptions extends ReadOptions {
  /** Whether it waits until all of the bytes have arrived. Default: false. */
  readonly exactly?: boolean
}

/** Options of `close`. */
export interface CloseOptions {
  /**
   * If input is unread, how long the peer may take to end its side, in milliseconds. Default: that
   * of `connect` or `server`, and 5,000 otherwise.
   */
  readonly linger?: number
}

/** Options of `whenGone`. */
export interface GoneOptions {
  /**
   * Whether the end of the peer's side counts, once everything before it has been read. A client
   * that has ended its side may still wait for a reply. Default: false.
   */
  readonly end?: boolean
}

/**
 * A connected socket. One task at a time can read; another one gets a {@link BusyError}. Several
 * can send.
 *
 * Every event throws {@link ConnectionResetError} if the connection has ended other than by an
 * orderly end, and {@link ClosedError} once `close()` has been called.
 */
export class Connection {
  /** The scheduler whose run waits until the connection is closed. */
  readonly scheduler: Runtime
  /** @internal */ readonly readHalf: ReadHalf
  /** Made when it is first needed, so that an idle connection does without. @internal */
  writeHalf: WriteHalf | null = null
  #socket: DriverSocket
  /** Made when it is first needed. */
  #linger: Linger | null = null
  /** @internal */ observer: ConnectionObserver | null = null

  /**
   * Makes a connection from a driver's socket. `connect` and `accept` do that for you.
   *
   * @param socket a connected socket that nothing else uses
   * @param scheduler the scheduler whose run waits until the connection is closed
   */
  constructor(socket: DriverSocket, scheduler: Runtime) {
    this.#socket = socket
    this.scheduler = scheduler
    this.readHalf = new ReadHalf(this)
    socket.observer = this
  }

  /** The driver's socket. `startTls` replaces it. */
  get socket(): DriverSocket {
    return this.#socket
  }

  /**
   * The peer's address; undefined if the peer disconnected before it could be read. It is kept when
   * the connection has ended.
   */
  get remoteAddress(): Address | undefined {
    return this.socket.remoteAddress
  }

  /** Our address. It is kept when the connection has ended. */
  get localAddress(): Address | undefined {
    return this.socket.localAddress
  }

  /**
   * The process at the other end of a Unix socket, as it was when it connected, or when it began to
   * listen. Undefined for TCP, on the `node` driver, in a simulation, and once the connection is
   * closed.
   */
  get peer(): PeerCredentials | undefined {
    return this.socket.credentials
  }

  /**
   * What both ends of TLS have agreed on; undefined without TLS, and before the handshake has
   * ended.
   */
  get tls(): TlsInfo | undefined {
    return this.socket.tls?.info
  }

  /**
   * Event: waits until the TLS handshake has ended, and gives what both ends have agreed on;
   * undefined without TLS. `connect` and `server` have done that; a connection that `accept` gives
   * does it in its first operation.
   *
   * Throws {@link TlsError} if the handshake fails.
   */
  handshake(): Event<TlsInfo | undefined> {
    return event<TlsInfo | undefined>(HANDSHAKE, this)
  }

  /**
   * Event: makes both ends speak TLS from now on, in the same connection, and gives what they have
   * agreed on. For protocols that begin in the clear (STARTTLS).
   *
   * It takes its place among the sends: what was sent before goes out in the clear first, and later
   * sends are encrypted. Limits, timeouts and counts go on; they are of what is inside TLS.
   *
   * Throws {@link BusyError} if a task reads or sends, and {@link ClosedError} after `shutdown()`.
   * Throws {@link TlsError} and aborts the connection if the handshake fails, or if bytes have been
   * received that no task has read: an attacker may have sent them ahead of the handshake. If the
   * task is killed or timed out meanwhile, the connection is aborted, too.
   *
   * @example
   * function* starttls(conn: Connection, tls: TlsServer) {
   *   yield* conn.sendall('220 go ahead\r\n')
   *   yield* conn.startTls({ ...tls, server: true })
   * }
   *
   * @param options those of the server's end, with `server: true`, or of the client's, with a
   *   `servername`. The server's end is cheap if it gets the same object for each connection
   * @throws TypeError, RangeError if an option is invalid
   */
  startTls(options: StartTls): Event<TlsInfo> {
    return event<TlsInfo>(STARTING, upgradeOf(this, options))
  }

  /** Goes on with another socket, over the one before. @internal */
  replace(socket: DriverSocket): void {
    this.#socket = socket
    socket.observer = this
    this.#linger?.replace(socket)
    this.readHalf.socketReplaced()
  }

  /**
   * Event: receives 1 to `max` bytes, as soon as any have arrived; no bytes at the end of the
   * stream, and only there. The caller may keep the bytes.
   *
   * A `recv` of at most 4 KiB receives up to 8 KiB, and the next reads get the rest.
   *
   * @param max a positive integer. Default: 65,536
   */
  recv(max: number = MAX_READ_AHEAD): Event<Buffer> {
    return event<Buffer>(this.readHalf, checkMax(max, 'recv'))
  }

  /**
   * Event: receives into memory of the caller's: 1 to `buffer.length` bytes, as soon as any have
   * arrived. Gives their number; 0 at the end of the stream, and only there.
   *
   * It saves what large messages cost most: new memory for each of them. The `epoll` driver lets
   * the system write there; others copy. Until the yield is over, the memory is that of the read:
   * do not read, write or transfer it. A read that is killed or timed out has received nothing.
   *
   * @example
   * function* echoer(conn: Connection) {
   *   const buffer = Buffer.alloc(65_536)
   *   for (let n = yield* conn.recvInto(buffer); n > 0; n = yield* conn.recvInto(buffer)) {
   *     yield* conn.sendall(buffer.subarray(0, n))
   *   }
   * }
   *
   * @param buffer at least one byte: a `Buffer`, or another `Uint8Array`
   * @throws TypeError, RangeError if it is something else, or empty
   */
  recvInto(buffer: Uint8Array): Event<number> {
    return event<number>(this.readHalf, new ReadInto(buffer))
  }

  /**
   * How many bytes this process has received and no task has read. A read of at most as many is
   * answered at once. More may lie in the driver or in the system, so 0 does not mean that nothing
   * has arrived: `peek` finds out. It is not the number of bytes that the peer has sent.
   */
  get buffered(): number {
    return this.readHalf.buffered
  }

  /**
   * Event: receives a line, including its terminator. At the end of the stream: the rest of the
   * last line, or no bytes.
   *
   * Throws {@link LimitError} if there is no terminator within the limit; the bytes can then still
   * be read.
   *
   * Bluelet: has no limit.
   *
   * @param terminator what ends a line. Default: `'\n'`
   */
  readline(terminator?: string | Uint8Array, options?: ReadOptions & { encoding?: undefined }): Event<Buffer>
  /**
   * Event: receives a line as text, without its terminator. At the end of the stream: the rest of
   * the last line, or null. Apart from that, it works like the `readline` that gives bytes.
   *
   * Exactly the terminator is removed: with `'\n'`, a line that ends by `'\r\n'` keeps its `'\r'`.
   * Bytes that are not valid UTF-8 become U+FFFD.
   *
   * @example
   * function* greeter(conn: Connection) {
   *   while (true) {
   *     const name = yield* conn.readline('\n', { encoding: 'utf8' })
   *     if (name === null) break
   *     yield* conn.sendall(`hello, ${name}\n`)
   *   }
   * }
   *
   * @param terminator what ends a line, in the same encoding. Default: `'\n'`
   * @throws TypeError, RangeError if the encoding is another one, or does not have the terminator
   */
  readline(terminator: string | undefined, options: TextOptions): Event<string | null>
  readline(
    terminator: string | Uint8Array = '\n',
    options: ReadOptions & { encoding?: TextEncoding | undefined } = NO_OPTIONS,
  ): Event<Buffer | string | null> {
    const { encoding, limit } = options
    if (encoding === undefined) return this.#read<Buffer>(lineRequest(terminator, limit), options)
    return this.#read(textRequest(terminator, encoding, limit), options)
  }

  /**
   * Event: receives bytes up to a terminator, which is included.
   *
   * Throws {@link IncompleteReadError} if the stream ends first, and {@link LimitError} if there is
   * no terminator within the limit. In both cases the bytes can still be read. With `end: 'empty'`,
   * the end of the stream gives no bytes if it comes before the first of them.
   */
  readuntil(terminator: string | Uint8Array, options: EndOptions = NO_OPTIONS): Event<Buffer> {
    return this.#read(untilRequest(terminator, options.limit, options.end), options)
  }

  /**
   * Event: receives exactly `n` bytes. Throws {@link IncompleteReadError} if the stream ends first;
   * what has arrived can then still be read. With `end: 'empty'`, the end of the stream gives no
   * bytes if it comes before the first of them.
   *
   * @example
   * function* messages(conn: Connection) {
   *   while (true) {
   *     const head = yield* conn.readexactly(4, { end: 'empty' })
   *     if (head.length === 0) break
   *     const body = yield* conn.readexactly(head.readUInt32BE())
   *     yield* conn.sendall(body)
   *   }
   * }
   *
   * @param n 0 or more
   * @throws LimitError if `n` is above the limit: do not trust a length that a peer has sent
   */
  readexactly(n: number, options: EndOptions = NO_OPTIONS): Event<Buffer> {
    let request: ReadExactly
    try {
      request = new ReadExactly(n, options.limit, options.end)
    } catch (error) {
      throw error instanceof LimitError ? thrownBy(this, error) : error
    }
    return this.#read(request, options)
  }

  /**
   * Event: receives everything up to the end of the stream. Throws {@link LimitError} if that is
   * more than the limit.
   */
  readall(options: ReadOptions = {}): Event<Buffer> {
    const { limit = DEFAULT_LIMIT } = options
    return this.#read(new ReadAll(limit), options)
  }

  /**
   * Event: gives a copy of the next bytes without taking them: what has arrived, as soon as any
   * have; no bytes at the end of the stream. A later peek also sees what has arrived since.
   *
   * With `exactly` it waits for `max` bytes, and throws {@link IncompleteReadError} if the stream
   * ends first.
   *
   * @param max the maximum number of bytes: a positive integer. Default: 65,536
   * @throws LimitError if `max` is above the limit, with `exactly`: 1,048,576 unless told otherwise
   */
  peek(max: number = MAX_READ_AHEAD, options: PeekOptions = {}): Event<Buffer> {
    const { exactly = false, limit = DEFAULT_BLOCK_LIMIT } = options
    checkFlag(exactly, 'peek: exactly')
    return this.#read(exactly ? new PeekExactly(max, limit) : new Peek(max), options)
  }

  /**
   * Event: hands over what was sent before, then makes one try to send these bytes, and gives the
   * number that the kernel has taken: at least one, unless there are none to send. On the `node`
   * driver that is at most 65,536.
   *
   * @param data bytes that must not change until then, or a string, which is sent as UTF-8
   */
  send(data: string | Uint8Array): Event<number> {
    return event<number>(this.writer(), toSingleTry(data))
  }

  /**
   * Event: sends bytes. Up to 16 KiB are copied, and handed over to the kernel at the end of the
   * turn, together with what else was sent; the task continues at once. More bytes go to the kernel
   * directly, and the task resumes when it has taken all of them. Neither says that the peer has
   * received them: see {@link Connection.flush}.
   *
   * Once the kernel takes no more, a send waits until it does. Several tasks may send: each send
   * stays whole, in the order in which they were made.
   *
   * If what was copied cannot be handed over, the next send or flush throws the error. Killing a
   * task that sends aborts the connection if a part of its bytes has gone out.
   *
   * @param data bytes that must not change until then, or a string, which is sent as UTF-8
   */
  sendall(data: string | Uint8Array): Event<void> {
    return event<void>(this.writer(), toSend(data))
  }

  /**
   * Sends bytes if that takes no waiting; a plain call.
   *
   * @param data at most 65,536 bytes, or a string, which is sent as UTF-8
   * @returns false, and nothing is sent, if earlier bytes wait for the kernel or these do not fit
   *   into what is buffered: wait in `sendall` or `flush` before the next try
   * @throws RangeError if the data can never fit
   */
  trySend(data: string | Uint8Array): boolean {
    return this.writer().sendNow(toBuffered(data))
  }

  /**
   * Event: hands over what was sent before, and resumes when the kernel has taken all of it. It
   * takes its place among the sends: later ones do not delay it. Killing it loses nothing.
   *
   * Throws the connection's error if what was sent cannot be handed over.
   *
   * Every turn hands over what it has sent: only a task that computes for long without a yield, or
   * that must know of a failure, needs a flush.
   */
  flush(): Event<void> {
    return event<void>(this.writer(), FLUSH)
  }

  /**
   * How many bytes of what was sent wait in this process: what is buffered, the rest of the sends
   * that wait, and what the driver holds.
   */
  get unsent(): number {
    return this.descriptorClosed || this.writeHalf === null ? 0 : this.writeHalf.unsent
  }

  /**
   * Ends our side of the stream, after what was sent: the peer receives the end, and can go on
   * sending. A plain call.
   *
   * @throws ClosedError after close()
   */
  shutdown(): void {
    if (this.#linger?.closing) throw thrownBy(this, new ClosedError('shutdown(): the connection is closed'))
    this.writer().shutdown()
  }

  /**
   * Closes the connection; a plain call that takes effect at once. Waiting tasks get a
   * {@link ClosedError}. Closing again does nothing.
   *
   * What was sent still reaches the peer, and then the end, however slowly the peer reads: as long
   * as the kernel takes some of it within the stall timeout. If a `sendall` is half done, the peer
   * gets a reset instead.
   *
   * If input is unread, a close would be a reset, by which the peer could lose what it has not
   * read. So input is then discarded until the peer has ended its side, for at most `linger`
   * milliseconds. Input that arrives later does reset the connection: read to the end first if the
   * peer may still be sending.
   *
   * A TLS handshake that the peer has begun is finished first, within its time limit and within
   * `linger`, so that the peer gets the end by a `close_notify`.
   *
   * A run waits until the descriptor is free, as does `yield conn.whenClosed()`.
   */
  close({ linger }: CloseOptions = {}): void {
    if (linger !== undefined) checkMs(linger, 'close: linger')
    const end = this.#end()
    if (end.closing) return
    // Half of a send would look like all of it.
    const aborted = this.writeHalf?.partial === true
    if (aborted) end.reset()
    else {
      const times = this.observer?.endTimes ?? DEFAULT_END_TIMES
      const unread = this.readHalf.hasUnread
      end.close(unread, this.writeHalf, linger === undefined ? times : { ...times, linger })
    }
    this.#closeHalves(aborted)
  }

  /**
   * Closes the connection with a reset, so that unsent bytes are lost; a plain call. After close()
   * it does nothing.
   */
  abort(): void {
    const end = this.#end()
    if (end.closing) return
    end.reset()
    this.#closeHalves(true)
  }

  /**
   * Whether the connection is closed: `close()` or `abort()` has been called, or the descriptor is
   * free, as after a reset by the peer. Bytes that arrived before that reset can still be read.
   */
  get closed(): boolean {
    return this.descriptorClosed || this.closing
  }

  /** Whether the driver has said CLOSED. @internal */
  get descriptorClosed(): boolean {
    return this.#linger?.done === true
  }

  /** Whether `close()` or `abort()` has been called. @internal */
  get closing(): boolean {
    return this.#linger?.closing === true
  }

  /**
   * Event: waits until the connection is closed and its descriptor is free. It does not close the
   * connection.
   */
  whenClosed(): Event<void> {
    return event<void>(this.#end(), undefined)
  }

  /** Whether an event waits for the end of this connection, by its handler. @internal */
  endsBy(handler: object): boolean {
    return handler === this.#linger || handler === this.readHalf.peerWatch
  }

  /**
   * Event: waits until the peer has disconnected other than by an orderly end, whether or not a
   * task reads. Bytes that arrived before can still be read. Throws {@link ClosedError} if the
   * connection is closed here.
   *
   * While a task waits and none reads, up to 65,536 bytes are read ahead. Not every driver can look
   * beyond unread bytes.
   *
   * @example
   * yield* race([work(), conn.whenGone()])
   *
   * @param options whether the end of the stream counts, too
   */
  whenGone({ end = false }: GoneOptions = {}): Event<void> {
    checkFlag(end, 'whenGone: end')
    return event<void>(this.#peerWatch(), end)
  }

  /**
   * Calls back as soon as `whenGone` would resume; never once the connection is closed here.
   *
   * @internal
   */
  onGone(end: boolean, callback: (why: 'reset' | 'end') => void): void {
    if (this.closing) return
    const watch = this.#peerWatch()
    watch.enter({ resume: () => callback(watch.hasFailed ? 'reset' : 'end'), throw() {} }, end)
  }

  /** Closes the connection, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /**
   * Closes the connection, at the end of an `await using` in async code.
   *
   * @returns a promise that resolves when the descriptor is free. It belongs to no run, so it holds
   *   none open
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return this.#end().settled()
  }

  /** Receives the readiness of the socket. @internal */
  ready(what: number): void {
    if ((what & (READABLE | FAILED | CLOSED)) !== 0) this.readHalf.ready()
    if ((what & (WRITABLE | FAILED | CLOSED)) !== 0) this.writeHalf?.ready()
    if ((what & (FAILED | CLOSED)) !== 0) this.readHalf.peerWatch?.failed()
    if ((what & LINGERING) !== 0) {
      this.#linger?.lingers()
      this.observer?.lingers()
    }
    if ((what & CLOSED) === 0) return
    this.#end().descriptorClosed()
    this.writeHalf?.discard()
    this.observer?.descriptorClosed()
  }

  #read<T>(request: ReadRequest<T>, { timeout: ms }: ReadOptions): Event<T> {
    const read = event<T>(this.readHalf, request)
    return ms === undefined ? read : timeout(ms, read)
  }

  #peerWatch(): PeerWatch {
    const { readHalf } = this
    if (readHalf.peerWatch === null) {
      readHalf.peerWatch = new PeerWatch(() => readHalf.lookAtPeer(), this.#linger?.closing === true, this)
      if (this.descriptorClosed) readHalf.peerWatch.failed()
    }
    return readHalf.peerWatch
  }

  #closeHalves(aborted: boolean): void {
    this.readHalf.close()
    this.writeHalf?.close(aborted)
    this.readHalf.peerWatch?.close()
  }

  /** The writing half. @internal */
  writer(): WriteHalf {
    if (this.writeHalf === null) {
      this.writeHalf = new WriteHalf(this)
      if (this.#linger?.closing) this.writeHalf.close(true)
    }
    return this.writeHalf
  }

  #end(): Linger {
    this.#linger ??= new Linger(this.socket, this.scheduler, this)
    return this.#linger
  }
}
