/**
 * What can be run: a coroutine, or a function that makes one.
 */

import type { Coroutine, Request, Yieldable } from './protocol.js'

/** A coroutine, or a function that makes one, whatever its arguments; callers match those by their own types. */
// biome-ignore lint/suspicious/noExplicitAny: any function, whatever its arguments.
export type Startable = Coroutine | ((...args: any[]) => Coroutine)

/** A coroutine that is to run as a task. */
export interface Start {
  readonly coroutine: Coroutine
  /** What the task is called. */
  readonly name: string
  /** Nobody else has it: it need not be marked as taken. */
  readonly fresh: boolean
}

/**
 * A coroutine to run, and its name: of a function, what it returns and its own name; of a coroutine, itself and `task`,
 * since a generator does not know which function made it.
 *
 * @param operation who asks, for the error message
 * @throws TypeError if there is no coroutine
 */
export function begin(target: Startable, args: readonly unknown[], operation: string): Start {
  if (isCoroutine(target)) {
    if (args.length === 0) return { coroutine: target, name: 'task', fresh: false }
    throw new TypeError(
      `${operation}(coroutine): expected no further arguments, got ${args.length}; give them to its function`,
    )
  }
  if (typeof target !== 'function') {
    throw new TypeError(
      `${operation}(coroutine): expected a coroutine or a function that makes one, got ${inspect(target)}`,
    )
  }
  const name = target.name || 'anonymous'
  const coroutine: unknown = target(...args)
  if (isCoroutine(coroutine)) {
    // A generator function's generator is new, whereas any other function may have given it to others as well.
    return { coroutine, name, fresh: Object.getPrototypeOf(coroutine) === target.prototype }
  }
  if (coroutine instanceof Promise) coroutine.catch(() => {}) // Its own error would hide this one.
  const fix =
    coroutine instanceof Promise
      ? 'is it an async function? use function* and yield in place of await'
      : 'is it a function*?'
  throw new TypeError(
    `${operation}(${name}): expected ${name} to return a coroutine, got ${inspect(coroutine)}: ${fix}`,
  )
}

/**
 * The engine's own `next`. Each generator function has a prototype of its own, so that a trampoline which looks `next` up on
 * what it steps pays for a megamorphic load.
 */
// biome-ignore lint/suspicious/noExplicitAny: a generator takes in whatever its events give.
export const NATIVE_NEXT: Generator<unknown, unknown, any>['next'] = Object.getPrototypeOf(function* () {})
  .prototype.next

/** A coroutine that the engine can step: itself, or, around one that a compiler has made of plain functions, a shell. */
export function native<T>(coroutine: Coroutine<T>): Coroutine<T> {
  return coroutine.next === NATIVE_NEXT ? coroutine : shell(coroutine)
}

function* shell<T>(coroutine: Coroutine<T>): Generator<Yieldable, T, unknown> {
  return yield* coroutine
}

/** Whether a value can be run as a coroutine: it is a generator, native or compiled. */
export function isCoroutine(value: unknown): value is Coroutine {
  const candidate = value as Coroutine | null | undefined
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    !('$handler' in candidate) &&
    typeof candidate.next === 'function' &&
    typeof candidate.throw === 'function' &&
    typeof candidate[Symbol.iterator] === 'function'
  )
}

/** A value in an error message: short, and never an error of its own. */
export function inspect(value: unknown): string {
  try {
    if (typeof value === 'string')
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value)
    if (typeof value === 'function') return `a function (${value.name || 'anonymous'})`
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value !== 'object' || value === null) return String(value)
    if (Array.isArray(value)) return `an array of ${value.length}`
    if ('$handler' in value) return `an event (${(value as Request).$handler.name})` // Only events have this field.
    const name: unknown = value.constructor?.name
    return typeof name === 'string' && name !== '' ? `an object (${name})` : 'an object'
  } catch {
    return 'an object'
  }
}

/**
 * Checks a length of time.
 *
 * @param what what it is for, as the error message names it
 * @throws RangeError if it is no number, negative or NaN
 */
export function checkMs(ms: unknown, what: string): number {
  if (typeof ms === 'number' && ms >= 0) return ms
  throw new RangeError(`${what}: expected ms >= 0, got ${typeof ms === 'number' ? ms : inspect(ms)}`)
}
