/**
 * The limits of a server: what is allowed unless told otherwise, and why.
 */

import { shown } from '../errors.js'

/** What becomes of a connection above a limit. */
export type OverloadPolicy = 'wait' | 'close' | 'reset'

/** How much a server takes on, and how long it waits for its clients; every time in milliseconds, `Infinity` for no limit. */
export interface LimitOptions {
  /**
   * How many connections are open at a time: a positive integer; by default 10,000, or less where the process may have few
   * descriptors: a sixteenth of them and 64 are left to others, and an eighth to connections that wait. Running out of
   * descriptors is worse than a limit: it hits files and look-ups too, and the system then drops connections uncounted.
   */
  readonly maxConnections?: number
  /**
   * How many of them one client may have: an IPv4 address, or an IPv6 network of 64 bits; by default as many as there are, since
   * whole offices share an address. More are dropped: reset if `overload` is `'reset'`, otherwise closed.
   */
  readonly maxConnectionsPerAddress?: number
  /**
   * What becomes of a connection above `maxConnections`.
   * - `'wait'`, the default, which is the kindest to a short burst: it waits until another one ends. How many wait is bounded by
   *   the `backlog`; those beyond are reset by the `node` driver, and by `epoll` not yet connected.
   * - `'close'`: closed at once, so that the client knows at once.
   * - `'reset'`: reset at once, which leaves nothing behind, neither here nor in the kernel.
   */
  readonly overload?: OverloadPolicy
  /**
   * How long a handler waits for a client's first byte while nothing is sent to it either; by default 60,000: who types by hand
   * is that quick, and who only connects holds a place for no longer.
   */
  readonly firstByteTimeout?: number
  /** How long it waits between messages, while nothing goes either way; by default 120,000. */
  readonly idleTimeout?: number
  /**
   * How long the rest of a message may take once a part of it has come: of what `readline`, `readuntil`, `readexactly` or
   * `readall` wait for; by default 30,000. A drip of bytes does not extend it.
   */
  readonly messageTimeout?: number
  /** How long a client may take none of what is sent to it; by default 30,000. */
  readonly stallTimeout?: number
}

/** The deadlines of a connection, in milliseconds. */
export interface Timeouts {
  readonly firstByte: number
  readonly idle: number
  readonly message: number
  readonly stall: number
}

/** The limits, all of them. */
export interface Limits {
  readonly connections: number
  readonly perAddress: number
  readonly overload: OverloadPolicy
  readonly timeouts: Timeouts
}

const MAX_CONNECTIONS = 10_000

/**
 * Checks the limits.
 *
 * @param descriptors how many the process may have open; undefined: nobody knows
 * @throws RangeError, TypeError for what can be none
 */
export function limitsOf(options: LimitOptions, descriptors: number | undefined): Limits {
  const {
    maxConnections = mostFor(descriptors ?? Number.POSITIVE_INFINITY),
    maxConnectionsPerAddress = Number.POSITIVE_INFINITY,
    overload = 'wait',
    firstByteTimeout = 60_000,
    idleTimeout = 120_000,
    messageTimeout = 30_000,
    stallTimeout = 30_000,
  } = options
  if (!['wait', 'close', 'reset'].includes(overload)) {
    throw new TypeError(`server: overload: expected 'wait', 'close' or 'reset', got ${shown(overload)}`)
  }
  return {
    connections: checkCount(maxConnections, 'maxConnections'),
    perAddress: checkCount(maxConnectionsPerAddress, 'maxConnectionsPerAddress'),
    overload,
    timeouts: {
      firstByte: checkTimeout(firstByteTimeout, 'firstByteTimeout'),
      idle: checkTimeout(idleTimeout, 'idleTimeout'),
      message: checkTimeout(messageTimeout, 'messageTimeout'),
      stall: checkTimeout(stallTimeout, 'stallTimeout'),
    },
  }
}

/** All but what others need, and those that wait; where there are few, a quarter of them. */
function mostFor(descriptors: number): number {
  const most = (descriptors * 13) / 16 - 64
  return Math.floor(Math.min(MAX_CONNECTIONS, Math.max(most, descriptors / 4, 1)))
}

function checkCount(count: unknown, option: string): number {
  if (
    count === Number.POSITIVE_INFINITY ||
    (typeof count === 'number' && Number.isInteger(count) && count > 0)
  )
    return count
  throw new RangeError(`server: ${option}: expected a positive integer or Infinity, got ${shown(count)}`)
}

function checkTimeout(ms: unknown, option: string): number {
  if (typeof ms === 'number' && ms > 0) return ms
  throw new RangeError(`server: ${option}: expected ms > 0, or Infinity for no limit, got ${shown(ms)}`)
}
