/**
 * The end of a connection: what happens between `close()` and the moment at which the descriptor is
 * free, and the event that waits for that moment. It reads and writes nothing itself; the driver
 * does.
 *
 *   close() -> what is left is handed over -> (input was unread: it is discarded, LINGERING) ->
 *   CLOSED
 */

import type { EventHandler, Runtime, Waiter } from '@bluelet/scheduler/lowlevel'
import type { DriverSocket } from '../driver/protocol.js'
import type { EndTimes } from './connection-observer.js'

/** Looks at what is left to send, within the time in which the peer must take some of it. */
const CHECKS_PER_STALL = 8

/** What is left to send: the writing half. */
interface Output {
  /** How many bytes wait in this process. */
  readonly unsent: number
  /** Calls back once the driver has taken what is buffered, or the connection has failed. */
  drain(done: () => void): void
}

/** The state of a connection's end, and the handler of `whenClosed`. */
export class Linger implements EventHandler<undefined, undefined, void> {
  /** Whether `close()` or `abort()` has been called. */
  closing = false
  /** Whether the descriptor is free. */
  done = false
  #socket: DriverSocket
  readonly #scheduler: Runtime
  readonly #connection: object
  /** How long the peer may take to end its side. */
  #ms = 0
  #output: Output | null = null
  /** The host's timer, of what is left to send or of the peer's end. */
  #timer: unknown
  readonly #waiters = new Set<Pick<Waiter<void>, 'resume'>>()

  constructor(socket: DriverSocket, scheduler: Runtime, connection: object) {
    this.#socket = socket
    this.#connection = connection
    this.#scheduler = scheduler
  }

  get name(): string {
    return 'whenClosed'
  }

  get external(): string {
    return 'socket'
  }

  on(): object {
    return this.#connection
  }

  /** Goes on with another socket, over the one before. */
  replace(socket: DriverSocket): void {
    this.#socket = socket
  }

  enter(waiter: Waiter<void>): undefined {
    if (this.done) waiter.resume()
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
      if (this.done) resolve()
      else this.#waiters.add({ resume: resolve })
    })
  }

  /**
   * Closes the socket in order. The run of its scheduler then waits until the descriptor is free.
   *
   * @param unread whether we have input that no task has read
   * @param output what is left to send; null if nothing was sent
   */
  close(unread: boolean, output: Output | null, { stall, linger }: EndTimes): void {
    if (!this.#begin()) return
    this.#ms = linger
    this.#output = output
    const end = () => this.#socket.close(true, unread)
    if (output === null) end()
    else output.drain(end)
    if (this.#unsent > 0) this.#awaitProgress(stall, this.#untaken, this.#scheduler.host.now())
  }

  /** Closes the socket with a reset. */
  reset(): void {
    if (this.#begin()) this.#socket.reset()
  }

  /** The driver has said LINGERING. */
  lingers(): void {
    if (this.done) return
    this.#disarm()
    this.#arm(this.#ms, () => this.#socket.reset())
  }

  /** The driver has said CLOSED. */
  descriptorClosed(): void {
    if (this.done) return
    this.done = true
    if (this.closing) {
      this.#disarm()
      this.#scheduler.unref(this.external)
    }
    for (const waiter of this.#waiters) waiter.resume()
    this.#waiters.clear()
  }

  /** @returns whether there is something to close */
  #begin(): boolean {
    this.closing = true
    if (!this.done) this.#scheduler.ref(this.external)
    return !this.done
  }

  /** Resets the connection once the peer has taken nothing for so long. */
  #awaitProgress(stall: number, untaken: number, since: number): void {
    this.#arm(stall / CHECKS_PER_STALL, () => {
      if (this.#unsent === 0) return // LINGERING or CLOSED follows.
      const left = this.#untaken
      const now = this.#scheduler.host.now()
      if (left !== untaken) this.#awaitProgress(stall, left, now)
      else if (now - since < stall) this.#awaitProgress(stall, untaken, since)
      else this.#socket.reset()
    })
  }

  /** How many bytes the peer has not taken, as far as the driver can see. */
  get #untaken(): number {
    return (this.#socket.unacknowledged ?? 0) + this.#unsent
  }

  get #unsent(): number {
    try {
      return (this.#output ?? this.#socket).unsent
    } catch {
      return 0 // The socket has failed: CLOSED follows.
    }
  }

  #arm(ms: number, call: () => void): void {
    const { host } = this.#scheduler
    if (ms === Number.POSITIVE_INFINITY) return
    this.#timer = host.at(host.now() + ms, () => {
      this.#timer = undefined
      call()
    })
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#scheduler.host.cancel(this.#timer)
    this.#timer = undefined
  }
}
