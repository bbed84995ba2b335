// The bench of the conformance suite: it makes connections between two ends of the same run, plays a scene on them, and closes
// what it has made.
import {
  type Connection,
  type ConnectOptions,
  connect,
  type Listener,
  type ListenOptions,
  listen,
} from '@bluelet/net'
import type { Driver, DriverSocket } from '@bluelet/net/driver'
import { all, type Coroutine, type Event, group, sleep } from '@bluelet/scheduler'
import { likeObject, pattern } from '../world.js'
import { Log, type Notes } from './log.js'
import type { ConformanceSample } from './sample.js'

/** The two ends of a connection: the one that connected, and the one that was accepted. */
export interface Pair {
  readonly client: Connection
  readonly server: Connection
}

/** Plays a scene between the end that a test is about and the other one. */
export type Between = <T>(main: (one: Connection, other: Connection) => Coroutine<T>) => Promise<T>

/** One side of a conversation, with its connection; both are closed when both sides have ended. */
export type Side = (end: Notes & { readonly conn: Connection }) => Coroutine<unknown>

/** One side of a meeting: it connects, or accepts, by itself, and closes what it has made. */
export type Guest = (scene: Notes & Place) => Coroutine<unknown>

/** Where a meeting takes place. */
export interface Place {
  readonly listener: Listener
  /** Connects to the listener. */
  connect(options?: DialOptions): Event<Connection>
}

/** How to connect. */
export interface DialOptions extends ConnectOptions {
  /** Whom to connect to; by default this machine. */
  readonly host?: string
}

/** One coroutine for each side. */
export interface Sides<S> {
  readonly client: S
  readonly server: S
}

/** Not a power of two, so that no boundary of any buffer falls on a repetition. */
const PERIOD = 1_000_003

/** Makes connections and plays scenes on them. */
export class Bench {
  readonly sample: ConformanceSample
  #plenty: Buffer | null

  constructor(sample: ConformanceSample) {
    this.sample = sample
    this.#plenty = null
  }

  get driver(): Driver {
    return this.sample.driver
  }

  /** More bytes than are buffered between two sockets: always the same ones, which nobody may change. */
  get plenty(): Buffer {
    this.#plenty ??= Buffer.alloc(this.sample.moreThanBuffered, pattern(PERIOD))
    return this.#plenty
  }

  /** Runs a coroutine to its end. */
  play<T>(main: () => Coroutine<T>): Promise<T> {
    return this.sample.play(main)
  }

  /** Event: waits until nothing is under way any more. */
  quiet(): Event<void> {
    return sleep(this.sample.quietMs)
  }

  listen(port = 0, options: ListenOptions = {}): Event<Listener> {
    return listen(this.sample.address, port, { driver: this.driver, ...options })
  }

  connect(port: number, { host = this.sample.address, ...options }: DialOptions = {}): Event<Connection> {
    return connect(host, port, { driver: this.driver, ...options })
  }

  /** A port on which nobody listens. */
  *freePort(): Coroutine<number> {
    using listener = yield* this.listen()
    return listener.address.port
  }

  /** Two connected ends. */
  *pair(): Coroutine<Pair> {
    using listener = yield* this.listen()
    const [client, server] = yield* all([this.connect(listener.address.port), listener.accept()])
    return { client, server }
  }

  /** Plays a scene with two connected ends, and closes both. */
  between<T>(main: (client: Connection, server: Connection) => Coroutine<T>): Promise<T> {
    const bench = this
    return this.play(function* () {
      const { client, server } = yield* bench.pair()
      try {
        return yield* main(client, server)
      } finally {
        client.close()
        server.close()
      }
    })
  }

  /** Plays a conversation of two coroutines, each with one end of a connection. */
  async talk({ client, server }: Sides<Side>): Promise<Log> {
    const log = new Log()
    await this.between((clientEnd, serverEnd) =>
      together(
        client({ ...log.by('client'), conn: clientEnd }),
        server({ ...log.by('server'), conn: serverEnd }),
      ),
    )
    return log
  }

  /** Plays a meeting of two coroutines at a listener, which is closed in the end. */
  async meet({ client, server }: Sides<Guest>, options: ListenOptions = {}): Promise<Log> {
    const bench = this
    const log = new Log()
    await this.play(function* () {
      using listener = yield* bench.listen(0, options)
      const place: Place = {
        listener,
        connect: (options) => bench.connect(listener.address.port, options),
      }
      yield* together(client({ ...log.by('client'), ...place }), server({ ...log.by('server'), ...place }))
    })
    return log
  }

  /** The driver, but for some of its members. */
  driverWith(members: Partial<Driver>): Driver {
    return likeObject(this.driver, members)
  }

  /** The driver, with an address that never answers for every attempt to connect. */
  silentDriver(heard: { attempt?(): void; close?(linger: boolean): void }): Driver {
    return this.driverWith({
      // At once: a time limit that ends before the attempt has begun would close none.
      lookup: (host, done) => queueMicrotask(() => done(null, [host])),
      connect: () => {
        heard.attempt?.()
        return silentSocket((linger) => heard.close?.(linger))
      },
    })
  }
}

/** Runs both to their ends, each in a task of its own; the failure of one cancels the other. */
export function* together(client: Coroutine<unknown>, server: Coroutine<unknown>): Coroutine<void> {
  yield* group(function* (g) {
    yield* g.spawn.with({ name: 'client' }, client)
    yield* g.spawn.with({ name: 'server' }, server)
  })
}

/** A socket whose connection is never made. */
export function silentSocket(onClose: (linger: boolean) => void): DriverSocket {
  return {
    observer: null,
    localAddress: undefined,
    remoteAddress: undefined,
    unsent: 0,
    read: () => null,
    write: () => 0,
    shutdown() {},
    close: onClose,
    reset: () => onClose(false),
  }
}
