/**
 * How a server accepts connections: in batches until its shutdown, and then those that had
 * connected before it. What is accepted goes to the sessions.
 */

import { Cancelled, ClosedError, type Coroutine, callback, type Event, race, sleep } from '@bluelet/scheduler'
import { type Host, ofLibrary } from '@bluelet/scheduler/lowlevel'
import type { Connection } from '../socket/connection.js'
import type { Listener } from '../socket/listener.js'
import type { ConnectionLimiter } from './limiter.js'
import type { Sessions } from './sessions.js'
import type { ShutdownSignal } from './shutdown.js'

/**
 * Connections accepted at a time. Those above a limit are held only until the first of them is
 * dropped.
 */
const MAX_BATCH = 64

/** Milliseconds to wait after a failed accept, such as one without a free descriptor. */
const ACCEPT_BACKOFF = 100

/**
 * Clients that had connected at the shutdown are still served: the server accepts until no
 * connection has arrived for this many milliseconds and turns of the event loop. The time alone
 * would not suffice: on a busy machine one turn may take longer, and Node asks the system for
 * connections once in each.
 */
const QUIET_TIME = 10
const QUIET_TURNS = 8
/**
 * After this many milliseconds the turns alone count, so that a steady stream of clients does not
 * delay the end.
 */
const MAX_QUIET_WAIT = 100
/**
 * Node accepts one connection in each turn, which may take a millisecond: time for a backlog of
 * 511.
 */
const MAX_BACKLOG_TIME = 1000

/**
 * Accepts connections until the shutdown. The server survives a failed accept; only a closed
 * listener ends the loop; of several, the last.
 */
export function* acceptUntilShutdown(
  listeners: readonly Listener[],
  limiter: ConnectionLimiter,
  sessions: Sessions,
  shutdown: ShutdownSignal,
): Coroutine<void> {
  // A race for each batch would cost more: Node accepts one connection in each of its turns.
  const forget = shutdown.onRequest(() => {
    for (const listener of listeners) listener.interrupt()
  })
  try {
    yield* acceptBatches(listeners, limiter, sessions, shutdown)
  } finally {
    forget()
  }
}

function* acceptBatches(
  listeners: readonly Listener[],
  limiter: ConnectionLimiter,
  sessions: Sessions,
  shutdown: ShutdownSignal,
): Coroutine<void> {
  while (!shutdown.requested) {
    try {
      if (limiter.free < 1) yield* race([limiter.whenFree(), shutdown.whenRequested()])
      else for (const conn of yield* acceptBatch(listeners, limiter)) sessions.admit(conn)
    } catch (error) {
      if (error instanceof Cancelled) throw error
      if (error instanceof ClosedError) {
        if (listeners.every(({ closed }) => closed)) throw error
        continue
      }
      yield* race([sleep(ACCEPT_BACKOFF), shutdown.whenRequested()])
    }
  }
}

/**
 * Accepts connections that had arrived before the shutdown: the system would reset them with the
 * listener. Those of a socket that another process has, too, are left to it.
 */
export function* drainBacklog(
  all: readonly Listener[],
  limiter: ConnectionLimiter,
  sessions: Sessions,
): Coroutine<void> {
  const [{ scheduler }] = all as [Listener] // There is at least one.
  const listeners = all.filter(({ inherited }) => !inherited)
  if (listeners.length === 0) return
  const start = scheduler.now()
  try {
    while (limiter.free > 0) {
      const ms = scheduler.now() - start
      if (ms >= MAX_BACKLOG_TIME) return
      const quiet = ofLibrary(quietPeriod)(scheduler.host, ms < MAX_QUIET_WAIT ? QUIET_TIME : 0)
      const batch = yield* race([acceptBatch(listeners, limiter), quiet])
      if (batch === undefined) return
      for (const conn of batch) sessions.admit(conn)
    }
  } catch (error) {
    if (error instanceof Cancelled) throw error
    // An accept has failed: leave the rest to the system.
  }
}

/**
 * Event: accepts from one of the listeners at a time, so that the limit holds for all of them
 * together. A race takes the first that has connections: they begin in another order each time.
 */
function acceptBatch(listeners: readonly Listener[], { free }: ConnectionLimiter): Event<Connection[]> {
  const max = Math.min(free, MAX_BATCH)
  const [first, ...others] = listeners.filter(({ closed }) => !closed)
  if (first === undefined) throw new ClosedError('accept(): the listener is closed')
  if (others.length === 0) return first.acceptMany(max)
  const open = [first, ...others]
  const start = Math.floor(turn++ % open.length)
  return race([...open.slice(start), ...open.slice(0, start)].map((listener) => listener.acceptMany(max)))
}

/** Counts the batches of servers with several listeners. */
let turn = 0

function* quietPeriod(host: Host, ms: number): Coroutine<undefined> {
  yield* sleep(ms)
  yield* hostTurns(host, QUIET_TURNS)
}

/**
 * Event: waits for turns of the host, each of which polls the system; turns of the scheduler do
 * not.
 */
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
