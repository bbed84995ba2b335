/**
 * `pipe` and `relay`: connections that are joined, in one direction or in both. The bytes pass
 * without a task and without a copy; this file decides how an end, an error and a kill pass.
 */

import { ClosedError, type Event, TimeoutError } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { shown } from '../check.js'
import { BusyError } from '../errors.js'
import { Connection } from './connection.js'
import type { Input, Output } from './directions.js'
import { Pump, type PumpOwner } from './pump.js'

/** How many bytes a {@link relay} has passed on. */
export interface RelayedBytes {
  /** From the first connection to the second. */
  readonly aToB: number
  /** From the second connection to the first. */
  readonly bToA: number
}

/**
 * Event: passes bytes from one connection to another until the stream ends, which ends our side of
 * the other; gives the number of bytes. It reads no faster than the other takes them. Each of them
 * can also be a stream of a process.
 *
 * A reset of one connection resets the other, and is thrown. Otherwise it closes neither of them.
 * When it is killed or timed out, what has been read and not been sent goes back to `from`, so that
 * another read, or another pipe, goes on there.
 *
 * While it runs, other tasks that read `from` get a {@link BusyError}; what they send to `to` goes
 * between two pieces.
 *
 * @example
 * function* echoer(conn: Connection) {
 *   yield* pipe(conn, conn)
 * }
 *
 * @throws TypeError if one of them is not a connection
 */
export function pipe(from: Input, to: Output): Event<number> {
  checkConnections(from, to, 'pipe(from, to)')
  return event<number>(PIPE, { from, to })
}

/**
 * Event: passes bytes between two connections in both directions, until both streams have ended;
 * gives the number of bytes of each direction. The end of one stream ends our side of the other
 * connection, and the other direction goes on.
 *
 * A reset of one connection resets the other, and is thrown. What had arrived before a send to a
 * connection failed, such as an early reply, is passed on first. Otherwise it closes neither of
 * them; and as with {@link pipe}, nothing is lost when it is killed or timed out.
 *
 * In a server, it counts as a read of its client while both directions wait for bytes: see
 * `idleTimeout`.
 *
 * @example
 * function* proxy(client: Connection) {
 *   using upstream = yield* connect('127.0.0.1', 8080)
 *   yield* relay(client, upstream)
 * }
 *
 * @throws TypeError if one of them is not a connection, or both are the same
 */
export function relay(a: Connection, b: Connection): Event<RelayedBytes> {
  checkConnections(a, b, 'relay(a, b)')
  if (a === b) throw new TypeError('relay(a, b): expected two connections, got one twice; use pipe(a, a)')
  return event<RelayedBytes>(RELAY, { from: a, to: b })
}

interface Ends {
  readonly from: Connection
  readonly to: Connection
}

const PIPE: EventHandler<Ends, Relaying, number> = {
  name: 'pipe',
  external: 'socket',
  on: ({ from, to }) => [from, to],
  enter(waiter, { from, to }) {
    const relaying: Relaying = new Relaying(waiter, [[from, to]], ([pump]) => waiter.resume(pump.count))
    return relaying.started()
  },
  withdraw: (_waiter, _ends, relaying) => relaying.stop(),
}

const RELAY: EventHandler<Ends, Relaying, RelayedBytes> = {
  name: 'relay',
  external: 'socket',
  on: ({ from, to }) => [from, to],
  enter(waiter, { from, to }) {
    const directions: [Connection, Connection][] = [
      [from, to],
      [to, from],
    ]
    const relaying = new Relaying(waiter, directions, ([forth, back]) =>
      waiter.resume({ aToB: forth.count, bToA: (back as Pump).count }),
    )
    return relaying.started()
  },
  withdraw: (_waiter, _ends, relaying) => relaying.stop(),
}

type Pumps = readonly [Pump, Pump?]

/** The wait of a `pipe` or a `relay`: one direction, or two. */
export class Relaying implements PumpOwner {
  readonly #waiter: Waiter
  readonly #pumps: Pumps
  readonly #done: (pumps: Pumps) => void
  #over = false
  /** The first failure. */
  #failure: { readonly error: unknown; readonly conn: Connection } | null = null

  constructor(
    waiter: Waiter,
    directions: readonly (readonly [Connection, Connection])[],
    done: (pumps: Pumps) => void,
  ) {
    this.#waiter = waiter
    this.#pumps = directions.map(([from, to]) => new Pump(from, to, this)) as unknown as Pumps // One or two.
    this.#done = done
  }

  get task(): unknown {
    return this.#waiter.task
  }

  /**
   * Whether each direction that has not ended waits for bytes, one of them for those of this
   * connection.
   */
  waitsFor(conn: Connection): boolean {
    const waits = this.#pumps.every((pump) => pump?.reading || pump?.ended)
    return waits && this.#pumps.some((pump) => pump?.reading && pump.from === conn)
  }

  started(): this {
    for (const pump of this.#pumps) if (!this.#over) pump?.start()
    return this
  }

  stop(): void {
    this.#over = true
    for (const pump of this.#pumps) pump?.stop()
  }

  // Called by the pumps.

  ended(): void {
    if (!this.#pumps.every((pump) => pump?.ended)) return
    this.#finish()
  }

  failed(pump: Pump, error: unknown): void {
    const conn = pump.failedConnection as Connection // It is set before the call.
    this.#failure ??= { error, conn }
    const back = this.#pumps.find((other) => other?.from === conn && !other.ended)
    if (back === undefined || !isReset(error)) {
      this.#finish()
      return
    }
    // What came before the send failed is passed on first.
    conn.readHalf.ready()
  }

  #finish(): void {
    if (this.#over) return
    this.stop()
    const failure = this.#failure
    if (failure === null) {
      this.#done(this.#pumps)
      return
    }
    const { error, conn } = failure
    if (isReset(error)) {
      const [{ from, to }] = this.#pumps
      if (from !== conn) from.abort()
      if (to !== conn) to.abort()
    }
    this.#waiter.throw(error)
  }
}

/** Whether an error says that a connection is gone, and not that it was closed or used here. */
function isReset(error: unknown): boolean {
  if (error instanceof ClosedError) return error.cause !== undefined
  return !(error instanceof TimeoutError || error instanceof BusyError)
}

function checkConnections(one: unknown, other: unknown, operation: string): void {
  for (const conn of [one, other]) {
    if (conn instanceof Connection) continue
    throw new TypeError(`${operation}: expected two connections, got ${shown(conn)}`)
  }
}
