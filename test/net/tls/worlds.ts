// Both ends of TLS connections, on each driver that is available here and in a simulation, and the
// sockets under them.
import {
  type Connection,
  type ConnectOptions,
  connect,
  type Listener,
  listen,
  type TlsClient,
  type TlsServer,
} from '@bluelet/net'
import type { Driver, DriverListener, DriverSocket } from '@bluelet/net/driver'
import { nodeDriver } from '@bluelet/net/driver'
import { Simulation, type SimulationOptions } from '@bluelet/net/testing'
import { type Coroutine, run, spawn } from '@bluelet/scheduler'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import { epollDriver } from '../../../packages/net/src/drivers/epoll/driver.js'
import type { Clock } from '../../../packages/net/src/drivers/tls/side.js'
import { driverLike, LOOPBACK, likeObject, play } from '../world.js'

/** Where a scenario runs, and the sockets under its connections. */
export interface TlsWorld {
  readonly driver: Driver
  readonly clock: Clock
  /** Those of clients, in the order of the attempts. */
  readonly outgoing: DriverSocket[]
  /** Those of servers, in the order of the accepts. */
  readonly incoming: DriverSocket[]
}

export interface TlsPlace {
  play<T>(main: (world: TlsWorld) => Coroutine<T>): Promise<T>
  toString(): string
}

const epoll = epollDriver()

/** The simulation, and the real drivers that are available here. */
export const PLACES: readonly TlsPlace[] = [
  simulated(),
  ...[nodeDriver, ...(epoll instanceof Error ? [] : [epoll])].map(real),
]

/** A simulation. */
export function simulated(options: SimulationOptions = {}): TlsPlace {
  return {
    async play(main) {
      const host = new Simulation(options)
      const world = recording(host.network, host)
      const value = await run(() => main(world), { host })
      if (host.reports.length > 0) throw host.reports[0]
      return value
    },
    toString: () => 'simulated',
  }
}

function real(driver: Driver): TlsPlace {
  return {
    play: (main) => {
      const world = recording(driver, defaultHost)
      return play(() => main(world))
    },
    toString: () => driver.name,
  }
}

/** The driver, which records its sockets. */
function recording(driver: Driver, clock: Clock): TlsWorld {
  const [outgoing, incoming]: DriverSocket[][] = [[], []]
  const listener = (plain: DriverListener): DriverListener =>
    likeObject(plain, {
      accept() {
        const socket = plain.accept()
        if (socket !== null) incoming!.push(socket)
        return socket
      },
    })
  return {
    outgoing: outgoing!,
    incoming: incoming!,
    clock,
    driver: driverLike(driver, {
      lookup: driver.lookup.bind(driver),
      connect(...args) {
        const socket = driver.connect(...args)
        outgoing!.push(socket)
        return socket
      },
      listen: (target, done) =>
        driver.listen(target, (error, made) => done(error, made === null ? null : listener(made))),
    }),
  }
}

/** Both ends of a TLS connection. */
export interface TlsPair {
  readonly client: Connection
  readonly server: Connection
}

/** Connects, and makes both handshakes. */
export function* tlsPair(
  { driver }: TlsWorld,
  tls: TlsClient,
  settings: TlsServer,
  options: ConnectOptions = {},
): Coroutine<TlsPair> {
  using listener: Listener = yield* listen(LOOPBACK, 0, { driver, tls: settings })
  const accepting = yield* spawn(function* () {
    const conn = yield* listener.accept()
    yield* conn.handshake()
    return conn
  })
  const client = yield* connect(LOOPBACK, listener.address.port, { ...options, driver, tls })
  return { client, server: yield* accepting }
}
