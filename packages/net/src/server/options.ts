/**
 * The options of a server, their defaults, and their checks. What the limits mean is in `limiter`
 * and `timeout-sweep`.
 */

import type { AbortSignalLike, Task } from '@bluelet/scheduler'
import { checkFlag, checkMs, checkTimeout, isCount, shown } from '../check.js'
import type { Address } from '../driver/address.js'
import type { Connection } from '../socket/connection.js'
import { DEFAULT_END_TIMES, type EndTimes } from '../socket/connection-observer.js'
import type { Listener, ListenOptions } from '../socket/listener.js'
import type { Session, SessionSummary } from './handler.js'
import type { DropReason, EndReason, ServerStats, TimeoutKind } from './stats.js'

/** The default of `maxConnections`. */
const MAX_CONNECTIONS = 10_000

/** The share of the places that one address may take by default. */
const DEFAULT_SHARE = 3 / 4

/**
 * The maximum number of dropped connections that linger: half of the descriptors that are left to
 * others.
 */
const MAX_LINGERING = 32

const DEFAULT_GRACE = 10_000

/** What happens to a connection above a limit. */
export type OverloadPolicy = 'wait' | 'close' | 'reset'

/**
 * How much a server takes on, and how long it waits for its clients. Times are in milliseconds;
 * `Infinity` means no limit.
 */
export interface LimitOptions {
  /**
   * How many connections are open at a time: a positive integer. Default: 10,000, or less if the
   * process may have few descriptors: a sixteenth of them and 64 are left to other uses, and an
   * eighth to connections that wait. Running out of descriptors is worse than a limit: it also
   * affects files and look-ups, and the system then drops connections without counting them.
   */
  readonly maxConnections?: number
  /**
   * How many of them one client may have: an IPv4 address, or a /64 network of IPv6. Default: three
   * quarters of `maxConnections`, so that one client cannot take every place; the addresses are
   * looked up only once half of the places are taken. Behind a proxy that shares one address:
   * `Infinity`. Further connections are dropped: reset if `overload` is `'reset'`, otherwise
   * closed.
   */
  readonly maxConnectionsPerAddress?: number
  /**
   * What happens to a connection above `maxConnections`.
   * - `'wait'`, the default, is best for short bursts: it waits until another connection ends.
   *   `backlog` limits how many wait. Beyond that, the `node` driver resets connections, and
   *   `epoll` leaves them unconnected.
   * - `'close'`: our side ends at once, so that the client knows at once. What it sends is
   *   discarded until it has ended its side too, for at most a second and for at most 32
   *   connections at a time: the longest lingering is reset first.
   * - `'reset'`: it is reset at once, which leaves nothing behind, neither here nor in the kernel.
   */
  readonly overload?: OverloadPolicy
  /**
   * How long a handler waits for a client's first byte while nothing is sent to the client either.
   * Default: 60,000, which suffices for a person who types.
   */
  readonly firstByteTimeout?: number
  /**
   * How long a handler waits between messages while nothing is sent in either direction. Default:
   * 120,000. What counts as idle is said by `idle`.
   */
  readonly idleTimeout?: number
  /**
   * When a session is idle, for `idleTimeout` and for the quick end at shutdown.
   * - `'session'`, the default: all its tasks wait for its client, and one of them reads. A task
   *   that waits for a timer, a channel, a promise or another connection works for the client.
   * - `'reader'`: a task reads, whatever the others do. For a chat, where a member's other tasks
   *   wait for messages of others.
   */
  readonly idle?: 'session' | 'reader'
  /**
   * How long the rest of a message may take once a part of it has arrived, in `readline`,
   * `readuntil`, `readexactly` or `readall`. Default: 30,000. Slowly arriving bytes do not extend
   * it.
   */
  readonly messageTimeout?: number
  /**
   * How long a client may accept none of the bytes that are sent to it. Default: 30,000. On the
   * `node` driver, a client that reads less than some 50 KB/s can look as if it accepted none.
   */
  readonly stallTimeout?: number
  /**
   * How long a client whose input is unread may take to end its side, once we have ended ours. Its
   * input is discarded until then, and then the connection is reset. While places are short, the
   * longest lingering is reset as soon as another client needs its place. Default: 5,000.
   */
  readonly linger?: number
  /**
   * How long a session may take in all. Then its handler is cancelled, and its clean-up may still
   * send. Default: `Infinity`.
   */
  readonly maxAge?: number
}

