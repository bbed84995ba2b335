// The harness of the conformance suite: it makes connections between two ends of the same run, runs
// a scenario on them, and closes them.
import {
  type Connection,
  type ConnectOptions,
  connect,
  type Listener,
  type ListenOptions,
  listen,
} from '@bluelet/net'
import type { Driver } from '@bluelet/net/driver'
import { all, type Coroutine, type Event, group, sleep } from '@bluelet/scheduler'
import { likeObject, pattern, silentSocket } from '../world.js'
import { Log, type Recorder } from './log.js'
import type { ConformanceSample } from './sample.js'

/** The two ends of a connection: the connecting end and the accepted one. */
export interface Pair {
  readonly client: Connection
  readonly server: Connection
}

/** Runs a scenario between the end under test and the other end. */
export type Between = <T>(main: (one: Connection, other: Connection) => Coroutine<T>) => Promise<T>

/** One side of an exchange, with its connection, which is closed when both sides have ended. */
export type Side = (end: Recorder & { readonly conn: Connection }) => Coroutine<unknown>

/** One side of an exchange that connects or accepts by itself, and closes its connections. */
export type UnconnectedSide = (side: Recorder & ListenerAccess) => Coroutine<unknown>

/** A listener, and a way to connect to it. */
export interface ListenerAccess {
  readonly listener: Listener
  /** Connects to the listener. */
  connect(options?: DialOptions): Event<Connection>
}

/** How to connect. */
export interface DialOptions extends ConnectOptions {
  /** The host to connect to; by default this machine. */
  readonly host?: string
}

/** One coroutine for each side. */
export interface Sides<S> {
  readonly client: S
  readonly server: S
}

/** Not a power of two, so that no buffer boundary falls on a repetition. */
const PERIOD = 1_000_003

/** Makes connections and runs scenarios on them. */
export class ConformanceHarness {
  readonly sample: ConformanceSample
  #plenty: Buffer | null

  constructor(sample: ConformanceSample) {
    this.sample = sample
    this.#plenty = null
  }

  get driver(): Driver {
    return this.sample.driver
  }

  /** More bytes than are buffered between two sockets. They are shared and must not be changed. */
  get plenty(): Buffer {
    this.#plenty ??= Buffer.alloc(this.sample.moreThanBuffered, pattern(PERIOD))
    return this.#plenty
  }

  /** Runs a coroutine to its end. */
  play<T>(main: () => Coroutine<T>): Promise<T> {
    return this.sample.play(main)
  }

  /** Event: waits until no work is pending. */
  quiet(): Event<void> {
    return sleep(this.sample.quietMs)
  }

  listen(
    port = 0,
    { host = this.sample.address, ...options }: ListenOptions & { readonly host?: string } = {},
  ): Event<Listener> {
    return listen(host, port, { driver: this.driver, ...options })
  }

  connect(port: number, { host = this.sample.address, ...options }: DialOptions = {}): Event<Connection> {
    return connect(host, port, { driver: this.driver, ...options })
  }

  /** A port without a listener. */
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

  /** Runs a scenario with two connected ends, and closes both. */
  between<T>(main: (client: Connection, server: Connection) => Coroutine<T>): Promise<T> {
    const harness = this
    return this.play(function* () {
      const { client, server } = yield* harness.pair()
      try {
        return yield* main(client, server)
      } finally {
        client.close()
        server.close()
      }
    })
  }

  /** Runs two coroutines, each with one end of a connection. */
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

  /** Runs two coroutines that use one listener, which is closed at the end. */
  async meet({ client, server }: Sides<UnconnectedSide>, options: ListenOptions = {}): Promise<Log> {
    const harness = this
    const log = new Log()
    await this.play(function* () {
      using listener = yield* harness.listen(0, options)
      const place: ListenerAccess = {
        listener,
        connect: (options) => harness.connect(listener.address.port, options),
      }
      yield* together(client({ ...log.by('client'), ...place }), server({ ...log.by('server'), ...place }))
    })
    return log
  }

  /** The driver with some members replaced. */
  driverWith(members: Partial<Driver>): Driver {
    return likeObject(this.driver, members)
  }

  /** The driver, where no attempt to connect is answered. */
  silentDriver(calls: { attempt?(): void; close?(linger: boolean): void }): Driver {
    return this.driverWith({
      // At once, since a timeout before the attempt begins would close nothing.
      lookup: (host, done) => queueMicrotask(() => done(null, [host])),
      connect: () => {
        calls.attempt?.()
        return silentSocket((linger) => calls.close?.(linger))
      },
    })
  }
}

/** Runs both coroutines, each in its own task. A failure of one cancels the other. */
export function* together(client: Coroutine<unknown>, server: Coroutine<unknown>): Coroutine<void> {
  yield* group(function* (g) {
    yield* g.spawn.with({ name: 'client' }, client)
    yield* g.spawn.with({ name: 'server' }, server)
  })
}
