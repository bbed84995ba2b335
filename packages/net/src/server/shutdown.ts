/**
 * A request to end the server, from an AbortSignal or from SIGINT and SIGTERM. It only says that
 * the server is to end; how it ends is in `server`.
 */

import { type AbortSignalLike, type Event, Latch } from '@bluelet/scheduler'
import { onAbort } from '@bluelet/scheduler/lowlevel'

/** Combines several sources of one request. */
export class ShutdownSignal {
  readonly #latch = new Latch()
  /** Called at the request. */
  readonly #callbacks = new Set<() => void>()
  /** Removes the listeners from the sources. */
  readonly #removals: (() => void)[] = []

  /** Whether the server has been asked to end. */
  get requested(): boolean {
    return this.#latch.opened
  }

  /** Event: waits for the request. */
  whenRequested(): Event<void> {
    return this.#latch.wait()
  }

  /** Calls back at the request. @returns a function that takes this back */
  onRequest(callback: () => void): () => void {
    this.#callbacks.add(callback)
    return () => this.#callbacks.delete(callback)
  }

  #request(): void {
    if (this.requested) return
    this.#latch.open()
    for (const callback of this.#callbacks) callback()
  }

  /** Listens to an AbortSignal. */
  addAbortSignal(signal: AbortSignalLike): void {
    if (signal.aborted) {
      this.#request()
      return
    }
    this.#removals.push(onAbort(signal, () => this.#request()))
  }

  /**
   * Listens to anything that calls back.
   *
   * @param listen registers the callback, and returns a function that removes it
   */
  addSource(listen: (callback: () => void) => () => void): void {
    this.#removals.push(listen(() => this.#request()))
  }

  /** Stops listening. */
  close(): void {
    for (const remove of this.#removals.splice(0)) remove()
  }
}
