/**
 * The limiter of a server: how many connections it serves at a time, in all and for each client.
 */

import type { Event } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import type { Connection } from '../socket/connection.js'
import type { Limits } from './limits.js'
import type { DropReason, StatsCounters } from './stats.js'

/** Who sits. */
interface Admitted {
  readonly conn: Connection
}

/** The limiter of one server; how many are taken stands in its counts. */
export class ConnectionLimiter {
  readonly #limits: Limits
  readonly #stats: StatsCounters
  /** How many each client has, if anybody wants to know. */
  readonly #ofClients: Map<string, number>
  /** Whose client that is. */
  readonly #clients: Map<Admitted, string>
  /** Who waits for one. */
  #waiter: Waiter<void> | null

  constructor(limits: Limits, stats: StatsCounters) {
    this.#limits = limits
    this.#stats = stats
    this.#ofClients = new Map()
    this.#clients = new Map()
    this.#waiter = null
  }

  /** How many connections can be accepted now; those above the limit are dropped, unless they wait. */
  get free(): number {
    const { connections, overload } = this.#limits
    return overload === 'wait' ? connections - this.#stats.open : Number.POSITIVE_INFINITY
  }

  /** Event: waits until one is left. One task at a time waits. */
  whenFree(): Event<void> {
    return event(WHEN_FREE, this)
  }

  /** Why a connection gets no seat; undefined if it gets one. */
  refusal(conn: Connection): DropReason | undefined {
    const { connections, perAddress } = this.#limits
    if (this.#stats.open >= connections) return 'connections'
    // The address is a system call, which is made only if anybody wants to know.
    if (perAddress === Number.POSITIVE_INFINITY) return undefined
    const client = conn.remoteAddress?.owner
    return client !== undefined && (this.#ofClients.get(client) ?? 0) >= perAddress ? 'address' : undefined
  }

  acquire(admitted: Admitted): void {
    this.#stats.open++
    if (this.#limits.perAddress === Number.POSITIVE_INFINITY) return
    const client = admitted.conn.remoteAddress?.owner
    if (client === undefined) return
    this.#clients.set(admitted, client)
    this.#ofClients.set(client, (this.#ofClients.get(client) ?? 0) + 1)
  }

  release(admitted: Admitted): void {
    this.#stats.open--
    const client = this.#clients.get(admitted)
    if (client !== undefined) {
      this.#clients.delete(admitted)
      const others = (this.#ofClients.get(client) ?? 1) - 1
      if (others === 0) this.#ofClients.delete(client)
      else this.#ofClients.set(client, others)
    }
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.resume()
  }

  /** @internal */
  setWaiter(waiter: Waiter<void> | null): void {
    this.#waiter = waiter
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
