/**
 * What the scheduler borrows from its surroundings: the time, "call me soon" and "call me at".
 *
 * The only file of this package that looks at the world around it, and it does so by feature: it runs in Node, Bun, Deno,
 * browsers, workers and bare engines alike.
 */

import type { Schedule } from './schedule.js'

/**
 * The surroundings of a scheduler. Give your own to drive it differently: {@link defaultHost} is the real world, the
 * virtual host of `@bluelet/scheduler/testing` one in which time jumps.
 */
export interface Host {
  /** The time in milliseconds from any fixed origin, monotonic: it never goes back. */
  now(): number
  /** Calls back once, soon, after the surroundings had their turn at I/O and timers; never before it returns. */
  soon(callback: () => void): void
  /**
   * Calls back once, not long after the time `deadline` (it may be early: the scheduler looks again); keeps the process
   * alive until then.
   *
   * @returns what `cancel` takes
   */
  at(deadline: number, callback: () => void): unknown
  /** Takes back an `at` that is no longer wanted. */
  cancel(timer: unknown): void
  /** Whether schedulers note where tasks are spawned and where they yield, unless told otherwise; by default false. */
  readonly sites?: boolean
  /** Prints an error that nobody can be told otherwise, such as one that a probe threw. */
  report(error: unknown): void
  /**
   * Calls back if nothing else in the process can ever call in again, so that whoever still waits would wait for ever.
   * Node: `beforeExit`.
   *
   * @returns takes it back
   */
  onExhausted?(callback: () => void): () => void
  /** Decides which of the ready tasks is to step; by default the one that has been ready for longest. */
  readonly schedule?: Schedule
  /**
   * What this host itself brings about, of that which otherwise comes from outside, such as `socket`. It comes by `at`
   * then, and once that has nothing left to call it will never come.
   */
  readonly simulates?: readonly string[]
  /**
   * Calls back whenever it has nothing left to call, neither soon nor at any time: of what it simulates nothing will come.
   *
   * @returns takes it back
   */
  onIdle?(callback: () => void): () => void
  /**
   * Remembers the surroundings of a spawn; every step of the spawned task is made through the function that it returns.
   * With `AsyncLocalStorage`: `context: () => AsyncLocalStorage.snapshot()`. Off unless given: it costs a step some time.
   */
  context?(): StepContext
}

/** Calls a function within surroundings that were remembered. */
export type StepContext = <A, R>(call: (arg: A) => R, arg: A) => R

/** The part of the global object that this file looks for; every item may be missing. */
interface Surroundings {
  readonly performance?: { now(): number }
  readonly setImmediate?: (callback: () => void) => unknown
  readonly setTimeout?: (callback: () => void, ms: number) => unknown
  readonly clearTimeout?: (timer: unknown) => void
  readonly queueMicrotask?: (callback: () => void) => void
  readonly MessageChannel?: new () => {
    port1: { onmessage: unknown; ref?(): void; unref?(): void }
    port2: { postMessage(message: unknown): void }
  }
  readonly console?: { error(...values: unknown[]): void }
  readonly process?: { on?(event: string, callback: () => void): unknown }
}

const surroundings = globalThis as Surroundings

/** Above 2^31 - 1 ms a timer of the platform fires at once; the scheduler looks again when this one does. */
const LONGEST_TIMER_MS = 2 ** 30

/** The real world: `setImmediate` or what comes nearest to it, `setTimeout`, `performance.now`. */
export const defaultHost: Host = {
  now: monotonicClock(),
  soon: macrotask(),
  at(deadline, callback) {
    if (surroundings.setTimeout === undefined) {
      throw new Error('there are no timers here: give the scheduler a host whose at() has some')
    }
    const ms = Math.min(Math.ceil(deadline - this.now()), LONGEST_TIMER_MS)
    return surroundings.setTimeout(callback, Math.max(ms, 0))
  },
  cancel(timer) {
    surroundings.clearTimeout?.(timer)
  },
  report(error) {
    surroundings.console?.error(error)
  },
  onExhausted(callback) {
    exhausted.add(callback)
    listenForExhaustion()
    return () => exhausted.delete(callback)
  },
}

function monotonicClock(): () => number {
  const { performance } = surroundings
  if (performance !== undefined) return () => performance.now()
  // A bare engine has only the wall clock: what it loses by going back is made up for.
  let last = Date.now()
  let lost = 0
  return () => {
    const wall = Date.now()
    if (wall < last) lost += last - wall
    last = wall
    return wall + lost
  }
}

/** A callback that lets I/O and timers go first. A microtask would not: tasks that never wait would starve them. */
function macrotask(): (callback: () => void) => void {
  const { setImmediate, MessageChannel, setTimeout, queueMicrotask } = surroundings
  if (setImmediate !== undefined) return (callback) => void setImmediate(callback)
  if (MessageChannel !== undefined) {
    const { port1, port2 } = new MessageChannel()
    const callbacks: (() => void)[] = []
    port1.onmessage = () => {
      if (callbacks.length === 1) port1.unref?.()
      callbacks.shift()?.()
    }
    port1.unref?.()
    return (callback) => {
      callbacks.push(callback)
      // Where a port keeps the process alive, it does so only while it is waited for.
      port1.ref?.()
      port2.postMessage(null)
    }
  }
  if (setTimeout !== undefined) return (callback) => void setTimeout(callback, 0)
  // A bare engine has no I/O to let in.
  if (queueMicrotask !== undefined) return (callback) => queueMicrotask(callback)
  return (callback) => void Promise.resolve().then(callback)
}

const exhausted = new Set<() => void>()
let listening = false

function listenForExhaustion(): void {
  if (listening) return
  listening = true
  surroundings.process?.on?.('beforeExit', () => {
    for (const callback of [...exhausted]) callback()
  })
}
