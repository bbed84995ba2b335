/**
 * The event that waits until nothing that was sent waits in this process. The writing half says
 * what waits, and calls when that may have changed.
 */

import type { EventHandler, Waiter } from '@bluelet/scheduler/lowlevel'

/** What is flushed. */
interface Flushed {
  /**
   * Whether a send or some of its bytes wait here.
   *
   * @throws the error for a flush of a connection that has failed or is closed
   */
  flushes(): boolean
  /** A flush has begun to wait. */
  waits(): void
}

/** The handler of `flush`. Several tasks may wait, and delay no send. */
export class Flush implements EventHandler<undefined, undefined, void> {
  readonly #half: Flushed
  readonly #waiters = new Set<Waiter<void>>()

  constructor(half: Flushed) {
    this.#half = half
  }

  get name(): string {
    return 'flush'
  }

  get external(): string {
    return 'socket'
  }

  /** Whether a task waits. */
  get busy(): boolean {
    return this.#waiters.size > 0
  }

  enter(waiter: Waiter<void>): undefined {
    if (!this.#half.flushes()) {
      waiter.resume()
      return
    }
    this.#waiters.add(waiter)
    this.#half.waits()
  }

  withdraw(waiter: Waiter<void>): void {
    this.#waiters.delete(waiter)
  }

  /** Answers all that wait, if what they wait for has gone or has failed. */
  ready(): void {
    for (const waiter of this.#waiters) {
      try {
        if (this.#half.flushes()) return
        this.#waiters.delete(waiter)
        waiter.resume()
      } catch (error) {
        this.#waiters.delete(waiter)
        waiter.throw(error)
      }
    }
  }

  /** Fails all that wait. */
  fail(error: Error): void {
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter.throw(error)
  }
}
