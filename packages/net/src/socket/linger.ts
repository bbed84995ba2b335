/**
 * The end of a connection: what happens between `close()` and the moment at which the descriptor is
 * free, and the event that waits for that moment. It reads and writes nothing itself; the driver
 * does.
 */

import type { EventHandler, Runtime, Waiter } from '@bluelet/scheduler/lowlevel'
import type { DriverSocket } from '../driver/protocol.js'

/**
 * Milliseconds after `close()` at which a connection is reset whose peer has not ended its side.
 */
const MAX_LINGER = 5000

/** The state of a connection's end, and the handler of `whenClosed`. */
export class Linger implements EventHandler<undefined, undefined, void> {
  /** Whether `close()` or `abort()` has been called. */
  closing = false
  readonly #socket: DriverSocket
  readonly #scheduler: Runtime
  /** Whether the descriptor is free. */
  #done: boolean
  /** The host's timer of MAX_LINGER. */
  #timer: unknown
  readonly #waiters = new Set<Pick<Waiter<void>, 'resume'>>()

  constructor(socket: DriverSocket, scheduler: Runtime, done: boolean) {
    this.#socket = socket
    this.#scheduler = scheduler
    this.#done = done
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

  /**
   * A promise that resolves when the descriptor is free. The driver resolves it: no scheduler is
   * needed.
   */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#done) resolve()
      else this.#waiters.add({ resume: resolve })
    })
  }

  /** Closes the socket. The run of its scheduler then waits until the descriptor is free. */
  close(orderly: boolean): void {
    this.closing = true
    if (this.#done) return
    const { host } = this.#scheduler
    this.#scheduler.ref(this.external)
    if (orderly) {
      this.#timer = host.at(host.now() + MAX_LINGER, () => this.#socket.reset())
      this.#socket.close(true)
    } else this.#socket.reset()
  }

  /** The driver has said CLOSED. */
  descriptorClosed(): void {
    if (this.#done) return
    this.#done = true
    if (this.closing) {
      if (this.#timer !== undefined) this.#scheduler.host.cancel(this.#timer)
      this.#scheduler.unref(this.external)
    }
    for (const waiter of this.#waiters) waiter.resume()
    this.#waiters.clear()
  }
}
