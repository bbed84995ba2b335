/**
 * Being asked to end: by an AbortSignal, or by SIGINT and SIGTERM.
 */

import { type AbortSignalLike, type Event, Latch } from '@bluelet/scheduler'

/** A request to end, from outside. */
export class ShutdownSignal {
  readonly #latch: Latch
  /** Takes back what was asked of the surroundings. */
  readonly #unlisten: (() => void)[]

  constructor() {
    this.#latch = new Latch()
    this.#unlisten = []
  }

  /** Whether that has been asked. */
  get requested(): boolean {
    return this.#latch.opened
  }

  /** Event: waits until it is asked. */
  whenRequested(): Event<void> {
    return this.#latch.wait()
  }

  /** Hears it from a signal. */
  addAbortSignal(signal: AbortSignalLike): void {
    if (signal.aborted) {
      this.#latch.open()
      return
    }
    const abort = () => this.#latch.open()
    signal.addEventListener('abort', abort)
    this.#unlisten.push(() => signal.removeEventListener('abort', abort))
  }

  /** Hears it from whatever calls back. */
  addSource(listen: (callback: () => void) => () => void): void {
    this.#unlisten.push(listen(() => this.#latch.open()))
  }

  /** Hears no more. */
  close(): void {
    for (const unlisten of this.#unlisten.splice(0)) unlisten()
  }
}
