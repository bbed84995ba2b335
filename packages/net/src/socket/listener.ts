/**
 * The listener: a listening socket, whose connections are accepted by an event.
 */

import { ClosedError, type Event, type Scheduler } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { type Address, checkHost, checkPort } from '../driver/address.js'
import type {
  Driver,
  DriverListener,
  DriverName,
  ListenTarget,
  Observer,
  SocketSettings,
} from '../driver/protocol.js'
import { driverOf } from '../drivers/select.js'
import { Connection } from './connection.js'
import { checkFlag, settingsOf } from './socket-options.js'

/** As long as the kernel allows: with a short backlog a burst of clients waits for a second or more. */
const DEFAULT_BACKLOG = 511

/** Options of {@link listen}. */
export interface ListenOptions extends SocketSettings {
  /**
   * How many connections wait in the kernel: a positive integer; by default 511. On the `node` driver up to eight times as many
   * more wait in the process until they are accepted, and no more than an eighth of its descriptors; what comes beyond that is reset.
   */
  readonly backlog?: number
  /** On `::`, whether IPv4 clients are left out; by default false: they are served as well. */
  readonly ipv6Only?: boolean
  /**
   * Whether others, such as a second process of the same server, may listen on the same port and share its connections; by
   * default false. Where Node or the system has it not, a {@link ListenError} says so.
   */
  readonly reusePort?: boolean
  /**
   * The socket layer, or its name; by default that of the host if it has one, else what the environment variable BLUELET_DRIVER
   * names, else `epoll` where it is to be had, else `node`.
   */
  readonly driver?: Driver | DriverName
}

/**
 * A listening socket.
 */
export class Listener {
  /** The socket layer under it. */
  readonly driver: Driver
  /** The scheduler of whoever has opened it. @internal */
  readonly scheduler: Scheduler
  readonly #listener: DriverListener
  readonly #acceptor: Acceptor

  /** @internal */
  constructor(listener: DriverListener, driver: Driver, scheduler: Scheduler) {
    this.driver = driver
    this.scheduler = scheduler
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
    return event<Connection>(this.#acceptor, ONE)
  }

  /** Event: accepts what connections have come, one at least and `most` at the most: what keeps up with a burst. @internal */
  acceptMany(most: number): Event<Connection[]> {
    return event<Connection[]>(this.#acceptor, most)
  }

  /**
   * Stops listening; a plain call that acts at once. Whoever waits in `accept` gets a {@link ClosedError}; connections that
   * were accepted live on; those that nobody has accepted are reset. Closing again does nothing.
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

/** Asks for one connection by itself; any other number, for an array of so many at the most. */
const ONE = 0

/** Who waits for a connection, or for some. */
interface Place {
  // biome-ignore lint/suspicious/noExplicitAny: it gets a connection or an array of them, as it has asked.
  readonly waiter: Waiter<any>
  readonly most: number
}

/** The events `accept` and `acceptMany`; the argument says which. */
// biome-ignore lint/suspicious/noExplicitAny: it gives a connection or an array of them.
class Acceptor implements EventHandler<number, Place | undefined, any>, Observer {
  readonly #listener: DriverListener
  /** In the order in which they came. */
  readonly #places: Set<Place>
  /** The tasks that wait for `close()`. */
  readonly closing: Set<Waiter<void>>
  closed: boolean

  constructor(listener: DriverListener) {
    this.#listener = listener
    this.#places = new Set()
    this.closing = new Set()
    this.closed = false
  }

  get name(): string {
    return 'accept'
  }

  get external(): string {
    return 'socket'
  }

  enter(waiter: Place['waiter'], most: number): Place | undefined {
    if (this.closed) throw new ClosedError('accept(): the listener is closed')
    const place = { waiter, most }
    if (this.#serve(place)) return undefined
    this.#places.add(place)
    return place
  }

  withdraw(_waiter: Place['waiter'], _most: number, place: Place | undefined): void {
    if (place !== undefined) this.#places.delete(place)
  }

  ready(): void {
    for (const place of this.#places) {
      try {
        if (!this.#serve(place)) return
        this.#places.delete(place)
      } catch (error) {
        // The others try for themselves: that it is worth a try is said only once.
        this.#places.delete(place)
        place.waiter.throw(error)
      }
    }
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.#listener.close()
    const places = [...this.#places]
    this.#places.clear()
    for (const { waiter } of places) waiter.throw(new ClosedError('accept(): the listener has been closed'))
    for (const waiter of this.closing) waiter.resume()
    this.closing.clear()
  }

  /** Gives what has come, if anything has. */
  #serve({ waiter, most }: Place): boolean {
    const first = this.#listener.accept()
    if (first === null) return false
    const connection = new Connection(first, waiter.scheduler)
    waiter.resume(most === ONE ? connection : this.#more([connection], most, waiter.scheduler))
    return true
  }

  #more(connections: Connection[], most: number, scheduler: Scheduler): Connection[] {
    try {
      while (connections.length < most) {
        const next = this.#listener.accept()
        if (next === null) break
        connections.push(new Connection(next, scheduler))
      }
    } catch {
      // Those that have come are served; the next accept meets the error again, if it lasts.
    }
    return connections
  }
}

const WHEN_CLOSED: EventHandler<Acceptor, undefined, void> = {
  name: 'whenClosed',
  // `close()` is a plain call: code outside of the run may make it.
  external: 'socket',
  enter(waiter, { closed, closing }) {
    if (closed) waiter.resume()
    else closing.add(waiter)
    return undefined
  },
  withdraw(waiter, { closing }) {
    closing.delete(waiter)
  },
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
  const { backlog = DEFAULT_BACKLOG, ipv6Only = false, reusePort = false, driver } = options
  checkHost('listen', host)
  checkPort('listen', port)
  if (!Number.isInteger(backlog) || backlog < 1) {
    throw new RangeError(`listen: backlog: expected a positive integer, got ${backlog}`)
  }
  checkFlag(ipv6Only, 'listen: ipv6Only')
  checkFlag(reusePort, 'listen: reusePort')
  const settings = settingsOf(options, 'listen')
  return event<Listener>(LISTEN, { host, port, backlog, ipv6Only, reusePort, ...settings, driver })
}

interface Target extends ListenTarget {
  readonly driver: Driver | DriverName | undefined
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
  enter(waiter, { driver: chosen, ...target }) {
    const driver = driverOf(waiter.scheduler.host, chosen)
    const opening: Opening = { waiter, giveUp: () => {} }
    opening.giveUp = driver.listen(target, (error, listener) => {
      const waiting = opening.waiter
      opening.waiter = null
      if (waiting === null) listener?.close()
      else if (listener !== null) waiting.resume(new Listener(listener, driver, waiting.scheduler))
      else waiting.throw(error)
    })
    return opening
  },
  withdraw(_waiter, _target, opening) {
    opening.waiter = null
    opening.giveUp()
  },
}