/** Options of `server`. */
export interface ServerOptions extends ListenOptions, LimitOptions {
  /** Called when the server listens, once for each of its listeners, with its statistics. */
  readonly onListening?: (listener: Listener, stats: ServerStats) => void
  /**
   * Called for each error of a handler, with its connection and the task that failed. Default: the
   * error is printed.
   */
  readonly onError?: (error: unknown, conn: Connection, task: Task) => void
  /**
   * Called for each connection that was not served, whose client exceeded a timeout, or whose
   * handler ended quietly, with the reason and the client's address. Connections that were not
   * accepted in time (`queue`) are only counted.
   */
  readonly onDrop?: (
    reason: DropReason | 'refused' | TimeoutKind | EndReason,
    address: Address | undefined,
  ) => void
  /**
   * Called for each connection before it is served, with the client's address. If it returns false
   * or throws, the connection is dropped: reset if `overload` is `'reset'`, otherwise closed.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a callback that only looks on returns nothing.
  readonly onAccept?: (address: Address | undefined) => boolean | void
  /** Called for each connection that is served, before its handler begins. */
  readonly onOpen?: (conn: Connection, session: Session) => void
  /**
   * Called for each connection that was served, once its tasks have ended and its descriptor is
   * free, with how it ended.
   */
  readonly onClose?: (conn: Connection, summary: SessionSummary) => void
  /**
   * What happens to the connection of a handler that ends other than by returning: with an error,
   * reported or quiet, or because it is cancelled.
   * - `'reset'`, the default: it is reset, so that half a reply does not look whole. It is closed
   *   in order if nothing has been sent since the handler's last read began, if the handler has
   *   called `shutdown()`, or if the clean-up of a cancelled handler has sent something.
   * - `'close'`: it is closed in order.
   */
  readonly onFailure?: 'reset' | 'close'
  /**
   * Whether the handler is cancelled when its client disconnects, as told by `whenGone`: by a reset
   * or a failure of the network (`'reset'`), or also by the end of the client's side, once
   * everything before it has been read (`'end'`). A client that has ended its side may still wait
   * for its reply. Default: the handler learns of it at its next read or send.
   */
  readonly cancelOnDisconnect?: 'reset' | 'end'
  /** Ends the server when it is aborted. The server then returns; it does not throw. */
  readonly signal?: AbortSignalLike
  /**
   * Whether SIGINT and SIGTERM end the server. Default: true. The server then returns, so that the
   * process can end with exit code 0. The system handles the second signal: it ends the process at
   * once (130 or 143 in a shell).
   */
  readonly signals?: boolean
  /**
   * When the server ends, how long its handlers may go on, in milliseconds: 0 or more. Default:
   * 10,000. A handler that has waited a quarter of a second for its client's next message is
   * cancelled at once: it has nothing in progress.
   */
  readonly grace?: number
}

/** The options that the server itself uses, checked. */
export interface CheckedOptions {
  readonly signal: AbortSignalLike | undefined
  readonly signals: boolean
  readonly grace: number
}

/**
 * Checks all options but those of `listen`.
 *
 * @throws RangeError, TypeError if one of them is invalid
 */
export function checkOptions(options: ServerOptions): CheckedOptions {
  const { signal, signals = true, grace = DEFAULT_GRACE } = options
  for (const name of ['onListening', 'onError', 'onDrop', 'onAccept', 'onOpen', 'onClose'] as const) {
    const callback: unknown = options[name]
    if (callback !== undefined && typeof callback !== 'function')
      throw new TypeError(`server: ${name}: expected a function, got ${shown(callback)}`)
  }
  checkFlag(signals, 'server: signals')
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new TypeError(`server: signal: expected an AbortSignal, got ${shown(signal)}`)
  }
  checkMs(grace, 'server: grace')
  limitsOf(options, undefined)
  return { signal, signals, grace }
}

/** The timeouts of a connection, in milliseconds. */
export type Timeouts = Readonly<Record<TimeoutKind, number>>

