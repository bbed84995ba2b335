/**
 * The server: listens, runs a handler for each connection, and ends gracefully. Each part has a file of
 * its own: `accept-loop`, `sessions` and `session`, `limiter`, `timeout-sweep`, `shutdown`.
 */

import { type Coroutine, race } from '@bluelet/scheduler'
import { type Listener, listen } from '../socket/listener.js'
import { acceptUntilShutdown, drainBacklog } from './accept-loop.js'
import type { Handler } from './handler.js'
import { ConnectionLimiter } from './limiter.js'
import { checkOptions, limitsOf, type ServerOptions } from './options.js'
import { Sessions } from './sessions.js'
import { ShutdownSignal } from './shutdown.js'
import { StatsCounters } from './stats.js'

/**
 * A coroutine that listens, accepts connections, and runs a handler for each of them, until it is asked
 * to end.
 *
 * Handlers are isolated from each other: an error in a handler, or in a task that it spawned, closes its
 * connection, cancels its tasks and is reported once, and the server goes on. What the session's own
 * connection throws is not an error but the end of a client: a reset, the end in the middle of a message,
 * a limit, a timeout, or our own close from another task. It ends the handler quietly and is counted.
 *
 * The server ends by SIGINT or SIGTERM, by its `signal`, or when it is killed. It stops listening, lets
 * its handlers finish within the grace period, cancels the others, whose clean-up may still send, and
 * returns. A kill has a grace period of its own; handlers get at most half of it to finish.
 *
 * Bluelet: an error in a handler ends the program; so does a signal, wherever it interrupts.
 *
 * @example
 * await run(server('', 4915, echoer))
 *
 * @param host a name or an address; `''` is every address of this machine
 * @param port 0 to 65535; 0 is any free port
 * @param handler makes the coroutine that serves one client
 * @throws RangeError, TypeError if the host, the port, the handler or an option is invalid
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
  const { signal, signals, grace } = checkOptions(options)
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
      sessions.announceEnd()
      yield* drainBacklog(listener, limiter, sessions)
      listener.close()
      yield* sessions.drain({ grace, killed: false })
    } finally {
      listener?.close()
      sessions?.announceEnd()
      try {
        if (sessions !== undefined) yield* sessions.drain({ grace, killed: true })
      } finally {
        sessions?.endLingering()
        shutdown.close() // Even if the killer's grace period is over.
      }
    }
  }
}
