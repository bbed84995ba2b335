/**
 * The listener: a listening socket whose connections are accepted by an event. It starts no tasks;
 * that is the server's job.
 */

import { ClosedError, type Event } from '@bluelet/scheduler'
import { type EventHandler, event, type Runtime, type Waiter } from '@bluelet/scheduler/lowlevel'
import { checkFlag } from '../check.js'
import type { Address } from '../driver/address.js'
import { type Endpoint, endpointOf, refuseOptions, shownEndpoint } from '../driver/endpoint.js'
import type {
  Driver,
  DriverListener,
  DriverName,
  DriverSocket,
  ListenTarget,
  Observer,
  SocketSettings,
} from '../driver/protocol.js'
import { listenErrorOf } from '../driver/system-errors.js'
import type { ListenerTls } from '../driver/tls.js'
import { driverOf } from '../drivers/select.js'
import { type ServerSettings, serverSettings, type TlsServer } from '../drivers/tls/settings.js'
import { TlsAcceptor } from '../drivers/tls/sides.js'
import { ListenError } from '../errors.js'
import { Connection } from './connection.js'
import { settingsOf } from './socket-options.js'

/**
 * The maximum that kernels accept. With a short backlog a burst of clients waits for a second or
 * more.
 */
const DEFAULT_BACKLOG = 511

/** Options of {@link listen}. */
export interface ListenOptions extends SocketSettings {
  /**
   * How many connections wait in the kernel: a positive integer. Default: 511. On the `node` driver
   * up to eight times as many also wait in the process until they are accepted, but at most an
   * eighth of its descriptors; further connections are reset.
   */
  readonly backlog?: number
  /** On `::`, whether IPv4 clients are excluded. Default: false. */
  readonly ipv6Only?: boolean
  /**
   * Whether other listeners, such as a second process of the same server, may share the port and
   * its connections. Default: false. Where Node or the system does not support that, a
   * {@link ListenError} says so.
   */
  readonly reusePort?: boolean
  /**
   * TLS, with the certificate of the server. The handshake of a connection takes place in its first
   * operation, or in `handshake()`; in a `server`, before the handler. Default: no TLS.
   */
  readonly tls?: TlsServer
  /**
   * The driver, or its name. Default: the driver of the host if it has one; else the one that the
   * environment variable BLUELET_DRIVER names; else `epoll` where it is available; else `node`.
   */
  readonly driver?: Driver | DriverName
}

/**
 * A listening socket.
 */
export class Listener {
  /** The driver of the socket. */
  readonly driver: Driver
  /** The scheduler of the task that opened the listener. @internal */
  readonly scheduler: Runtime
  /** Its TLS, whose certificates can be read again; undefined without TLS. */
  readonly tls: ListenerTls | undefined
  readonly #listener: DriverListener
  readonly #acceptor: Acceptor

  /** @internal */
  constructor(
    listener: DriverListener,
    driver: Driver,
    scheduler: Runtime,
    tls: ServerSettings | undefined = undefined,
  ) {
    this.driver = driver
    this.scheduler = scheduler
    this.#listener = listener
    const acceptor = tls === undefined ? null : new TlsAcceptor(tls)
    this.tls = acceptor ?? undefined
    this.#acceptor = new Acceptor(listener, acceptor, this)
    listener.observer = this.#acceptor
  }

  /** The driver's socket. @internal */
  get socket(): DriverListener {
    return this.#listener
  }

  /** Its address, with the real port. */
  get address(): Address {
    return this.#listener.address
  }

  /** How many connections were reset because they were not accepted in time. */
  get dropped(): number {
    return this.#listener.dropped
  }

  /** Whether connections that wait are left to another process at the close. @internal */
  get inherited(): boolean {
    return this.#listener.inherited === true
  }

