/**
 * How a server accepts connections: in batches until its shutdown, and then those that had connected
 * before it. What is accepted goes to the sessions.
 */

import { Cancelled, ClosedError, type Coroutine, callback, type Event, race, sleep } from '@bluelet/scheduler'
import type { Host } from '@bluelet/scheduler/lowlevel'
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
 * Clients that had connected at the shutdown are still served: the server accepts until no connection
 * has arrived for this many milliseconds and turns of the event loop. The time alone would not suffice:
 * on a busy machine one turn may take longer, and Node asks the system for connections once in each.
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
 * Accepts connections until the shutdown. The server survives a failed accept; only a closed listener
 * ends the loop.
 */
export function* acceptUntilShutdown(
  listener: Listener,
  limiter: ConnectionLimiter,
  sessions: Sessions,
  shutdown: ShutdownSignal,
): Coroutine<void> {
  while (!shutdown.requested) {
    try {
      if (limiter.free < 1) yield* race([limiter.whenFree(), shutdown.whenRequested()])
      else {
        const batch = yield* race([acceptBatch(listener, limiter), shutdown.whenRequested()])
        for (const conn of batch ?? []) sessions.admit(conn)
      }
    } catch (error) {
      if (error instanceof Cancelled || error instanceof ClosedError) throw error
      yield* race([sleep(ACCEPT_BACKOFF), shutdown.whenRequested()])
    }
  }
}

/**
 * Accepts connections that had arrived before the shutdown: the system would reset them with the
 * listener.
 */
export function* drainBacklog(
  listener: Listener,
  limiter: ConnectionLimiter,
  sessions: Sessions,
): Coroutine<void> {
  const { scheduler } = listener
  const start = scheduler.now()
  try {
    while (limiter.free > 0) {
      const ms = scheduler.now() - start
      if (ms >= MAX_BACKLOG_TIME) return
      const quiet = quietPeriod(scheduler.host, ms < MAX_QUIET_WAIT ? QUIET_TIME : 0)
      const batch = yield* race([acceptBatch(listener, limiter), quiet])
      if (batch === undefined) return
      for (const conn of batch) sessions.admit(conn)
    }
  } catch (error) {
    if (error instanceof Cancelled) throw error
    // An accept has failed: leave the rest to the system.
  }
}

function acceptBatch(listener: Listener, { free }: ConnectionLimiter): Event<Connection[]> {
  return listener.acceptMany(Math.min(free, MAX_BATCH))
}

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
