/**
 * The end of a connection.
 */

import type { Scheduler } from '@bluelet/scheduler'
import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'
import type { DriverSocket } from '../driver/protocol.js'

/** After close(), how long the rest may take to reach the peer, and the peer to end its side, before the connection is reset. */
const LINGER_MS = 5000

/** The end of a connection: begins it, waits for it in the background, and is the event that waits for it. */
export class Linger implements EventHandler<undefined, undefined, void> {
  /** close() has been called. */
  begun: boolean
  /** The descriptor is free. */
  #done: boolean
  readonly #socket: DriverSocket
  readonly #scheduler: Scheduler
  #deadline: unknown
  readonly #waiters: Set<Pick<Waiter<void>, 'resume'>>

  constructor(socket: DriverSocket, scheduler: Scheduler, done: boolean) {
    this.begun = false
    this.#done = done
    this.#socket = socket
    this.#scheduler = scheduler
    this.#deadline = undefined
    this.#waiters = new Set()
  }

  get name(): string {
    return 'whenClosed'
  }

  get external(): string {
    return 'socket'
  }

  enter(waiter: Waiter<void>): undefined {
    if (this.#done) waiter.resume()
    else this.#waiters.add(waiter)
  }

  withdraw(waiter: Waiter<void>): void {
    this.#waiters.delete(waiter)
  }

  /** Resolves when the descriptor is free. What resolves it is the driver, so it needs no scheduler. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#done) resolve()
      else this.#waiters.add({ resume: resolve })
    })
  }

  begin(linger: boolean): void {
    this.begun = true
    if (this.#done) return
    const { host } = this.#scheduler
    // The run waits until the descriptor is free.
    this.#scheduler.hold(this.external)
    if (linger) this.#deadline = host.at(host.now() + LINGER_MS, () => this.#socket.reset())
    if (linger) this.#socket.close(true)
    else this.#socket.reset()
  }

  end(): void {
    if (this.#done) return
    this.#done = true
    if (this.begun) {
      if (this.#deadline !== undefined) this.#scheduler.host.cancel(this.#deadline)
      this.#scheduler.release(this.external)
    }
    for (const waiter of this.#waiters) waiter.resume()
    this.#waiters.clear()
  }
}
