/**
 * Connecting to one of several addresses, IPv6 and IPv4 alternately: each attempt starts a little
 * after the previous one, and the first to succeed wins (RFC 8305, "happy eyeballs"). Names and the
 * timeout of the whole are the business of `connect`.
 */

import { Cancelled, Channel, type Coroutine, type Group, group, race, sleep } from '@bluelet/scheduler'
import { type EventHandler, event, ofLibrary, type Waiter } from '@bluelet/scheduler/lowlevel'
import { type Address, shownHost } from '../driver/address.js'
import { addressOf, type ConnectTarget, type HostEndpoint } from '../driver/endpoint.js'
import type { Driver, DriverSocket, Observer, SocketSettings } from '../driver/protocol.js'
import { FAILED, WRITABLE } from '../driver/protocol.js'
import { systemError } from '../driver/system-errors.js'
import { codeOf, reasonOf } from '../errors.js'
import { Connection } from './connection.js'

/** Milliseconds between the starts of two attempts: RFC 8305, section 5. */
const ATTEMPT_DELAY = 250

/** Milliseconds between two tries at a Unix socket whose backlog is full; the first wait is 1. */
const MAX_RETRY_DELAY = 64

/** The driver and the settings of all attempts. */
export interface Means {
  readonly driver: Driver
  readonly settings: SocketSettings
}

/** The attempts of one `connect` and their results so far. */
export class Attempts {
  /** The addresses whose attempts are in progress. */
  readonly pending: Address[] = []
  /** The connections that were established. */
  readonly connections: Connection[] = []
  readonly failures: Error[] = []
  /** Whether one has been established, and the TLS handshake has begun. */
  handshakes = false
  /** Receives a message for each attempt that has ended. */
  readonly ended: Channel<void> = new Channel()
}

/**
 * Connects to the first target that answers.
 *
 * @param targets in the order in which they are tried
 * @param attempts receives the results, so that the caller can report them if it is cancelled
 * @returns undefined if all attempts have failed
 */
export function* connectToFirst(
  means: Means,
  targets: readonly ConnectTarget[],
  attempts: Attempts,
): Coroutine<Connection | undefined> {
  const { connections, failures, ended } = attempts
  try {
    yield* group(ofLibrary(attempting))
    return connections.shift()
  } finally {
    // Two attempts may have succeeded at once, or one while this was being cancelled.
    for (const connection of connections) connection.abort()
  }

  function* attempting(g: Group): Coroutine<void> {
    for (const [i, to] of targets.entries()) {
      yield* g.spawn(ofLibrary(attempt), { ...means, to }, attempts)
      if (i < targets.length - 1) yield* race([ended.receive(), sleep(ATTEMPT_DELAY)])
      else while (connections.length === 0 && failures.length < targets.length) yield* ended.receive()
      if (connections.length > 0) break
    }
    g.cancel()
  }
}

/**
 * The addresses of a host as targets: IPv6 and IPv4 alternately, starting with the family that the
 * system prefers.
 */
export function alternating(addresses: readonly string[], port: number): HostEndpoint[] {
  const isIPv6 = (address: string): boolean => address.includes(':')
  const preferred = addresses[0] !== undefined && isIPv6(addresses[0])
  const first = addresses.filter((address) => isIPv6(address) === preferred)
  const second = addresses.filter((address) => isIPv6(address) !== preferred)
  return first
    .flatMap((address, i) => [address, second[i]])
    .concat(second.slice(first.length))
    .filter((address) => address !== undefined)
    .map((host) => ({ host, port }))
}

interface Attempt extends Means {
  readonly to: ConnectTarget
}

function* attempt(target: Attempt, attempts: Attempts): Coroutine<void> {
  const where = addressOf(target.to)
  attempts.pending.push(where)
  let note = ''
  try {
    const connection = yield* established(target)
    if (isToItself(connection)) {
      note = ' (the attempt connected to itself: nothing listens there)'
      connection.abort()
      throw systemError('ECONNREFUSED', 'connect')
    }
    attempts.connections.push(connection)
  } catch (error) {
    if (error instanceof Cancelled) throw error
    const code = codeOf(error)
    attempts.pending.splice(attempts.pending.indexOf(where), 1)
    if ('path' in target.to) note = PATH_NOTES[code ?? ''] ?? ''
    const text = `${shownHost(`${where}`)}: ${code ?? reasonOf(error)}${note}`
    const failure = new Error(text, { cause: error })
    attempts.failures.push(code === undefined ? failure : Object.assign(failure, { code }))
  }
  attempts.ended.trySend()
}

/** What the errors of a path mean. */
const PATH_NOTES: Readonly<Record<string, string>> = {
  ENOENT: ' (there is no socket)',
  ECONNREFUSED: ' (no program listens there)',
  EACCES: ' (this process may not write to the socket, or not enter its directory)',
  ENOTSUP: ' (on the node driver, an abstract name needs Linux and Node 22)',
  EPROTOTYPE: ' (it is a socket for datagrams)',
}

/**
 * A Unix socket whose backlog is full refuses at once (EAGAIN), where TCP would try again by
 * itself.
 */
function* established(target: Attempt): Coroutine<Connection> {
  for (let ms = 1; ; ms = Math.min(2 * ms, MAX_RETRY_DELAY)) {
    try {
      return yield* event<Connection>(ATTEMPT, target)
    } catch (error) {
      if (!('path' in target.to) || codeOf(error) !== 'EAGAIN') throw error
    }
    yield* sleep(ms)
  }
}

/**
 * Whether both ends are the same socket: TCP allows that (RFC 9293, 3.5, simultaneous open), and it
 * happens when a client tries an ephemeral port on its own machine until the system chooses that
 * very port for the client.
 */
function isToItself({ localAddress, remoteAddress }: Connection): boolean {
  return (
    localAddress !== undefined &&
    localAddress.path === undefined &&
    localAddress.port === remoteAddress?.port &&
    localAddress.host === remoteAddress.host
  )
}

const ATTEMPT: EventHandler<Attempt, DriverSocket, Connection> = {
  name: 'attempt',
  external: 'socket',
  describe: ({ to }) => `connect to ${shownHost(`${addressOf(to)}`)}`,
  enter(waiter, { driver, to, settings }) {
    const socket = driver.connect(to, settings)
    socket.observer = new AttemptObserver(socket, waiter)
    return socket
  },
  withdraw(_waiter, _attempt, socket) {
    socket.observer = null
    socket.reset()
  },
}

/** Observes a socket until it is connected or has failed. */
class AttemptObserver implements Observer {
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
