/**
 * The server: listens, runs a handler for each connection, and ends gracefully. Each part has a
 * file of its own: `accept-loop`, `sessions` and `session`, `limiter`, `timeout-sweep`, `shutdown`.
 */

import { type Coroutine, race } from '@bluelet/scheduler'
import { registerCoroutine } from '@bluelet/scheduler/lowlevel'
import { type Endpoint, isEndpoint } from '../driver/endpoint.js'
import { Listener, listen } from '../socket/listener.js'
import { acceptUntilShutdown, drainBacklog } from './accept-loop.js'
import type { Handler } from './handler.js'
import { ConnectionLimiter } from './limiter.js'
import { checkOptions, limitsOf, type ServerOptions } from './options.js'
import { Sessions } from './sessions.js'
import { ShutdownSignal } from './shutdown.js'
import { StatsCounters } from './stats.js'

/**
 * A coroutine that listens, accepts connections, and runs a handler for each of them, until it is
 * asked to end.
 *
 * Handlers are isolated from each other: an error in a handler, or in a task that it spawned,
 * closes its connection, cancels its tasks and is reported once, and the server goes on. What the
 * session's own connection throws is not an error but the end of a client: a reset, the end in the
 * middle of a message, a limit, a timeout, or our own close from another task. It ends the handler
 * quietly and is counted.
 *
 * The server ends by SIGINT or SIGTERM, by its `signal`, or when it is killed. It stops listening,
 * lets its handlers finish within the grace period, cancels the others, whose clean-up may still
 * send, and returns. A kill has a grace period of its own; handlers get at most half of it to
 * finish.
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
export function server(host: string, port: number, handler: Handler, options?: ServerOptions): Coroutine<void>
/**
 * A coroutine that serves the clients of an endpoint, such as a Unix socket. Clients of Unix
 * sockets are exempt from `maxConnectionsPerAddress`.
 *
 * @example
 * yield* server({ path: '/run/echo/echo.sock', mode: 0o660 }, echoer)
 *
 * @param endpoint a host and a port, the path of a Unix socket, or an inherited descriptor
 * @param handler makes the coroutine that serves one client
 * @throws RangeError, TypeError if the endpoint, the handler or an option is invalid
 */
export function server(endpoint: Endpoint, handler: Handler, options?: ServerOptions): Coroutine<void>
/**
 * A coroutine that serves listeners that are open already, such as one for each of several
 * addresses, under common limits. It closes them when it ends. The options of `listen` have no
 * effect.
 *
 * @example
 * yield* server([yield* listen('127.0.0.1', 80), yield* listen('::1', 80)], handler)
 *
 * @param listeners at least one, opened in the same run
 * @param handler makes the coroutine that serves one client
 * @throws RangeError, TypeError if a listener, the handler or an option is invalid
 */
export function server(
  listeners: Listener | readonly Listener[],
  handler: Handler,
  options?: ServerOptions,
): Coroutine<void>
export function server(...args: unknown[]): Coroutine<void> {
  const given = listenersOf(args[0])
  const place = args.slice(0, given !== null || isEndpoint(args[0]) ? 1 : 2)
  const [handler, options = {}] = args.slice(place.length) as [Handler, ServerOptions?]
  if (typeof handler !== 'function') {
    const form = given !== null ? 'listeners' : place.length === 1 ? 'endpoint' : 'host, port'
    throw new TypeError(
      `server(${form}, handler): expected a function that makes a coroutine, got ${typeof handler}`,
    )
  }
  const { signal, signals, grace } = checkOptions(options)
  const listening = given === null ? listen(...(place as [string, number]), options) : null
  return registerCoroutine(serving, { name: 'server' })()

  function* serving(): Coroutine<void> {
    const shutdown = new ShutdownSignal()
    if (signal !== undefined) shutdown.addAbortSignal(signal)
    let listeners = given ?? []
    let sessions: Sessions | undefined
    try {
      if (shutdown.requested) return
      if (listening !== null) {
        const listener = yield* race([listening, shutdown.whenRequested()])
        if (listener === undefined || listener === null) return
        listeners = [listener]
      }
      const [{ driver, scheduler }] = listeners as [Listener] // There is at least one.
      const stats = new StatsCounters(listeners)
      const limits = limitsOf(options, driver.maxDescriptors)
      const limiter = new ConnectionLimiter(limits, stats)
      sessions = new Sessions(scheduler, handler, limits, stats, limiter, options)
      if (signals) shutdown.addSource((callback) => driver.onInterrupt?.(callback) ?? (() => {}))
      for (const listener of listeners) options.onListening?.(listener, stats)
      yield* acceptUntilShutdown(listeners, limiter, sessions, shutdown)
      sessions.announceEnd()
      yield* drainBacklog(listeners, limiter, sessions)
      for (const listener of listeners) listener.close()
      yield* sessions.drain({ grace, killed: false })
    } finally {
      for (const listener of listeners) listener.close()
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

/** The listeners that `server` was given; null if it was given a host. */
function listenersOf(given: unknown): readonly Listener[] | null {
  if (given instanceof Listener) return [given]
  if (!Array.isArray(given)) return null
  if (given.length > 0 && given.every((one) => one instanceof Listener)) return [...given]
  throw new TypeError(
    'server(listeners, handler): expected at least one listener, and nothing else: listen(host, port)',
  )
}
