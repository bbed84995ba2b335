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
  /** Holders whose connections linger, the longest first. Others may have their places. */
  readonly #offered = new Set<Holder>()
  /** Holders whose places others have got, while their descriptors are being freed. */
  readonly #evicted = new Set<Holder>()
  /** The task in `whenFree`. */
  #waiter: Waiter<void> | null = null

  constructor(limits: Limits, stats: StatsCounters) {
    this.#limits = limits
    this.#stats = stats
    this.#tracking = limits.alwaysTracked
  }

  /**
   * How many connections may be accepted now, those that can have the place of another included.
   * Without the policy 'wait', those above the limit are accepted and dropped.
   */
  get free(): number {
    const { connections, overload } = this.#limits
    if (overload !== 'wait') return Number.POSITIVE_INFINITY
    return connections - this.#stats.open + this.#offered.size
  }

  /** Event: waits until a place is free. One task at a time can wait. */
  whenFree(): Event<void> {
    return event(WHEN_FREE, this)
  }

  /**
   * Why a connection cannot acquire a place; undefined if it can. Resets the longest lingering
   * connection whose place it needs.
   *
   * @param holders gives all holders
   */
  refusal(conn: Connection, holders: () => Iterable<Holder>): DropReason | undefined {
    const { connections, perAddress } = this.#limits
    if (this.#stats.open >= connections && this.#offered.size === 0) return 'connections'
    if (!this.#tracking && this.#stats.open * 2 >= connections) {
      this.#tracking = true
      for (const holder of holders()) this.#track(holder)
    }
    const client = this.#clientOf(conn)
    const own = client === undefined ? 0 : (this.#placesOfClient.get(client) ?? 0)
    if (own >= perAddress && !this.#evict(client)) return 'address'
    if (this.#stats.open >= connections) this.#evict()
    return undefined
  }

  acquire(holder: Holder): void {
    this.#stats.open++
    this.#track(holder)
  }

  /** The connection of a holder lingers: others may have its place. */
  offer(holder: Holder): void {
    this.#offered.add(holder)
    this.#wake()
  }

  release(holder: Holder): void {
    if (this.#evicted.delete(holder)) return
    this.#offered.delete(holder)
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
    this.#wake()
  }

  /**
   * Resets the connection that lingers longest, of all or of one client.
   *
   * @returns whether there was one
   */
  #evict(client?: string): boolean {
    for (const holder of this.#offered) {
      if (client !== undefined && this.#clients.get(holder) !== client) continue
      this.release(holder)
      this.#evicted.add(holder)
      holder.conn.socket.reset()
      return true
    }
    return false
  }

  #wake(): void {
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
  on: (limiter) => limiter,
  enter(waiter, limiter) {
    limiter.setWaiter(waiter)
    return undefined
  },
  withdraw: (_waiter, limiter) => limiter.setWaiter(null),
}
