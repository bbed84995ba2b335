/**
 * Connecting to one of several addresses, IPv6 and IPv4 alternately: each attempt starts a little
 * after the previous one, and the first to succeed wins (RFC 8305, "happy eyeballs"). Names and the
 * timeout of the whole are the business of `connect`.
 */

import { Cancelled, Channel, type Coroutine, group, race, sleep } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { Address } from '../driver/address.js'
import type { Driver, DriverSocket, Observer, SocketSettings } from '../driver/protocol.js'
import { FAILED, WRITABLE } from '../driver/protocol.js'
import { systemError } from '../driver/system-errors.js'
import { codeOf, reasonOf } from '../errors.js'
import { Connection } from './connection.js'

/** Milliseconds between the starts of two attempts: RFC 8305, section 5. */
const ATTEMPT_DELAY = 250

/** The driver, port and settings of all attempts. */
export interface Endpoint {
  readonly driver: Driver
  readonly port: number
  readonly settings: SocketSettings
}

/** The attempts of one `connect` and their results so far. */
export class Attempts {
  /** The addresses whose attempts are in progress. */
  readonly pending: Address[] = []
  /** The connections that were established. */
  readonly connections: Connection[] = []
  readonly failures: Error[] = []
  /** Receives a message for each attempt that has ended. */
  readonly ended: Channel<void> = new Channel()
}

/**
 * Connects to the first address that answers.
 *
 * @param attempts receives the results, so that the caller can report them if it is cancelled
 * @returns undefined if all attempts have failed
 */
export function* connectToFirst(
  endpoint: Endpoint,
  addresses: readonly string[],
  attempts: Attempts,
): Coroutine<Connection | undefined> {
  const { connections, failures, ended } = attempts
  const targets = alternating(addresses)
  try {
    yield* group(function* (g) {
      for (const [i, address] of targets.entries()) {
        yield* g.spawn(attempt, { ...endpoint, address }, attempts)
        if (i < targets.length - 1) yield* race([ended.receive(), sleep(ATTEMPT_DELAY)])
        else while (connections.length === 0 && failures.length < targets.length) yield* ended.receive()
        if (connections.length > 0) break
      }
      g.cancel()
    })
    return connections.shift()
  } finally {
    // Two attempts may have succeeded at once, or one while this was being cancelled.
    for (const connection of connections) connection.abort()
  }
}

/** IPv6 and IPv4 alternately, starting with the family that the system prefers. */
function alternating(addresses: readonly string[]): string[] {
  const isIPv6 = (address: string): boolean => address.includes(':')
  const preferred = addresses[0] !== undefined && isIPv6(addresses[0])
  const first = addresses.filter((address) => isIPv6(address) === preferred)
  const second = addresses.filter((address) => isIPv6(address) !== preferred)
  return first
    .flatMap((address, i) => [address, second[i]])
    .concat(second.slice(first.length))
    .filter((address) => address !== undefined)
}

interface Attempt extends Endpoint {
  readonly address: string
}

function* attempt(target: Attempt, attempts: Attempts): Coroutine<void> {
  const where = new Address(target.address, target.port)
  attempts.pending.push(where)
  let note = ''
  try {
    const connection = yield* event<Connection>(ATTEMPT, target)
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
    const failure = new Error(`${where}: ${code ?? reasonOf(error)}${note}`, { cause: error })
    attempts.failures.push(code === undefined ? failure : Object.assign(failure, { code }))
  }
  attempts.ended.trySend()
}

/**
 * Whether both ends are the same socket: TCP allows that (RFC 9293, 3.5, simultaneous open), and it
 * happens when a client tries an ephemeral port on its own machine until the system chooses that
 * very port for the client.
 */
function isToItself({ localAddress, remoteAddress }: Connection): boolean {
  return (
    localAddress !== undefined &&
    localAddress.port === remoteAddress?.port &&
    localAddress.host === remoteAddress.host
  )
}

const ATTEMPT: EventHandler<Attempt, DriverSocket, Connection> = {
  name: 'attempt',
  external: 'socket',
  describe: ({ address, port }) => `connect to ${new Address(address, port)}`,
  enter(waiter, { driver, address, port, settings }) {
    const socket = driver.connect(address, port, settings)
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
