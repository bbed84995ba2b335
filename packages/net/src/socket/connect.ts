/**
 * Connecting by name: the look-up, the attempts, and one timeout for both. How several addresses
 * are tried is in `happy-eyeballs`.
 */

import {
  type AbortSignalLike,
  aborted,
  type Coroutine,
  type Event,
  race,
  TimeoutError,
  timeout,
} from '@bluelet/scheduler'
import {
  type EventHandler,
  event,
  hastenCall,
  ofLibrary,
  type Waiter,
  withdrawCall,
} from '@bluelet/scheduler/lowlevel'
import { checkMs, checkTimeout, shown } from '../check.js'
import {
  type ConnectTarget,
  endpointOf,
  type HostEndpoint,
  type PathEndpoint,
  refuseOptions,
  shownEndpoint,
} from '../driver/endpoint.js'
import type { Driver, DriverName, SocketSettings } from '../driver/protocol.js'
import { driverOf } from '../drivers/select.js'
import { type ClientSettings, clientSettings, type TlsClient } from '../drivers/tls/settings.js'
import { tlsClient } from '../drivers/tls/sides.js'
import { ConnectError, codeOf } from '../errors.js'
import { Connection } from './connection.js'
import { DEFAULT_END_TIMES } from './connection-observer.js'
import { ConnectionTimeouts, type Timeouts } from './connection-timeouts.js'
import { Attempts, alternating, connectToFirst } from './happy-eyeballs.js'
import { lookup } from './lookup.js'
import { settingsOf } from './socket-options.js'

/** Milliseconds for the look-up and all attempts. */
const DEFAULT_TIMEOUT = 10_000

/** Options of {@link connect}. */
export interface ConnectOptions extends SocketSettings {
  /**
   * The maximum time in milliseconds, including the look-up. Default: 10,000. `Infinity` means no
   * limit.
   */
  readonly timeout?: number
  /**
   * When it is aborted, the event throws the signal's reason, and no connection or attempt is left.
   * It has no effect on a connection that is established.
   */
  readonly signal?: AbortSignalLike
  /**
   * How long a read waits while nothing is transferred in either direction, in milliseconds. Then
   * it throws a {@link TimeoutError}, and the next read has a new limit. Default: `Infinity`.
   */
  readonly idleTimeout?: number
  /**
   * How long a send waits while the peer accepts nothing, in milliseconds. Then it throws a
   * {@link TimeoutError}, and the connection is reset. Default: `Infinity`; for what is left at
   * `close()` 30,000.
   */
  readonly stallTimeout?: number
  /**
   * The default of `linger` of `close`, in milliseconds. Default: 5,000.
   */
  readonly linger?: number
  /**
   * TLS: `true`, or its options. `timeout` includes the handshake, whose failure is a
   * {@link TlsError}. Default: no TLS.
   */
  readonly tls?: true | TlsClient
  /**
   * The driver, or its name. Default: the driver of the host if it has one; else the one that the
   * environment variable BLUELET_DRIVER names; else `epoll` where it is available; else `node`.
   */
  readonly driver?: Driver | DriverName
}

/**
 * Event: connects to a server and gives the {@link Connection}. Nothing blocks, not even the
 * look-up of the name.
 *
 * Throws {@link ConnectError}, which names each address that was tried and its error.
 *
 * Bluelet: blocks the whole program.
 *
 * @example
 * using conn = yield* connect('127.0.0.1', 4915)
 *
 * @param host a name or an address
 * @param port 1 to 65535
 * @throws RangeError, TypeError if the host, the port or an option is invalid
 */
export function connect(host: string, port: number, options?: ConnectOptions): Event<Connection>
/**
 * Event: connects to an endpoint, such as a Unix socket, and gives the {@link Connection}.
 *
 * Throws {@link ConnectError}, which states the reason. A Unix socket whose server has too many
 * waiting clients is tried again until the timeout.
 *
 * @example
 * using conn = yield* connect({ path: '/run/redis/redis.sock' })
 *
 * @param endpoint a host and a port, or the path of a Unix socket
 * @throws RangeError, TypeError if the endpoint or an option is invalid
 */
export function connect(endpoint: HostEndpoint | PathEndpoint, options?: ConnectOptions): Event<Connection>
export function connect(...args: unknown[]): Event<Connection> {
  const { endpoint, rest } = endpointOf('connect', args)
  const [options = {}] = rest as [ConnectOptions?]
  const { timeout: ms = DEFAULT_TIMEOUT, driver, signal } = options
  if ('fd' in endpoint) throw new TypeError('connect({ fd }): expected { host, port } or { path }')
  if ('host' in endpoint) checkReachable(endpoint)
  checkMs(ms, 'connect: timeout')
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new TypeError(`connect: signal: expected an AbortSignal, got ${shown(signal)}`)
  }
  refuseOptions('connect', endpoint, options as Readonly<Record<string, unknown>>)
  const timeouts = timeoutsOf(options)
  const settings = settingsOf(options, 'connect')
  const tls =
    options.tls === undefined
      ? undefined
      : clientSettings(options.tls, 'host' in endpoint ? endpoint.host : undefined)
  return event<Connection>(CONNECT, { to: endpoint, ms, settings, driver, signal, timeouts, tls })
}

