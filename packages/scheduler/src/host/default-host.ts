/**
 * The host of the real world.
 *
 * The only file of this package that looks at the environment, and it does so by feature: it runs in Node, Bun, Deno,
 * browsers, workers and bare engines.
 */

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

/** Above 2^31 - 1 ms a platform timer fires at once. The scheduler sets another one when this one fires. */
const MAX_TIMER_MS = 2 ** 30

/** The real world: `setImmediate` or its nearest equivalent, `setTimeout`, `performance.now`. */
export const defaultHost: Host = {
  now: monotonicClock(),
  soon: macrotask(),
  at(deadline, callback) {
    if (environment.setTimeout === undefined) {
      throw new Error('this environment has no timers: give the scheduler a host with an at() of its own')
    }
    const ms = Math.min(Math.ceil(deadline - this.now()), MAX_TIMER_MS)
    return environment.setTimeout(callback, Math.max(ms, 0))
  },
  cancel(timer) {
    environment.clearTimeout?.(timer)
  },
  report(error) {
    environment.console?.error(error)
  },
  onIdle(callback) {
    const listener = () => callback(false)
    exitListeners.add(listener)
    listenForExit()
    return () => exitListeners.delete(listener)
  },
}

function monotonicClock(): () => number {
  const { performance } = environment
  if (performance !== undefined) return () => performance.now()
  // A bare engine has only the wall clock. What it loses by going back is added to it again.
  let last = Date.now()
  let lost = 0
  return () => {
    const wall = Date.now()
    if (wall < last) lost += last - wall
    last = wall
    return wall + lost
  }
}

/** Schedules a callback behind I/O and timers. Behind a microtask, tasks that never wait would starve them. */
function macrotask(): (callback: () => void) => void {
  const { setImmediate, MessageChannel, setTimeout, queueMicrotask } = environment
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
