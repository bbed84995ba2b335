/**
 * The connection: a stream of bytes each way, as events.
 *
 * It knows nothing of sockets but the driver's tries: it tries, parks its one reader or its one writer when a try would
 * block, and tries again when the driver calls `ready`.
 */

import {
  ClosedError,
  type Event,
  type EventHandler,
  event,
  type Scheduler,
  type Waiter,
} from '@bluelet/scheduler'
import type { Address } from './address.js'
import { ByteQueue } from './byte-queue.js'
import { CLOSED, type DriverSocket, FAILED, READABLE, WRITABLE } from './driver.js'
import { BusyError } from './errors.js'
import {
  bytesOf,
  checkMax,
  DEFAULT_LIMIT,
  Peek,
  type Read,
  ReadAll,
  ReadExactly,
  ReadUntil,
} from './reads.js'

/** After close(), how long the rest may take to reach the peer, and the peer to end its side, before the connection is reset. */
const LINGER_MS = 5000

/** A read may hold what has come and no more than this beyond it: what is asked of the driver at a time. */
const READ_SIZE = 65_536

/** Options of a read that is bounded. */
export interface ReadOptions {
  /** How many bytes it gives at the most, without the terminator; by default 65,536. `Infinity` is no limit. */
  readonly limit?: number
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
  readonly #scheduler: Scheduler
  readonly #reader: Reader
  readonly #writer: Writer
  /** Made when it is first needed: an idle connection does without. */
  #closing: Closing | null
  /** The driver has said CLOSED. */
  #gone: boolean

