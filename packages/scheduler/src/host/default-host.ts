/**
 * The host of the real world.
 *
 * The only file of this package that looks at the environment, and it does so by feature: it runs
 * in Node, Bun, Deno, browsers, workers and bare engines.
 */

import { inspectThrown } from '../check.js'
import type { Host } from './host.js'

/** The parts of the global object that this file looks for. Each may be missing. */
interface Environment {
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

const environment = globalThis as Environment

/**
 * Above 2^31 - 1 ms a platform timer fires at once. The scheduler sets another one when this one
 * fires.
 */
const MAX_TIMER_MS = 2 ** 30

/** What the fake timers of a test runner replace, as it is at one time. */
type Clockwork = ReturnType<typeof currentClockwork>

/** The clock and the timers of load time. */
const platform: Clockwork = /* @__PURE__ */ currentClockwork()

/**
 * The real world: `setImmediate` or its nearest equivalent, `setTimeout`, `performance.now`. A run
 * without a host of its own uses those that are there when it begins; this host, those that were
 * there when this module was loaded.
 */
export const defaultHost: Host = /* @__PURE__ */ hostOf(platform)

let latest = { clockwork: platform, host: defaultHost }

/**
 * The default host of a run that begins now. The run keeps its clock and its timers: under the fake
 * timers of a test runner it follows them, and if it began before they were installed, it does not
 * freeze.
 */
export function currentHost(): Host {
  const clockwork = currentClockwork()
  if (!isSame(clockwork, latest.clockwork)) {
    latest = { clockwork, host: isSame(clockwork, platform) ? defaultHost : hostOf(clockwork) }
  }
  return latest.host
}

function currentClockwork() {
  const { performance, setImmediate, setTimeout, clearTimeout } = environment
  return { performance, now: performance?.now, wall: Date.now, setImmediate, setTimeout, clearTimeout }
}

function isSame(a: Clockwork, b: Clockwork): boolean {
  return Object.keys(a).every((part) => a[part as keyof Clockwork] === b[part as keyof Clockwork])
}

function hostOf(clockwork: Clockwork): Host {
  const { setTimeout, clearTimeout } = clockwork
  const clock = monotonicClock(clockwork)
  /** The latest deadline for which a timer has fired that is not the platform's. */
  let fired = Number.NEGATIVE_INFINITY
  const isPlatform = setTimeout === platform.setTimeout
  return {
    now: isPlatform ? clock : () => Math.max(clock(), fired),
    soon: macrotask(clockwork),
    at(deadline, callback) {
      if (setTimeout === undefined) {
        throw new Error('this environment has no timers: give the scheduler a host with an at() of its own')
      }
      const ms = Math.max(Math.min(Math.ceil(deadline - this.now()), MAX_TIMER_MS), 0)
      if (isPlatform) return setTimeout(callback, ms)
      // Fake timers need not fake the clock: that a timer fires says what time it is.
      const due = Math.min(deadline, this.now() + ms)
      const timer = setTimeout(() => {
        clearTimeout?.(timer) // Those of node:test would fire again if the callback sets one that is due earlier.
        fired = Math.max(fired, due)
        callback()
      }, ms)
      return timer
    },
    cancel(timer) {
      clearTimeout?.(timer)
    },
    report(error) {
      try {
        environment.console?.error(error)
      } catch {
        environment.console?.error(inspectThrown(error)) // A console may fail at a value that cannot be printed.
      }
    },
    onIdle(callback) {
      const listener = () => callback(false)
      exitListeners.add(listener)
      listenForExit()
      return () => exitListeners.delete(listener)
    },
  }
}

function monotonicClock({ performance, now, wall, setTimeout }: Clockwork): () => number {
  // Fake timers that fake the date, but not this clock.
  const isReal = now === platform.now && wall !== platform.wall && setTimeout !== platform.setTimeout
  if (now !== undefined && !isReal) return () => now.call(performance)
  // A wall clock may go back. What it loses by that is added to it again.
  let last = wall()
  let lost = 0
  return () => {
    const time = wall()
    if (time < last) lost += last - time
    last = time
    return time + lost
  }
}

/**
 * Schedules a callback behind I/O and timers. Behind a microtask, tasks that never wait would
 * starve them.
 */
function macrotask({ setImmediate, setTimeout }: Clockwork): (callback: () => void) => void {
  if (setImmediate !== undefined) return (callback) => void setImmediate(callback)
  // Read only here: in Node this loads a module, which takes time.
  const { MessageChannel, queueMicrotask } = environment
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
      // On Node a port keeps the process alive, which it must do only while a callback is due.
      port1.ref?.()
      port2.postMessage(null)
    }
  }
  if (setTimeout !== undefined) return (callback) => void setTimeout(callback, 0)
  // A bare engine has no I/O that could starve.
  if (queueMicrotask !== undefined) return (callback) => queueMicrotask(callback)
  return (callback) => void Promise.resolve().then(callback)
}

const exitListeners = new Set<() => void>()
let listening = false

function listenForExit(): void {
  if (listening) return
  listening = true
  environment.process?.on?.('beforeExit', () => {
    for (const listener of [...exitListeners]) listener()
  })
}
