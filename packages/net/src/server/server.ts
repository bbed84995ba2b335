/**
 * The server: accepts connections and runs a handler for each, isolated from the others, within limits, until it is asked to
 * end.
 */

import {
  type AbortSignalLike,
  Cancelled,
  ClosedError,
  type Coroutine,
  callback,
  type Event,
  race,
  sleep,
  type Task,
} from '@bluelet/scheduler'
import type { Host } from '@bluelet/scheduler/lowlevel'
import type { Address } from '../driver/address.js'
import { shown } from '../errors.js'
import type { Connection } from '../socket/connection.js'
import { type Listener, type ListenOptions, listen } from '../socket/listener.js'
import { checkFlag } from '../socket/socket-options.js'
import { ConnectionLimiter } from './limiter.js'
import { type LimitOptions, limitsOf } from './limits.js'
import type { Handler } from './session.js'
import { Sessions } from './sessions.js'
import { ShutdownSignal } from './shutdown.js'
import { type DropReason, type ServerStats, StatsCounters, type TimeoutKind } from './stats.js'

/** So many are accepted at a time: those above a limit are held no longer than until the first of them can be dropped. */
const MAX_BATCH = 64

/** After an accept that failed, such as for want of descriptors: long enough to idle, short enough to recover soon. */
const ACCEPT_BACKOFF_MS = 100

const DEFAULT_GRACE_MS = 10_000

/**
 * Who had connected when the server was asked to end is still served: until nobody has come for so long. That alone says nothing on
 * a busy machine, where one turn of the event loop may take longer: so many turns as well, in each of which Node asks the system.
 */
const QUIET_TIME = 10
const QUIET_TURNS = 8
/** After so long only those who wait already are served, so that clients that never cease to come do not hold up the end. */
const QUIET_REQUIRED_AFTER = 100
/** Node accepts one connection a turn, which may cost a millisecond: this is for a backlog of 511. */
const MAX_DRAIN_TIME = 1000

/** Options of {@link server}. */
export interface ServerOptions extends ListenOptions, LimitOptions {
  /** Called once, when the server listens: says where, and gives what it counts. */
  readonly onListening?: (listener: Listener, stats: ServerStats) => void
  /** Called for each error of a handler, with its connection and the task that failed; by default the error is printed. */
  readonly onError?: (error: unknown, conn: Connection, task: Task) => void
  /**
   * Called for each connection that was not served, or whose client has missed a deadline: says why, and who that was. (Not for
   * those that nobody accepted in time, `queue`: they are only counted.)
   */
  readonly onDrop?: (reason: DropReason | TimeoutKind, address: Address | undefined) => void
  /** Ends the server when it is aborted. The server then returns; nothing is thrown. */
  readonly signal?: AbortSignalLike
  /**
   * Whether SIGINT and SIGTERM end the server; by default true. It then returns, so that the process can end with exit code 0.
   * The second of them is left to the system, which ends the process at once (130 or 143 of a shell).
   */
  readonly signals?: boolean
  /**
   * When the server ends, how long its handlers may go on, in milliseconds: 0 or more; by default 10,000. One that has waited
   * for its client's next message for a quarter of a second does not: it has nothing under way.
   */
  readonly grace?: number
}

/**
 * A coroutine that serves: it listens, accepts connections, and runs a handler for each, until it is asked to end.
 *
 * The handlers are isolated from each other: an error in one, or in a task that it spawned, closes its connection, cancels
 * its tasks and is reported once, and the server goes on. A peer that disconnects in the middle, or misses a deadline, is no
 * error.
 *
 * It ends by SIGINT or SIGTERM, by its `signal`, or by being killed: it stops listening, lets its handlers finish within the
 * grace period, kills the rest, whose clean-up may still send, and returns. A kill has a grace period of its own, half of which
 * the handlers have at the most.
 *
 * Bluelet: an error in a handler ends the program; so does a signal, in the middle of whatever happens.
 *
 * @example
 * await run(server('', 4915, echoer))
 *
 * @param host a name or an address; `''` is every address of this machine
 * @param port 0 to 65535; 0 is any that is free
 * @param handler makes the coroutine that talks to one client
 * @throws RangeError, TypeError for what can be no host, port, handler or option
 */
