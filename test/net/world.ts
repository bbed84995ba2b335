// Shared by the tests of sockets: a run that cannot hang, and a connection whose other end is a raw
// peer.
import {
  type Connection,
  type ConnectOptions,
  connect,
  type HostEndpoint,
  type ListenOptions,
  listen,
} from '@bluelet/net'
import {
  type ConnectTarget,
  type Driver,
  type DriverListener,
  type DriverSocket,
  driverNamed,
  type Observer,
} from '@bluelet/net/driver'
import { type Coroutine, type RunOptions, run, type SchedulerOptions } from '@bluelet/scheduler'
import { dial, type Peer, rawServer } from '../support/peer.js'

export { rejection } from '../support/rejection.js'

export const LOOPBACK = '127.0.0.1'

export const MIB = 1024 * 1024

export const HOUR_MS = 3_600_000

/**
 * A longer run is cancelled, so that a test that hangs reports where, and leaves nothing behind.
 */
const PATIENCE_MS = 20_000

/** Runs a coroutine in real time. */
export function play<T>(
  main: Coroutine<T> | (() => Coroutine<T>),
  options: SchedulerOptions & RunOptions = {},
): Promise<T> {
  return run(main, { signal: AbortSignal.timeout(PATIENCE_MS), ...options })
}

/** A connection, the driver's socket under it, and the raw socket at its other end. */
export interface Accepted {
  readonly conn: Connection
  readonly socket: DriverSocket
  readonly peer: Peer
}

/** An accepted connection. */
export function* accepted(options: ListenOptions = {}): Coroutine<Accepted> {
  const sockets: DriverSocket[] = []
  const { driver = 'node' } = options
  const shown = showing(typeof driver === 'string' ? driverNamed(driver) : driver, sockets)
  const listener = yield* listen(LOOPBACK, 0, { ...options, driver: shown })
  try {
    const peer: Peer = yield dial(listener.address.port)
    const conn = yield* listener.accept()
    return { conn, peer, socket: sockets[0]! }
  } finally {
    listener.close()
  }
}

/** A connection to a raw server, and the raw socket that accepted it. */
export function* connected(options: ConnectOptions = {}): Coroutine<{ conn: Connection; peer: Peer }> {
  const server = (yield rawServer()) as Awaited<ReturnType<typeof rawServer>>
  try {
    const conn = yield* connect(LOOPBACK, server.port, options)
    const peer: Peer = yield server.next()
    return { conn, peer }
  } finally {
    server.close()
  }
}

/** Performs one event in a coroutine of its own. */
export function* perform<T>(event: { [Symbol.iterator](): Iterator<any, T, unknown> }): Coroutine<T> {
  return yield* event
}

/** The error that a coroutine throws. */
export function* thrownBy(main: Coroutine): Coroutine<unknown> {
  let value: unknown
  try {
    value = yield* main
  } catch (error) {
    return error
  }
  throw new Error(`expected an error, got ${value}`)
}

/** The error that an event throws. */
export function* errorOf(event: { [Symbol.iterator](): Iterator<any, unknown, unknown> }): Coroutine<any> {
  return yield* thrownBy(
    (function* () {
      return yield* event
    })(),
  )
}

/** A target that is a host and a port, for drivers that are told no other. */
export function hostOf(target: ConnectTarget): HostEndpoint {
  if ('host' in target) return target
  throw new Error(`a path: ${target.path}`)
}

/** A copy of a driver with some members replaced. */
export function driverLike(driver: Driver, members: Partial<Driver>): Driver {
  return { ...driver, ...members }
}

/** A driver that records every socket that it accepts. */
function showing(driver: Driver, sockets: DriverSocket[]): Driver {
  const shown = (listener: DriverListener): DriverListener =>
    likeObject(listener, {
      accept() {
        const socket = listener.accept()
        if (socket !== null) sockets.push(socket)
        return socket
      },
    })
  return driverLike(driver, {
    listen: (target, done) =>
      driver.listen(target, (error, listener) => done(error, listener === null ? null : shown(listener))),
  })
}

/** An object with some members replaced. */
export function likeObject<T extends object>(object: T, members: Partial<T>): T {
  return new Proxy(object, {
    get(target, key) {
      if (key in members) return Reflect.get(members, key)
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  })
}

/** A socket that never connects. */
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

/** An object whose observer is called first, and then `onTold`. */
export function tellingAfter<T extends { observer: Observer | null }>(
  object: T,
  onTold: (what: number) => void,
): T {
  return new Proxy(object, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    set(target, key, value) {
      if (key !== 'observer' || value === null) return Reflect.set(target, key, value, target)
      const observer = value as Observer // The type of the property.
      target.observer = {
        ready(what) {
          observer.ready(what)
          onTold(what)
        },
      }
      return true
    },
  })
}

/** Bytes that differ from their neighbours, the same at each call. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff
    bytes[i] = state >> 16
  }
  return bytes
}
