/**
 * Connecting: looks up the name, then tries its addresses, IPv6 and IPv4 in turn, each a little after the one before, until
 * one answers (RFC 8305, "happy eyeballs").
 */

import {
  Cancelled,
  Channel,
  type Coroutine,
  type Event,
  group,
  race,
  sleep,
  TimeoutError,
  timeout,
} from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter, withdrawCall } from '@bluelet/scheduler/lowlevel'
import { Address, checkHost, checkPort } from '../driver/address.js'
import type { Driver, DriverName, DriverSocket, Observer, SocketSettings } from '../driver/protocol.js'
import { FAILED, WRITABLE } from '../driver/protocol.js'
import { driverOf } from '../drivers/select.js'
import { ConnectError, codeOf } from '../errors.js'
import { Connection } from './connection.js'
import { settingsOf } from './socket-options.js'

/** How long an attempt has for itself before the next one begins: RFC 8305, section 5. */
const ATTEMPT_DELAY_MS = 250

/** How long it may take in all, the look-up included. */
const DEFAULT_TIMEOUT_MS = 10_000

/** Options of {@link connect}. */
export interface ConnectOptions extends SocketSettings {
  /** How long it may take in all, in milliseconds; by default 10,000. `Infinity` is no limit. */
  readonly timeout?: number
  /**
   * The socket layer, or its name; by default that of the host if it has one, else what the environment variable BLUELET_DRIVER
   * names, else `epoll` where it is to be had, else `node`.
   */
  readonly driver?: Driver | DriverName
}

/**
 * Event: connects to a server and gives the {@link Connection}. Nothing blocks, the look-up of the name included.
 *
 * Throws {@link ConnectError}, which names each address that was tried and what came of it.
 *
 * Bluelet: blocks the whole program.
 *
 * @example
 * const conn = yield* connect('127.0.0.1', 4915)
 *
 * @param host a name or an address
 * @param port 1 to 65535
 * @throws RangeError, TypeError for what can be no host, port or timeout
 */
export function connect(host: string, port: number, options: ConnectOptions = {}): Event<Connection> {
  const { timeout: ms = DEFAULT_TIMEOUT_MS, driver } = options
  checkHost('connect', host)
  checkPort('connect', port)
  if (host === '') throw new TypeError("connect(host, port): expected a host, got ''")
  if (port === 0) throw new RangeError('connect(host, port): expected a port of 1 to 65535, got 0')
  if (!(ms >= 0)) throw new RangeError(`connect: timeout: expected ms >= 0, got ${ms}`)
  const settings = settingsOf(options, 'connect')
  return event<Connection>(CONNECT, { host, port, ms, settings, driver })
}

interface Target {
  readonly host: string
  readonly port: number
  readonly ms: number
  readonly settings: SocketSettings
  readonly driver: Driver | DriverName | undefined
}

/** A target, and the driver to reach it by. */
interface Route extends Omit<Target, 'driver'> {
  readonly driver: Driver
}

// biome-ignore lint/suspicious/noExplicitAny: a waiter that calls gets what the coroutine returns.
const CONNECT: EventHandler<Target, ReturnType<Waiter['call']>, any> = {
  name: 'connect',
  describe: ({ host, port }) => `connect('${host}', ${port})`,
  enter: (waiter, { driver, ...target }) =>
    waiter.call(connecting({ ...target, driver: driverOf(waiter.scheduler.host, driver) })),
  withdraw: withdrawCall,
}

function* connecting(target: Route): Coroutine<Connection> {
  const { host, port, ms } = target
  const outcome: Attempts = { begun: [], made: [], failures: [], progress: new Channel() }
  try {
    return yield* timeout(ms, attempts(target, outcome))
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    const { begun, failures } = outcome
    const tried = [
      ...failures.map(({ message }) => message),
      ...begun.map((where) => `${where}: no answer`),
    ].join('; ')
    const during = tried === '' ? ', in the look-up of the name' : `: ${tried}`
    throw new ConnectError(
      `connect('${host}', ${port}): not connected within ${ms} ms${during}`,
      'ETIMEDOUT',
      [...failures, error],
    )
  }
}

/** What has come of the attempts so far. */
interface Attempts {
  /** The addresses of which nothing has come yet. */
  readonly begun: Address[]
  readonly made: Connection[]
  readonly failures: Error[]
  /** Something has come of another one. */
  readonly progress: Channel<void>
}

