/**
 * Replaces what a program takes from its environment by what gives the same in every run: time,
 * timers, chance, and the console. Only in a worker that is made for one run.
 */

import { printed } from './console.js'

/** The time of the world at 0. */
const EPOCH = Date.UTC(2026, 0, 1)

/** What would reach something outside of the program's world. */
const OUTSIDE: readonly string[] = [
  ...['fetch', 'XMLHttpRequest', 'WebSocket', 'WebTransport', 'EventSource', 'importScripts'],
  ...['postMessage', 'BroadcastChannel', 'Worker', 'SharedWorker', 'Notification', 'close'],
  ...['indexedDB', 'caches', 'navigator', 'SharedArrayBuffer'],
]

/** What the replacements need. */
export interface Environment {
  /** The virtual time in milliseconds. */
  now(): number
  /** Calls back soon, and at a time; gives what `cancel` takes. */
  soon(callback: () => void): void
  at(deadline: number, callback: () => void): unknown
  cancel(timer: unknown): void
  print(text: string): void
  /** 0 to 1, without 1. */
  random(): number
  /** A callback of the program begins. */
  turn(): void
}

/** The number of callbacks that are due. */
export interface Pending {
  readonly size: number
}

/** Replaces them. */
export function replaceGlobals(environment: Environment): Pending {
  const timers = new Map<number, unknown>()
  let last = 0

  const start = (ms: unknown, call: () => void, again: boolean): number => {
    const id = ++last
    const delay = Math.max(again ? 1 : 0, Number(ms) || 0)
    const arm = (): void => {
      timers.set(id, environment.at(environment.now() + delay, fire))
    }
    const fire = (): void => {
      timers.delete(id)
      if (again) arm()
      environment.turn()
      call()
    }
    arm()
    return id
  }
  const clear = (id: unknown): void => {
    const timer = timers.get(Number(id))
    timers.delete(Number(id))
    if (timer !== undefined) environment.cancel(timer)
  }
  const immediate = (call: (...args: unknown[]) => void, ...args: unknown[]): number => {
    const id = ++last
    timers.set(id, undefined)
    environment.soon(() => {
      if (!timers.delete(id)) return
      environment.turn()
      call(...args)
    })
    return id
  }

  const write = (...values: unknown[]): void => environment.print(printed(values))
  const console = { log: write, info: write, debug: write, warn: write, error: write, table: write }
  const now = (): number => environment.now()

  replace({
    console,
    setTimeout: (call: (...args: unknown[]) => void, ms?: unknown, ...args: unknown[]) =>
      start(ms, () => call(...args), false),
    setInterval: (call: (...args: unknown[]) => void, ms?: unknown, ...args: unknown[]) =>
      start(ms, () => call(...args), true),
    setImmediate: immediate,
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
    Date: dateOf(() => EPOCH + now()),
    process: {
      argv: [],
      env: {},
      exitCode: undefined,
      hrtime: { bigint: () => BigInt(Math.round(now() * 1e6)) },
      platform: 'linux',
      stdout: { write: (text: unknown) => environment.print(String(text).replace(/\n$/, '')) },
      versions: {},
    },
  })
  // The policy of the frame refuses these anyway; this way a program is told so at once.
  replace(Object.fromEntries(OUTSIDE.map((name) => [name, undefined])))
  Math.random = () => environment.random()
  Object.defineProperty(globalThis.performance, 'now', { value: now, configurable: true })
  return timers
}

function replace(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  }
}

/** A `Date` whose present is virtual. */
function dateOf(now: () => number): DateConstructor {
  const Real = Date
  return class extends Real {
    constructor(...args: unknown[]) {
      if (args.length === 0) super(now())
      else super(...(args as [number])) // Whatever the program has given.
    }
    static override now(): number {
      return now()
    }
  } as DateConstructor
}