/** @throws TypeError, RangeError if a host or a port is only one to listen on */
function checkReachable({ host, port }: HostEndpoint): void {
  if (host === '') throw new TypeError("connect(host, port): expected a host, got ''")
  if (port === 0) throw new RangeError('connect(host, port): expected a port from 1 to 65535, got 0')
}

interface Target {
  readonly to: ConnectTarget
  /** The timeout. */
  readonly ms: number
  readonly settings: SocketSettings
  readonly driver: Driver | DriverName | undefined
  readonly signal: AbortSignalLike | undefined
  /** Of the connection; null if none of them is given. */
  readonly timeouts: Timeouts | null
  /** Undefined without TLS. */
  readonly tls: ClientSettings | undefined
}

/** @throws RangeError if one of them is invalid */
function timeoutsOf({ idleTimeout, stallTimeout, linger }: ConnectOptions): Timeouts | null {
  if (idleTimeout === undefined && stallTimeout === undefined && linger === undefined) return null
  const never = Number.POSITIVE_INFINITY
  return {
    idle: checkTimeout(idleTimeout ?? never, 'connect: idleTimeout', 'no limit'),
    stall: checkTimeout(stallTimeout ?? never, 'connect: stallTimeout', 'no limit'),
    end: {
      stall: stallTimeout ?? DEFAULT_END_TIMES.stall,
      linger: checkMs(linger ?? DEFAULT_END_TIMES.linger, 'connect: linger'),
    },
  }
}

/** A target whose driver has been chosen. */
interface Route extends Omit<Target, 'driver'> {
  readonly driver: Driver
}

// biome-ignore lint/suspicious/noExplicitAny: a waiter that calls gets what the coroutine returns.
const CONNECT: EventHandler<Target, ReturnType<Waiter['call']>, any> = {
  name: 'connect',
  describe: ({ to }) => `connect(${shownEndpoint(to)})`,
  enter: (waiter, { driver, ...target }) =>
    waiter.call(
      ofLibrary(connecting)({
        ...target,
        driver: driverOf(waiter.scheduler.host, driver),
      }),
      'connect',
    ),
  withdraw: withdrawCall,
  hasten: hastenCall,
  discard: (_target, connection: Connection) => connection.close(),
}

function* connecting(target: Route): Coroutine<Connection> {
  const { signal } = target
  if (signal === undefined) return yield* connectInTime(target)
  if (signal.aborted) throw signal.reason
  return yield* race([ofLibrary(connectInTime)(target), ofLibrary(abortOf)(signal)])
}

function* abortOf(signal: AbortSignalLike): Coroutine<never> {
  throw yield* aborted(signal)
}

function* connectInTime(target: Route): Coroutine<Connection> {
  const attempts = new Attempts()
  try {
    return yield* timeout(target.ms, ofLibrary(lookupAndConnect)(target, attempts))
  } catch (error) {
    throw error instanceof TimeoutError ? timeoutError(target, attempts, error) : error
  }
}

function* lookupAndConnect(route: Route, attempts: Attempts): Coroutine<Connection> {
  const { to, driver, settings } = route
  const targets = 'path' in to ? [to] : alternating(yield* lookup(driver, to), to.port)
  const established = yield* connectToFirst({ driver, settings }, targets, attempts)
  if (established !== undefined) {
    const connection =
      route.tls === undefined ? established : yield* secured(established, route.tls, attempts)
    if (route.timeouts !== null) connection.observer = new ConnectionTimeouts(connection, route.timeouts)
    return connection
  }
  const { failures } = attempts
  const tried = failures.map((failure) => failure.message).join('; ')
  throw new ConnectError(`connect(${shownEndpoint(to)}) failed: ${tried}`, codeOf(failures.at(-1)), failures)
}

/** The connection, once both ends speak TLS. */
function* secured(plain: Connection, tls: ClientSettings, attempts: Attempts): Coroutine<Connection> {
  const { scheduler, socket } = plain
  const connection = new Connection(tlsClient(socket, tls, scheduler.host), scheduler)
  attempts.handshakes = true
  try {
    yield* connection.handshake()
  } catch (error) {
    connection.abort()
    throw error
  }
  return connection
}

function timeoutError({ to, ms }: Route, attempts: Attempts, error: TimeoutError): ConnectError {
  const { pending, failures, handshakes } = attempts
  const tried = [
    ...failures.map(({ message }) => message),
    ...pending.map((where) => `${where}: no answer`),
  ].join('; ')
  const phase = tried === '' ? ', in the look-up of the name' : `: ${tried}`
  const during = handshakes ? ', in the TLS handshake' : phase
  const message = `connect(${shownEndpoint(to)}): not connected within ${ms} ms${during}`
  return new ConnectError(message, 'ETIMEDOUT', [...failures, error])
}