/** All limits of a server. */
export interface Limits {
  readonly connections: number
  readonly perAddress: number
  /** Whether `perAddress` holds from the first connection, since the user has set it. */
  readonly alwaysTracked: boolean
  /** How many dropped connections may linger until their clients have seen the end. */
  readonly lingering: number
  readonly overload: OverloadPolicy
  readonly timeouts: Timeouts
  readonly endTimes: EndTimes
  readonly idle: 'session' | 'reader'
  readonly maxAge: number
  readonly onFailure: 'reset' | 'close'
  readonly cancelOnDisconnect: 'reset' | 'end' | undefined
}

/**
 * Checks the limits and fills in the defaults.
 *
 * @param descriptors how many the process may have open; undefined if unknown
 * @throws RangeError, TypeError if one of them is invalid
 */
export function limitsOf(
  options: LimitOptions & Pick<ServerOptions, 'cancelOnDisconnect' | 'onFailure'>,
  descriptors: number | undefined,
): Limits {
  const {
    maxConnections = connectionsFor(descriptors ?? Number.POSITIVE_INFINITY),
    maxConnectionsPerAddress = Math.ceil(maxConnections * DEFAULT_SHARE),
    overload = 'wait',
    firstByteTimeout = 60_000,
    idleTimeout = 120_000,
    messageTimeout = 30_000,
    stallTimeout = DEFAULT_END_TIMES.stall,
    linger = DEFAULT_END_TIMES.linger,
    maxAge = Number.POSITIVE_INFINITY,
    onFailure = 'reset',
    cancelOnDisconnect,
    idle = 'session',
  } = options
  if (!['session', 'reader'].includes(idle)) {
    throw new TypeError(`server: idle: expected 'session' or 'reader', got ${shown(idle)}`)
  }
  if (!['reset', 'close'].includes(onFailure)) {
    throw new TypeError(`server: onFailure: expected 'reset' or 'close', got ${shown(onFailure)}`)
  }
  if (![undefined, 'reset', 'end'].includes(cancelOnDisconnect)) {
    throw new TypeError(
      `server: cancelOnDisconnect: expected 'reset' or 'end', got ${shown(cancelOnDisconnect)}`,
    )
  }
  if (!['wait', 'close', 'reset'].includes(overload)) {
    throw new TypeError(`server: overload: expected 'wait', 'close' or 'reset', got ${shown(overload)}`)
  }
  checkTimeout(stallTimeout, 'server: stallTimeout', 'no limit')
  return {
    connections: checkConnections(maxConnections, 'maxConnections'),
    perAddress: checkConnections(maxConnectionsPerAddress, 'maxConnectionsPerAddress'),
    alwaysTracked:
      options.maxConnectionsPerAddress !== undefined && maxConnectionsPerAddress !== Number.POSITIVE_INFINITY,
    lingering: Math.max(1, Math.min(MAX_LINGERING, Math.floor((descriptors ?? MAX_CONNECTIONS) / 16))),
    overload,
    timeouts: {
      firstByte: checkTimeout(firstByteTimeout, 'server: firstByteTimeout', 'no limit'),
      idle: checkTimeout(idleTimeout, 'server: idleTimeout', 'no limit'),
      message: checkTimeout(messageTimeout, 'server: messageTimeout', 'no limit'),
      stall: stallTimeout,
    },
    endTimes: { stall: stallTimeout, linger: checkMs(linger, 'server: linger') },
    idle,
    maxAge: checkTimeout(maxAge, 'server: maxAge', 'no limit'),
    onFailure,
    cancelOnDisconnect,
  }
}

/**
 * All descriptors but those for other uses and for waiting connections; if there are few, a quarter
 * of them.
 */
function connectionsFor(descriptors: number): number {
  const available = (descriptors * 13) / 16 - 64
  return Math.floor(Math.min(MAX_CONNECTIONS, Math.max(available, descriptors / 4, 1)))
}

function checkConnections(count: unknown, option: string): number {
  if (isCount(count) && count > 0) return count
  throw new RangeError(`server: ${option}: expected a positive integer or Infinity, got ${shown(count)}`)
}
