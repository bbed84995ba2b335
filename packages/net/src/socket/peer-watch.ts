/**
 * The event that waits until the peer has disconnected. It reads nothing itself: the reading half,
 * which finds out, tells it.
 */

import { ClosedError } from '@bluelet/scheduler'
import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'

/** A task in `whenGone`, or a session. */
type Watcher = Pick<Waiter<void>, 'resume' | 'throw'>

/** The handler of `whenGone`. The argument is whether the end of the stream counts. */
export class PeerWatch implements EventHandler<boolean, undefined, void> {
  /** Calls `ended` or `failed` if one of them applies already. */
  readonly #look: () => void
  readonly #connection: object
  /** Whether the connection has failed. */
  hasFailed = false
  /** Whether `close()` or `abort()` has been called. */
  #closed: boolean
  /** Each with its argument. */
  readonly #waiters = new Map<Watcher, boolean>()

  constructor(look: () => void, closed: boolean, connection: object) {
    this.#look = look
    this.#closed = closed
    this.#connection = connection
  }

  get name(): string {
    return 'whenGone'
  }

  get external(): string {
    return 'socket'
  }

  on(): object {
    return this.#connection
  }

  /** Whether a task or a session waits. */
  get active(): boolean {
    return this.#waiters.size > 0
  }

  enter(waiter: Watcher, end: boolean): undefined {
    if (this.#closed) throw new ClosedError('whenGone(): the connection is closed')
    this.#waiters.set(waiter, end)
    if (this.hasFailed) this.failed()
    else this.#look()
  }

  withdraw(waiter: Watcher): void {
    this.#waiters.delete(waiter)
  }

  /** The stream has ended, and all of it has been read. */
  ended(): void {
    for (const [waiter, end] of this.#waiters) if (end) this.#resume(waiter)
  }

  /** The connection has ended other than by an orderly end. */
  failed(): void {
    this.hasFailed = true
    for (const waiter of this.#waiters.keys()) this.#resume(waiter)
  }

  /** We have closed the connection. */
  close(): void {
    this.#closed = true
    const waiters = [...this.#waiters.keys()]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.throw(new ClosedError('whenGone(): the connection has been closed'))
  }

  #resume(waiter: Watcher): void {
    this.#waiters.delete(waiter)
    waiter.resume()
  }
}