function* attempts({ host, port, settings, driver }: Route, outcome: Attempts): Coroutine<Connection> {
  const addresses = inTurn(yield* lookup(driver, host, port))
  const { made, failures, progress } = outcome
  try {
    yield* group(function* (g) {
      for (const [i, address] of addresses.entries()) {
        yield* g.spawn(attempt, { driver, address, port, settings }, outcome)
        if (i < addresses.length - 1) yield* race([progress.receive(), sleep(ATTEMPT_DELAY_MS)])
        else while (made.length === 0 && failures.length < addresses.length) yield* progress.receive()
        if (made.length > 0) break
      }
      g.cancel()
    })
    const winner = made.shift()
    if (winner !== undefined) return winner
  } finally {
    // Two may have succeeded at once; or one, while this was being killed.
    for (const connection of made) connection.abort()
  }
  const tried = failures.map((failure) => failure.message).join('; ')
  throw new ConnectError(`connect('${host}', ${port}) failed: ${tried}`, codeOf(failures.at(-1)), failures)
}

function* attempt(target: Attempt, outcome: Attempts): Coroutine<void> {
  const where = new Address(target.address, target.port)
  outcome.begun.push(where)
  try {
    outcome.made.push(yield* event<Connection>(ATTEMPT, target))
  } catch (error) {
    if (error instanceof Cancelled) throw error
    const code = codeOf(error)
    outcome.begun.splice(outcome.begun.indexOf(where), 1)
    const failure = new Error(`${where}: ${code}`, { cause: error })
    outcome.failures.push(Object.assign(failure, { code }))
  }
  outcome.progress.trySend()
}

/** IPv6 and IPv4 in turn, beginning with whatever the system prefers. */
function inTurn(addresses: readonly string[]): string[] {
  const isIPv6 = (address: string): boolean => address.includes(':')
  const preferred = addresses[0] !== undefined && isIPv6(addresses[0])
  const first = addresses.filter((address) => isIPv6(address) === preferred)
  const second = addresses.filter((address) => isIPv6(address) !== preferred)
  return first
    .flatMap((address, i) => [address, second[i]])
    .concat(second.slice(first.length))
    .filter((address) => address !== undefined)
}

interface Attempt {
  readonly driver: Driver
  readonly address: string
  readonly port: number
  readonly settings: SocketSettings
}

const ATTEMPT: EventHandler<Attempt, DriverSocket, Connection> = {
  name: 'attempt',
  external: 'socket',
  describe: ({ address, port }) => `connect to ${new Address(address, port)}`,
  enter(waiter, { driver, address, port, settings }) {
    const socket = driver.connect(address, port, settings)
    socket.observer = new Connecting(socket, waiter)
    return socket
  },
  withdraw(_waiter, _attempt, socket) {
    socket.observer = null
    socket.reset()
  },
}

/** Waits for a socket to be connected. */
class Connecting implements Observer {
  readonly #socket: DriverSocket
  readonly #waiter: Waiter<Connection>

  constructor(socket: DriverSocket, waiter: Waiter<Connection>) {
    this.#socket = socket
    this.#waiter = waiter
  }

  ready(what: number): void {
    if ((what & FAILED) !== 0) {
      this.#socket.observer = null
      this.#waiter.throw(this.#error())
    } else if ((what & WRITABLE) !== 0) {
      this.#waiter.resume(new Connection(this.#socket, this.#waiter.scheduler))
    }
  }

  #error(): unknown {
    try {
      this.#socket.read(1)
    } catch (error) {
      return error
    }
    return new Error('the connection failed')
  }
}

/** Event: looks up the addresses of a host. It cannot be cancelled: one that is no longer wanted is ignored. */
function lookup(driver: Driver, host: string, port: number): Event<readonly string[]> {
  return event<readonly string[]>(LOOKUP, { driver, host, port })
}

interface Query {
  readonly driver: Driver
  readonly host: string
  readonly port: number
}

const LOOKUP: EventHandler<Query, { waiter: Waiter<readonly string[]> | null }, readonly string[]> = {
  name: 'lookup',
  external: 'lookup',
  describe: ({ host }) => `lookup('${host}')`,
  enter(waiter, { driver, host, port }) {
    const wait: { waiter: Waiter<readonly string[]> | null } = { waiter }
    driver.lookup(host, (error, addresses) => {
      const waiting = wait.waiter
      wait.waiter = null
      if (waiting === null) return
      if (error === null && addresses.length > 0) waiting.resume(addresses)
      else waiting.throw(lookupError(host, port, error))
    })
    return wait
  },
  withdraw(_waiter, _query, wait) {
    wait.waiter = null
  },
}

function lookupError(host: string, port: number, error: Error | null): ConnectError {
  const code = error === null ? 'ENOTFOUND' : codeOf(error)
  // Without a code it did not come from a resolver.
  const reason = error !== null && code === 'unknown' ? error.message : `the name has no address (${code})`
  const message = `connect('${host}', ${port}) failed: ${reason}`
  return new ConnectError(message, code, error === null ? [] : [error])
}