  /**
   * Makes a connection of a driver's socket; `connect` and `accept` do that.
   *
   * @param socket connected, and nobody else's
   * @param scheduler whose run waits until the connection is closed
   */
  constructor(socket: DriverSocket, scheduler: Scheduler) {
    this.socket = socket
    this.#scheduler = scheduler
    this.#reader = new Reader(socket)
    this.#writer = new Writer(socket, this)
    this.#closing = null
    this.#gone = false
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
    return event<Buffer>(this.#reader, checkMax(max, 'recv'))
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
  readline(
    terminator: string | Uint8Array = '\n',
    { limit = DEFAULT_LIMIT }: ReadOptions = {},
  ): Event<Buffer> {
    return event<Buffer>(this.#reader, new ReadUntil('readline()', terminator, limit, true))
  }

  /**
   * Event: receives up to and with a terminator.
   *
   * Throws {@link IncompleteReadError} if the stream ends first, and {@link LimitError} if there is no terminator within the
   * limit; in both cases the bytes are still there to be read.
   */
  readuntil(terminator: string | Uint8Array, { limit = DEFAULT_LIMIT }: ReadOptions = {}): Event<Buffer> {
    return event<Buffer>(this.#reader, new ReadUntil('readuntil()', terminator, limit, false))
  }

  /**
   * Event: receives exactly `n` bytes. Throws {@link IncompleteReadError} if the stream ends first; what had come is then
   * still there to be read.
   *
   * @param n 0 or more
   */
  readexactly(n: number): Event<Buffer> {
    return event<Buffer>(this.#reader, new ReadExactly(n))
  }

  /**
   * Event: receives everything up to the end of the stream. Throws {@link LimitError} if that is more than the limit.
   */
  readall({ limit = DEFAULT_LIMIT }: ReadOptions = {}): Event<Buffer> {
    return event<Buffer>(this.#reader, new ReadAll(limit))
  }

  /**
   * Event: gives a copy of the next bytes, as soon as there are any, and leaves them there; no bytes at the end of the stream.
   *
   * @param max how many at the most: a positive integer
   */
  peek(max: number = READ_SIZE): Event<Buffer> {
    return event<Buffer>(this.#reader, new Peek(max))
  }

  /**
   * Event: sends bytes and gives how many the kernel has taken, at least one. On the `node` driver that is always all of them.
   *
   * @param data bytes, which must not change until then; or a string, sent as UTF-8
   */
  send(data: string | Uint8Array): Event<number> {
    return event<number>(this.#writer, { bytes: bytesOf(data, 'send(data)'), all: false })
  }

  /**
   * Event: sends bytes, and goes on when the kernel has taken them all. That the peer has got them it does not say.
   *
   * A task that is killed meanwhile closes the connection: nobody knows how much went out.
   *
   * @param data bytes, which must not change until then; or a string, sent as UTF-8
   */
  sendall(data: string | Uint8Array): Event<void> {
    return event<void>(this.#writer, { bytes: bytesOf(data, 'sendall(data)'), all: true })
  }

  /**
   * Ends our side of the stream, after what was sent: the peer receives the end, and can go on sending. A plain call.
   *
   * @throws ClosedError after close()
   */
  shutdown(): void {
    if (this.#closing?.begun) throw new ClosedError('shutdown(): the connection is closed')
    if (this.#writer.ended) return
    this.#writer.ended = true
    this.socket.shutdown()
  }

  /**
   * Closes the connection; a plain call that acts at once. Whoever waits here gets a {@link ClosedError}. What was sent still
   * reaches the peer, in the background and within 5 seconds; a run waits for that, and so does `yield conn.closed`. Closing
   * again does nothing.
   */
  close(): void {
    this.#close(true)
  }

  /** Closes the connection with a reset, whatever is left to send; a plain call. */
  abort(): void {
    this.#close(false)
  }

  /** Event: waits until the connection is closed and its descriptor free. It does not itself close it. */
  get closed(): Event<void> {
    return event<void>(this.#end(), undefined)
  }

  /** Closes the connection, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** What the driver says. @internal */
  ready(what: number): void {
    if ((what & (READABLE | FAILED | CLOSED)) !== 0) this.#reader.ready()
    if ((what & (WRITABLE | FAILED | CLOSED)) !== 0) this.#writer.ready()
    if ((what & CLOSED) === 0) return
    this.#gone = true
    this.#closing?.end()
  }

  #close(linger: boolean): void {
    const end = this.#end()
    if (end.begun) return
    // What a task is in the middle of sending will not arrive whole: the peer is not to take it for an orderly end.
    end.begin(linger && !this.#writer.busy)
    this.#reader.close()
    this.#writer.close()
  }

  #end(): Closing {
    this.#closing ??= new Closing(this.socket, this.#scheduler, this.#gone)
    return this.#closing
  }
}

/** The events that read. The argument is what `recv` may give at the most, or what else is asked for. */
class Reader implements EventHandler<number | Read, undefined, Buffer> {
  readonly #socket: DriverSocket
  /** Bytes that have come and were not asked for: what lies behind a line, what was peeked at. */
  #queue: ByteQueue | null
  #waiter: Waiter<Buffer> | null
  #asked: number | Read
  #closed: boolean
  /** What ended it, once somebody has been told. */
  #failure: unknown

  constructor(socket: DriverSocket) {
    this.#socket = socket
    this.#queue = null
    this.#waiter = null
    this.#asked = 0
    this.#closed = false
    this.#failure = undefined
  }

  get name(): string {
    return 'recv'
  }

  get external(): string {
    return 'socket'
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
    const bytes = this.#try(asked)
    if (bytes !== null) {
      waiter.resume(bytes)
      return
    }
    this.#waiter = waiter
    this.#asked = asked
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
    waiter.resume(bytes)
  }

  close(): void {
    this.#closed = true
    this.#queue = null
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.throw(new ClosedError(`${this.describe(this.#asked)}: the connection has been closed`))
  }

  #try(asked: number | Read): Buffer | null {
    if (this.#closed) throw new ClosedError(`${this.describe(asked)}: the connection is closed`)
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

/** What is to be sent. */
interface Send {
  readonly bytes: Buffer
  readonly all: boolean
}

/** The events that write. */
class Writer implements EventHandler<Send, undefined, number & undefined> {
  /** Our side has been ended. */
  ended: boolean
  readonly #socket: DriverSocket
  readonly #connection: Connection
  #waiter: Waiter<number & undefined> | null
  #send: Send | null
  /** How many bytes of it the driver has taken. */
  #taken: number
  #closed: boolean
  #failure: unknown

  constructor(socket: DriverSocket, connection: Connection) {
    this.ended = false
    this.#socket = socket
    this.#connection = connection
    this.#waiter = null
    this.#send = null
    this.#taken = 0
    this.#closed = false
    this.#failure = undefined
  }

  get name(): string {
    return 'send'
  }

  get external(): string {
    return 'socket'
  }

  /** Whether bytes are on their way that nobody knows to have gone out. */
  get busy(): boolean {
    return this.#waiter !== null
  }

  describe({ bytes, all }: Send): string {
    return `${all ? 'sendall' : 'send'}(${bytes.length} bytes)`
  }

  enter(waiter: Waiter<number & undefined>, send: Send): undefined {
    if (this.#waiter !== null) {
      throw new BusyError(
        `${this.describe(send)}: ${this.#waiter.task} is writing to this connection; one task at a time writes to it`,
      )
    }
    this.#taken = 0
    this.#send = send
    if (this.#try(send)) waiter.resume(this.#result(send))
    else this.#waiter = waiter
  }

  withdraw(): void {
    const taken = this.#taken
    this.#waiter = null
    if (taken > 0) this.#connection.abort()
  }

  ready(): void {
    const waiter = this.#waiter
    const send = this.#send
    if (waiter === null || send === null) return
    let done: boolean
    try {
      done = this.#try(send)
    } catch (error) {
      this.#waiter = null
      this.#send = null
      waiter.throw(error)
      return
    }
    if (!done) return
    this.#waiter = null
    waiter.resume(this.#result(send))
  }

  close(): void {
    this.#closed = true
    const waiter = this.#waiter
    this.#waiter = null
    this.#send = null
    waiter?.throw(new ClosedError('sendall: the connection has been closed; not everything has been sent'))
  }

  /** Hands on what is left. @returns whether the kernel has got what was asked for */
  #try(send: Send): boolean {
    this.#refuse(send)
    const { bytes, all } = send
    try {
      while (this.#taken < bytes.length) {
        const rest = this.#taken === 0 ? bytes : bytes.subarray(this.#taken)
        const taken = this.#socket.write(rest)
        if (taken === 0) return !all && this.#taken > 0 && this.#socket.unsent === 0
        this.#taken += taken
      }
      return this.#socket.unsent === 0
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  #refuse(send: Send): void {
    if (this.#closed) throw new ClosedError(`${this.describe(send)}: the connection is closed`)
    if (this.#failure !== undefined) {
      throw new ClosedError(`${this.describe(send)}: the connection is closed, because it has failed`, {
        cause: this.#failure,
      })
    }
    if (this.ended && this.#taken === 0) throw new ClosedError(`${this.describe(send)}: after shutdown()`)
  }

  #result({ all }: Send): number & undefined {
    this.#send = null
    // The event's own type says which of the two it gives.
    return (all ? undefined : this.#taken) as number & undefined
  }
}

/** The end of a connection: begins it, waits for it in the background, and is the event that waits for it. */
class Closing implements EventHandler<undefined, undefined, void> {
  /** close() has been called. */
  begun: boolean
  /** The descriptor is free. */
  #done: boolean
  readonly #socket: DriverSocket
  readonly #scheduler: Scheduler
  #deadline: unknown
  readonly #waiters: Set<Waiter<void>>

  constructor(socket: DriverSocket, scheduler: Scheduler, done: boolean) {
    this.begun = false
    this.#done = done
    this.#socket = socket
    this.#scheduler = scheduler
    this.#deadline = undefined
    this.#waiters = new Set()
  }

  get name(): string {
    return 'closed'
  }

  get external(): string {
    return 'socket'
  }

  enter(waiter: Waiter<void>): undefined {
    if (this.#done) waiter.resume()
    else this.#waiters.add(waiter)
  }

  withdraw(waiter: Waiter<void>): void {
    this.#waiters.delete(waiter)
  }

  begin(linger: boolean): void {
    this.begun = true
    if (this.#done) return
    const { host } = this.#scheduler
    // The run waits until the descriptor is free.
    this.#scheduler.hold()
    if (linger) this.#deadline = host.at(host.now() + LINGER_MS, () => this.#socket.close(false))
    this.#socket.close(linger)
  }

  end(): void {
    if (this.#done) return
    this.#done = true
    if (this.begun) {
      if (this.#deadline !== undefined) this.#scheduler.host.cancel(this.#deadline)
      this.#scheduler.release()
    }
    for (const waiter of this.#waiters) waiter.resume()
    this.#waiters.clear()
  }
}