  /**
   * Event: waits for a connection and accepts it. If several tasks wait, the first one gets it.
   * Throws {@link ClosedError} when the listener is closed.
   */
  accept(): Event<Connection> {
    return event<Connection>(this.#acceptor, ONE)
  }

  /**
   * Event: waits for connections and accepts up to `max` of them, to keep up with a burst.
   * @internal
   */
  acceptMany(max: number): Event<Connection[]> {
    return event<Connection[]>(this.#acceptor, max)
  }

  /** Gives the tasks in `acceptMany` an empty array at once. @internal */
  interrupt(): void {
    this.#acceptor.interrupt()
  }

  /**
   * Stops listening; a plain call that takes effect at once. Tasks that wait in `accept` get a
   * {@link ClosedError}. Accepted connections live on; connections that were not accepted are
   * reset. Closing again does nothing.
   */
  close(): void {
    this.#acceptor.close()
  }

  /** Whether `close()` has been called. */
  get closed(): boolean {
    return this.#acceptor.closed
  }

  /** Event: waits until the listener is closed. It does not close the listener. */
  whenClosed(): Event<void> {
    return event<void>(WHEN_CLOSED, this.#acceptor)
  }

  /** Stops listening, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

/** The argument of `accept`. Any other number is that of `acceptMany`, which gives an array. */
const ONE = 0

/** A task in `accept` or `acceptMany`. */
interface PendingAccept {
  // biome-ignore lint/suspicious/noExplicitAny: it gets a connection or an array of them, depending on `max`.
  readonly waiter: Waiter<any>
  readonly max: number
}

/** The handler of `accept` and `acceptMany`. */
// biome-ignore lint/suspicious/noExplicitAny: it gives a connection or an array of them.
class Acceptor implements EventHandler<number, PendingAccept | undefined, any>, Observer {
  closed = false
  /** The tasks in `whenClosed`. */
  readonly closeWaiters = new Set<Waiter<void>>()
  readonly #listener: DriverListener
  readonly #tls: TlsAcceptor | null
  readonly #owner: Listener
  /** In the order in which they came. */
  readonly #pending = new Set<PendingAccept>()

  constructor(listener: DriverListener, tls: TlsAcceptor | null, owner: Listener) {
    this.#listener = listener
    this.#tls = tls
    this.#owner = owner
  }

  get name(): string {
    return 'accept'
  }

  get external(): string {
    return 'socket'
  }

  on(): Listener {
    return this.#owner
  }

  enter(waiter: PendingAccept['waiter'], max: number): PendingAccept | undefined {
    if (this.closed) throw new ClosedError('accept(): the listener is closed')
    const accept = { waiter, max }
    if (this.#fulfil(accept)) return undefined
    this.#pending.add(accept)
    return accept
  }

  withdraw(_waiter: PendingAccept['waiter'], _max: number, accept: PendingAccept | undefined): void {
    if (accept !== undefined) this.#pending.delete(accept)
  }

  /** Closes connections that no task receives. */
  discard(_max: number, accepted: Connection | Connection[]): void {
    for (const connection of Array.isArray(accepted) ? accepted : [accepted]) connection.close()
  }

  ready(): void {
    for (const accept of this.#pending) {
      try {
        if (!this.#fulfil(accept)) return
        this.#pending.delete(accept)
      } catch (error) {
        // Go on with the others: the driver says only once that a try is worthwhile.
        this.#pending.delete(accept)
        accept.waiter.throw(error)
      }
    }
  }

  interrupt(): void {
    for (const accept of this.#pending) {
      if (accept.max === ONE) continue
      this.#pending.delete(accept)
      accept.waiter.resume([])
    }
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.#listener.close()
    const pending = [...this.#pending]
    this.#pending.clear()
    for (const { waiter } of pending) waiter.throw(new ClosedError('accept(): the listener has been closed'))
    for (const waiter of this.closeWaiters) waiter.resume()
    this.closeWaiters.clear()
  }

  /** @returns whether a connection had arrived */
  #fulfil({ waiter, max }: PendingAccept): boolean {
    const first = this.#listener.accept()
    if (first === null) return false
    const connection = this.#connection(first, waiter.scheduler)
    waiter.resume(max === ONE ? connection : this.#more([connection], max, waiter.scheduler))
    return true
  }

  #connection(socket: DriverSocket, scheduler: Runtime): Connection {
    return new Connection(this.#tls === null ? socket : this.#tls.over(socket, scheduler.host), scheduler)
  }

  #more(connections: Connection[], max: number, scheduler: Runtime): Connection[] {
    try {
      while (connections.length < max) {
        const next = this.#listener.accept()
        if (next === null) break
        connections.push(this.#connection(next, scheduler))
      }
    } catch {
      // Give what was accepted. If the error lasts, the next accept throws it.
    }
    return connections
  }
}

const WHEN_CLOSED: EventHandler<Acceptor, undefined, void> = {
  name: 'whenClosed',
  // `close()` is a plain call: code outside of the run may make it.
  external: 'socket',
  on: (acceptor) => acceptor.on(),
  enter(waiter, { closed, closeWaiters }) {
    if (closed) waiter.resume()
    else closeWaiters.add(waiter)
    return undefined
  },
  withdraw(waiter, { closeWaiters }) {
    closeWaiters.delete(waiter)
  },
}

/**
 * Event: opens a listening socket and gives the {@link Listener}. Throws {@link ListenError}, which
 * states the reason, if that fails.
 *
 * Bluelet: `Listener(host, port)`, IPv4 only.
 *
 * @example
 * using listener = yield* listen('127.0.0.1', 0)
 * console.log(`${listener.address}`)
 *
 * @param host a name or an address; `''` is every address of this machine, IPv4 and IPv6
 * @param port 0 to 65535; 0 is any free port
 * @throws RangeError, TypeError if the host, the port or an option is invalid
 */
export function listen(host: string, port: number, options?: ListenOptions): Event<Listener>
/**
 * Event: opens a listening socket at an endpoint, such as a Unix socket, and gives the
 * {@link Listener}. Throws {@link ListenError}, which states the reason, if that fails.
 *
 * A Unix socket appears at its path when it is ready, with its permissions; the file of a program
 * that has ended without removing it is replaced. It is removed when the listener is closed.
 *
 * @example
 * using listener = yield* listen({ path: '/run/echo/echo.sock', mode: 0o660 })
 *
 * @param endpoint a host and a port, the path of a Unix socket, or an inherited descriptor
 * @throws RangeError, TypeError if the endpoint or an option is invalid
 */
export function listen(endpoint: Endpoint, options?: ListenOptions): Event<Listener>
export function listen(...args: unknown[]): Event<Listener> {
  const { endpoint, rest } = endpointOf('listen', args)
  const [options = {}] = rest as [ListenOptions?]
  const { backlog = DEFAULT_BACKLOG, ipv6Only = false, reusePort = false, driver } = options
  if (!Number.isInteger(backlog) || backlog < 1) {
    throw new RangeError(`listen: backlog: expected a positive integer, got ${backlog}`)
  }
  checkFlag(ipv6Only, 'listen: ipv6Only')
  checkFlag(reusePort, 'listen: reusePort')
  refuseOptions('listen', endpoint, options as Readonly<Record<string, unknown>>)
  const settings = settingsOf(options, 'listen')
  const tls = options.tls === undefined ? undefined : serverSettings(options.tls)
  return event<Listener>(LISTEN, { ...endpoint, backlog, ipv6Only, reusePort, ...settings, driver, tls })
}

/** A target whose driver may not have been chosen. */
type Target = ListenTarget & {
  readonly driver: Driver | DriverName | undefined
  readonly tls: ServerSettings | undefined
}

/** One `listen` in progress. */
interface PendingListen {
  /** Null once the event has been answered or withdrawn. */
  waiter: Waiter<Listener> | null
  cancel: () => void
}

const LISTEN: EventHandler<Target, PendingListen, Listener> = {
  name: 'listen',
  external: 'socket',
  describe: (target) => `listen(${shownEndpoint(target)})`,
  enter(waiter, { driver: chosen, tls, ...target }) {
    const driver = driverOf(waiter.scheduler.host, chosen)
    const pending: PendingListen = { waiter, cancel: () => {} }
    pending.cancel = driver.listen(target, (error, listener) => {
      const waiting = pending.waiter
      pending.waiter = null
      if (waiting === null) listener?.close()
      else if (listener !== null) waiting.resume(new Listener(listener, driver, waiting.scheduler, tls))
      else waiting.throw(error instanceof ListenError ? error : listenErrorOf(error as Error, target))
    })
    return pending
  },
  withdraw(_waiter, _target, pending) {
    pending.waiter = null
    pending.cancel()
  },
  discard: (_target, listener) => listener.close(),
}
