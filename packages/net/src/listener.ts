/**
 * The listener: a listening socket, whose connections are accepted by an event.
 */

import { ClosedError, type Event, type EventHandler, event, type Waiter } from '@bluelet/scheduler'
import { type Address, checkHost, checkPort } from './address.js'
import { Connection } from './connection.js'
import type { Driver, DriverListener, DriverSocket, Observer } from './driver.js'
import { nodeDriver } from './drivers/node.js'

/** As long as the kernel allows: with a short backlog a burst of clients waits for a second or more. */
const DEFAULT_BACKLOG = 511

/** Options of {@link listen}. */
export interface ListenOptions {
  /**
   * How many connections wait to be accepted, in the kernel and, on the `node` driver, once more in the process: a positive
   * integer; by default 511. More are reset.
   */
  readonly backlog?: number
  /** The socket layer; by default the `node` driver. */
  readonly driver?: Driver
}

/**
 * A listening socket.
 */
export class Listener {
  readonly #listener: DriverListener
  readonly #acceptor: Acceptor

  /** @internal */
  constructor(listener: DriverListener) {
    this.#listener = listener
    this.#acceptor = new Acceptor(listener)
    listener.observer = this.#acceptor
  }

  /** Where it listens, with the real port. */
  get address(): Address {
    return this.#listener.address
  }

  /** How many connections were reset because nobody accepted them in time. */
  get dropped(): number {
    return this.#listener.dropped
  }

  /**
   * Event: accepts a connection, waiting for one. Of several tasks that wait, the first gets it. Throws {@link ClosedError}
   * when the listener is closed.
   */
  accept(): Event<Connection> {
    return event<Connection>(this.#acceptor, undefined)
  }

  /**
   * Stops listening; a plain call that acts at once. Whoever waits in `accept` gets a {@link ClosedError}; connections that
   * were accepted live on; those that nobody has accepted are reset. Closing again does nothing.
   */
  close(): void {
    this.#acceptor.close()
  }

  /** Stops listening, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

/** The event `accept`. */
class Acceptor implements EventHandler<undefined, undefined, Connection>, Observer {
  readonly #listener: DriverListener
  /** In the order in which they came. */
  readonly #waiters: Set<Waiter<Connection>>
  #closed: boolean

  constructor(listener: DriverListener) {
    this.#listener = listener
    this.#waiters = new Set()
    this.#closed = false
  }

  get name(): string {
    return 'accept'
  }

  get external(): string {
    return 'socket'
  }

  enter(waiter: Waiter<Connection>): undefined {
    if (this.#closed) throw new ClosedError('accept(): the listener is closed')
    const socket = this.#listener.accept()
    if (socket === null) this.#waiters.add(waiter)
    else waiter.resume(new Connection(socket, waiter.scheduler))
  }

  withdraw(waiter: Waiter<Connection>): void {
    this.#waiters.delete(waiter)
  }

  ready(): void {
    for (const waiter of this.#waiters) {
      let socket: DriverSocket | null
      try {
        socket = this.#listener.accept()
      } catch (error) {
        this.#waiters.delete(waiter)
        waiter.throw(error)
        return
      }
      if (socket === null) return
      this.#waiters.delete(waiter)
      waiter.resume(new Connection(socket, waiter.scheduler))
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listener.close()
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.throw(new ClosedError('accept(): the listener has been closed'))
  }
}

/**
 * Event: opens a listening socket and gives the {@link Listener}. Throws {@link ListenError}, which says why, when it cannot.
 *
 * Bluelet: `Listener(host, port)`, IPv4 only.
 *
 * @example
 * const listener = yield* listen('127.0.0.1', 0)
 * console.log(`${listener.address}`)
 *
 * @param host a name or an address; `''` is every address of this machine, IPv4 and IPv6
 * @param port 0 to 65535; 0 is any that is free
 * @throws RangeError, TypeError for what can be no host, port or backlog
 */
export function listen(host: string, port: number, options: ListenOptions = {}): Event<Listener> {
  const { backlog = DEFAULT_BACKLOG, driver = nodeDriver } = options
  checkHost('listen', host)
  checkPort('listen', port)
  if (!Number.isInteger(backlog) || backlog < 1) {
    throw new RangeError(`listen: backlog: expected a positive integer, got ${backlog}`)
  }
  return event<Listener>(LISTEN, { host, port, backlog, driver })
}

interface Target {
  readonly host: string
  readonly port: number
  readonly backlog: number
  readonly driver: Driver
}

/** One `listen` under way; `waiter` is null once it is over. */
interface Opening {
  waiter: Waiter<Listener> | null
  giveUp: () => void
}

const LISTEN: EventHandler<Target, Opening, Listener> = {
  name: 'listen',
  external: 'socket',
  describe: ({ host, port }) => `listen('${host}', ${port})`,
  enter(waiter, { driver, ...target }) {
    const opening: Opening = { waiter, giveUp: () => {} }
    opening.giveUp = driver.listen(target, (error, listener) => {
      const waiting = opening.waiter
      opening.waiter = null
      if (waiting === null) listener?.close()
      else if (listener !== null) waiting.resume(new Listener(listener))
      else waiting.throw(error)
    })
    return opening
  },
  withdraw(_waiter, _target, opening) {
    opening.waiter = null
    opening.giveUp()
  },
}
