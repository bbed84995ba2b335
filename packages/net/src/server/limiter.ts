/**
 * Limits how many connections a server has at a time, in all and for each client. It decides;
 * closing what is over a limit is the business of `sessions`.
 */

import type { Event } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import type { Connection } from '../socket/connection.js'
import type { Limits } from './options.js'
import type { DropReason, StatsCounters } from './stats.js'

/** Has acquired a place: a session. */
interface Holder {
  readonly conn: Connection
}

/** The limiter of one server. The number of acquired places is `open` of the statistics. */
export class ConnectionLimiter {
  readonly #limits: Limits
  readonly #stats: StatsCounters
  /**
   * Whether the clients of the holders are known: always with a limit that the user has set, else
   * from half of the places up to when three quarters are free again.
   */
  #tracking: boolean
  /** Places by client; empty unless they are tracked. */
  readonly #placesOfClient = new Map<string, number>()
  /** The client of each holder; empty unless they are tracked. */
  readonly #clients = new Map<Holder, string>()
  /** The task in `whenFree`. */
  #waiter: Waiter<void> | null = null

  constructor(limits: Limits, stats: StatsCounters) {
    this.#limits = limits
    this.#stats = stats
    this.#tracking = limits.alwaysTracked
  }

  /**
   * How many connections may be accepted now. Without the policy 'wait', those above the limit are
   * accepted and dropped.
   */
  get free(): number {
    const { connections, overload } = this.#limits
    return overload === 'wait' ? connections - this.#stats.open : Number.POSITIVE_INFINITY
  }

  /** Event: waits until a place is free. One task at a time can wait. */
  whenFree(): Event<void> {
    return event(WHEN_FREE, this)
  }

  /**
   * Why a connection cannot acquire a place; undefined if it can.
   *
   * @param holders gives all holders
   */
  refusal(conn: Connection, holders: () => Iterable<Holder>): DropReason | undefined {
    const { connections, perAddress } = this.#limits
    if (this.#stats.open >= connections) return 'connections'
    if (!this.#tracking && this.#stats.open * 2 >= connections) {
      this.#tracking = true
      for (const holder of holders()) this.#track(holder)
    }
    const client = this.#clientOf(conn)
    return client !== undefined && (this.#placesOfClient.get(client) ?? 0) >= perAddress
      ? 'address'
      : undefined
  }

  acquire(holder: Holder): void {
    this.#stats.open++
    this.#track(holder)
  }

  release(holder: Holder): void {
    this.#stats.open--
    const client = this.#clients.get(holder)
    if (client !== undefined) {
      this.#clients.delete(holder)
      const left = (this.#placesOfClient.get(client) ?? 1) - 1
      if (left === 0) this.#placesOfClient.delete(client)
      else this.#placesOfClient.set(client, left)
    }
    const { connections, alwaysTracked } = this.#limits
    if (this.#tracking && !alwaysTracked && this.#stats.open * 4 < connections) {
      this.#tracking = false
      this.#clients.clear()
      this.#placesOfClient.clear()
    }
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.resume()
  }

  /** @internal */
  setWaiter(waiter: Waiter<void> | null): void {
    this.#waiter = waiter
  }

  #track(holder: Holder): void {
    const client = this.#clientOf(holder.conn)
    if (client === undefined) return
    this.#clients.set(holder, client)
    this.#placesOfClient.set(client, (this.#placesOfClient.get(client) ?? 0) + 1)
  }

  /** The address takes a system call, which is made only while clients are tracked. */
  #clientOf(conn: Connection): string | undefined {
    return this.#tracking ? conn.remoteAddress?.owner : undefined
  }
}

const WHEN_FREE: EventHandler<ConnectionLimiter, undefined, void> = {
  name: 'server.limiter.whenFree',
  enter(waiter, limiter) {
    limiter.setWaiter(waiter)
    return undefined
  },
  withdraw: (_waiter, limiter) => limiter.setWaiter(null),
}
