/** Signals of the process as events. */

import { ClosedError, type Event } from '@bluelet/scheduler'
import { type EventHandler, event, type Waiter } from '@bluelet/scheduler/lowlevel'
import { signalSource } from '#drivers'
import { shown } from '../check.js'

/** The name of a signal that a program can handle. */
export type SignalName = Exclude<
  NodeJS.Signals,
  'SIGBUS' | 'SIGFPE' | 'SIGILL' | 'SIGKILL' | 'SIGSEGV' | 'SIGSTOP'
>

/**
 * Listens to signals of the process: a plain call. From then on they no longer have their default
 * action, such as to end the process, until `close()`.
 *
 * A server with `signals: true` goes on listening to SIGINT and SIGTERM by itself: both receive
 * them.
 *
 * @example
 * function* reloads() {
 *   using hups = signals('SIGHUP')
 *   while (true) {
 *     yield* hups.next()
 *     console.log('reload')
 *   }
 * }
 *
 * @typeParam S the names
 * @param names at least one name: `'SIGHUP'`, `'SIGTERM'` ...
 * @throws TypeError if there is no name, no such signal, or a program cannot handle it (SIGKILL,
 *   SIGSTOP, and the signals of faults)
 * @throws Error if this is not the main thread of the process, or not Node
 */
export function signals<S extends SignalName>(...names: S[]): Signals<S> {
  if (names.length === 0) throw new TypeError("signals(): expected the names of signals, such as 'SIGHUP'")
  for (const name of names) {
    const refusal = signalSource.refusal(name)
    if (refusal === undefined) continue
    throw new TypeError(
      `signals: expected the name of a signal, such as 'SIGHUP', got ${shown(name)}: ${refusal}`,
    )
  }
  signalSource.assertAvailable()
  return new Signals(names)
}

/**
 * Signals that a program listens to, made by {@link signals}.
 *
 * @typeParam S their names
 */
export class Signals<S extends SignalName = SignalName> {
  /** The signals that have come and were not received, the oldest first. */
  #pending: Set<S> = new Set()
  /** In the order in which they came. */
  readonly #waiters = new Set<Waiter<S>>()
  readonly #removals: (() => void)[] = []
  /** Lets the process end; null while no task waits. */
  #release: (() => void) | null = null
  #closed = false
  readonly #next: EventHandler<undefined, undefined, S>

  /** @internal */
  constructor(names: readonly S[]) {
    this.#next = {
      name: 'signals.next',
      external: 'signal',
      on: () => this,
      describe: () => `next() of ${names.join(', ')}`,
      enter: (waiter) => this.#enter(waiter),
      withdraw: (waiter) => this.#left(waiter),
      discard: (_argument, name) => this.#putBack(name),
    }
    for (const name of new Set(names)) {
      this.#removals.push(signalSource.listen(name, () => this.#arrived(name)))
    }
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Event: waits for the next signal, and gives its name. A signal that comes while no task waits
   * is given to the next one; if it comes several times, it is given once, as by the system. A task
   * that is killed while it waits loses no signal.
   *
   * Such a wait keeps the process alive, and is never part of a deadlock. Throws
   * {@link ClosedError} once `close()` has been called.
   */
  next(): Event<S> {
    return event(this.#next, undefined)
  }

  /**
   * Stops listening, which restores the default action of a signal that nothing else listens to: a
   * plain call. Tasks that wait get a {@link ClosedError}. Closing it again does nothing.
   */
  close(): void {
    this.#closed = true
    for (const remove of this.#removals.splice(0)) remove()
    this.#pending.clear()
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    this.#rest()
    for (const waiter of waiters) waiter.throw(new ClosedError('next(): the signals have been closed'))
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close()
  }

  #enter(waiter: Waiter<S>): undefined {
    if (this.#closed) throw new ClosedError('next(): the signals are closed')
    const [first] = this.#pending
    if (first !== undefined) {
      this.#pending.delete(first)
      waiter.resume(first)
      return
    }
    this.#waiters.add(waiter)
    this.#release ??= signalSource.hold()
  }

  #left(waiter: Waiter<S>): void {
    this.#waiters.delete(waiter)
    this.#rest()
  }

  #rest(): void {
    if (this.#waiters.size > 0) return
    this.#release?.()
    this.#release = null
  }

  #arrived(name: S): void {
    if (!this.#give(name)) this.#pending.add(name)
  }

  #putBack(name: S): void {
    if (this.#closed || this.#give(name)) return
    this.#pending = new Set([name, ...this.#pending])
  }

  /** Gives a signal to the first task that waits. @returns false if there is none */
  #give(name: S): boolean {
    const [waiter] = this.#waiters
    if (waiter === undefined) return false
    this.#left(waiter)
    waiter.resume(name) // A waiter that is leaving gives it back at once, by `discard`.
    return true
  }
}
