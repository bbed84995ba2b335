/**
 * What the scheduler needs from its environment: the time, "call me soon" and "call me at".
 */

import type { Schedule } from './schedule.js'

/**
 * The environment of a scheduler. Provide your own in order to drive a scheduler differently:
 * `defaultHost` is the real world, and the virtual host of `@bluelet/scheduler/testing` one in
 * which time jumps.
 */
export interface Host {
  /** The time in milliseconds from any fixed origin, monotonic: it never goes back. */
  now(): number
  /**
   * Calls back once, soon, after the environment has had its turn at I/O and timers; never before
   * it returns.
   */
  soon(callback: () => void): void
  /**
   * Calls back once, not long after the time `deadline`. It may call early: the scheduler looks at
   * the clock again. It keeps the process alive until then.
   *
   * @returns the argument of `cancel`
   */
  at(deadline: number, callback: () => void): unknown
  /** Takes back an `at`. */
  cancel(timer: unknown): void
  /** Prints an error that no caller can receive, such as one that a probe threw. */
  report(error: unknown): void
  /**
   * Whether schedulers record where tasks are spawned and where they yield, unless told otherwise.
   * The default is false.
   */
  readonly sites?: boolean
  /**
   * Whether this is a virtual world, whose time is not that of the machine and whose values are no
   * secrets. The default is false.
   */
  readonly virtual?: boolean
  /**
   * Decides which of the ready tasks steps next. The default is the one that has been ready for
   * longest.
   */
  readonly schedule?: Schedule
  /**
   * Captures the context of a spawn. Every step of the spawned task is made through the returned
   * function. With `AsyncLocalStorage`: `context: () => AsyncLocalStorage.snapshot()`. Without it a
   * step costs no time for this.
   *
   * @param task the task that is spawned
   */
  context?(task: HostedTask): StepContext
  /**
   * A scheduler of this host begins a run; its root is not spawned yet. For monitors. What it
   * throws is reported, and changes nothing. (`onRun` calls back for the runs of every host.)
   *
   * @param scheduler the `Scheduler`: an implementation may give its parameter that type
   */
  began?(scheduler: HostedScheduler): void
  /**
   * A run begins to wait for something outside the scheduler. For a host that simulates a part of
   * the outside: it can see, in its own books, whether anything that it does not simulate is still
   * awaited.
   *
   * @param source what is awaited: `socket`, `promise` ...
   */
  ref?(source: string | undefined): void
  /** The run no longer waits for it. */
  unref?(source: string | undefined): void
  /**
   * Calls back whenever nothing can call in any more, so that what is still awaited will never
   * come. On Node this is `beforeExit`.
   *
   * @param callback called with whether all that is still awaited was to come from the host itself:
   *   then a server that waits for one more connection is no deadlock
   * @returns stops calling back
   */
  onIdle?(callback: (simulated: boolean) => void): () => void
}

/** Reports an error to a host, which must not fail with another one. */
export function report(host: Host, error: unknown): void {
  try {
    host.report(error)
  } catch {
    // The last resort has failed.
  }
}

/** A task as its host sees it. */
export interface HostedTask {
  /** A small integer, in the order in which the tasks of its scheduler were spawned. */
  readonly id: number
  /** Its name. */
  readonly name: string
}

/** A scheduler as its host sees it. */
export interface HostedScheduler {
  /** The host. */
  readonly host: Host
  /** The host's time, in milliseconds. */
  now(): number
}

/** Calls a function in a context that was captured earlier. */
export type StepContext = <A, R>(call: (arg: A) => R, arg: A) => R