export function server(
  host: string,
  port: number,
  handler: Handler,
  options: ServerOptions = {},
): Coroutine<void> {
  if (typeof handler !== 'function') {
    throw new TypeError(
      `server(host, port, handler): expected a function that makes a coroutine, got ${typeof handler}`,
    )
  }
  const { signal, signals = true, grace = DEFAULT_GRACE_MS } = options
  checkFlag(signals, 'server: signals')
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new TypeError(`server: signal: expected an AbortSignal, got ${shown(signal)}`)
  }
  if (!(typeof grace === 'number' && grace >= 0)) {
    throw new RangeError(`server: grace: expected ms >= 0, got ${shown(grace)}`)
  }
  limitsOf(options, undefined)
  const listening = listen(host, port, options)
  return serving()

  function* serving(): Coroutine<void> {
    const shutdown = new ShutdownSignal()
    if (signal !== undefined) shutdown.addAbortSignal(signal)
    let listener: Listener | undefined
    let sessions: Sessions | undefined
    try {
      if (shutdown.requested) return
      listener = (yield* race([listening, shutdown.whenRequested()])) ?? undefined
      if (listener === undefined) return
      const { driver } = listener
      const stats = new StatsCounters(listener)
      const limits = limitsOf(options, driver.maxDescriptors)
      const limiter = new ConnectionLimiter(limits, stats)
      sessions = new Sessions(listener.scheduler, handler, limits, stats, limiter, options)
      if (signals) shutdown.addSource((callback) => driver.onInterrupt?.(callback) ?? (() => {}))
      options.onListening?.(listener, stats)
      yield* acceptUntilShutdown(listener, limiter, sessions, shutdown)
      yield* drainBacklog(listener, limiter, sessions)
      listener.close()
      yield* sessions.end({ graceMs: grace, killed: false })
    } finally {
      listener?.close()
      try {
        if (sessions !== undefined) yield* sessions.end({ graceMs: grace, killed: true })
      } finally {
        shutdown.close() // Also when the killer waits no longer.
      }
    }
  }
}

/**
 * Accepts whoever comes, until the server is asked to end. An accept that fails is no reason to stop serving; that the listener
 * is closed is one.
 */
function* acceptUntilShutdown(
  listener: Listener,
  limiter: ConnectionLimiter,
  sessions: Sessions,
  shutdown: ShutdownSignal,
): Coroutine<void> {
  while (!shutdown.requested) {
    try {
      if (limiter.free < 1) yield* race([limiter.whenFree(), shutdown.whenRequested()])
      else for (const conn of yield* nextBatch(listener, limiter, shutdown)) sessions.admit(conn)
    } catch (error) {
      if (error instanceof Cancelled || error instanceof ClosedError) throw error
      yield* race([sleep(ACCEPT_BACKOFF_MS), shutdown.whenRequested()])
    }
  }
}

function* nextBatch(
  listener: Listener,
  limiter: ConnectionLimiter,
  shutdown: ShutdownSignal,
): Coroutine<Connection[]> {
  return (yield* race([acceptBatch(listener, limiter), shutdown.whenRequested()])) ?? []
}

function acceptBatch(listener: Listener, { free }: ConnectionLimiter): Event<Connection[]> {
  return listener.acceptMany(Math.min(free, MAX_BATCH))
}

/** Accepts those that have connected: the system would reset them with the listener. */
function* drainBacklog(listener: Listener, limiter: ConnectionLimiter, sessions: Sessions): Coroutine<void> {
  const { scheduler } = listener
  const began = scheduler.now()
  try {
    while (limiter.free > 0) {
      const ms = scheduler.now() - began
      if (ms >= MAX_DRAIN_TIME) return
      const gap = quietPeriod(scheduler.host, ms < QUIET_REQUIRED_AFTER ? QUIET_TIME : 0)
      const connections = yield* race([acceptBatch(listener, limiter), gap])
      if (connections === undefined) return
      for (const conn of connections) sessions.admit(conn)
    }
  } catch (error) {
    if (error instanceof Cancelled) throw error
    // Accepting fails.
  }
}

function* quietPeriod(host: Host, ms: number): Coroutine<undefined> {
  yield* sleep(ms)
  yield* hostTurns(host, QUIET_TURNS)
}

/** Event: lets the surroundings have so many turns at I/O; turns of the scheduler alone ask the system nothing. */
function hostTurns(host: Host, count: number): Event<undefined> {
  return callback((resume) => {
    let left = count
    const turn = (): void => {
      if (left === 0) resume(undefined)
      else if (left-- > 0) host.soon(turn)
    }
    turn()
    return () => {
      left = -1
    }
  })
}
