/**
 * What can be run: a coroutine, or a function that makes one.
 */

import { inspect, nameOf } from '../check.js'
import type { SpawnRequest } from './kernel.js'
import type { Coroutine, Yieldable } from './protocol.js'
import type { Outcome } from './task-state.js'

/** What a library says of the coroutines of one of its functions. */
export interface CoroutineInfo {
  /** The name of a task that runs such a coroutine and is spawned without a name. */
  readonly name?: string
  /** Whether the library runs them for itself: a recording leaves their tasks out. */
  readonly library?: boolean
}

/** By the prototype of a function's generators, by which a generator can be recognized. */
const registered = new WeakMap<object, CoroutineInfo>()

/**
 * Says what the coroutines of a generator function are, for snapshots, traces and probes.
 *
 * @typeParam F the type of the function
 * @param makes the generator function
 * @param info what is said of them
 * @returns the function
 */
export function registerCoroutine<F extends (...args: never[]) => Coroutine>(
  makes: F,
  info: CoroutineInfo,
): F {
  registered.set(makes.prototype, info)
  return makes
}

const OF_LIBRARY: CoroutineInfo = { library: true }

/**
 * Says that a library runs the coroutines of a generator function for itself: a recording leaves
 * their tasks out. To be called where such a coroutine is made.
 *
 * @typeParam F the type of the function
 * @returns the function
 */
export function ofLibrary<F extends (...args: never[]) => Coroutine>(makes: F): F {
  return registerCoroutine(makes, OF_LIBRARY)
}

/** What is said of the coroutines of the function that made this one. */
export function aboutOf(coroutine: Coroutine): CoroutineInfo | undefined {
  return registered.get(Object.getPrototypeOf(coroutine))
}

/** A coroutine, or a function that makes one. Callers match the arguments by their own types. */
// biome-ignore lint/suspicious/noExplicitAny: any function, whatever its arguments.
export type CoroutineSource = Coroutine | ((...args: any[]) => Coroutine)

/**
 * The coroutine of a source, and its name. A function gives both; a coroutine gives itself and the
 * name `task`, because a generator does not know the function that made it, unless that function
 * was registered.
 *
 * @param operation the caller, for the error message
 * @throws TypeError if there is no coroutine
 */
export function toCoroutine(
  source: CoroutineSource,
  args: readonly unknown[],
  operation: string,
): SpawnRequest {
  if (isCoroutine(source)) {
    if (args.length === 0) return { coroutine: source, name: aboutOf(source)?.name ?? 'task', fresh: false }
    throw new TypeError(
      `${operation}(coroutine): expected no further arguments, got ${args.length}; give them to its function`,
    )
  }
  if (typeof source !== 'function') {
    throw new TypeError(
      `${operation}(coroutine): expected a coroutine or a function that makes one, got ${inspect(source)}`,
    )
  }
  const name = nameOf(source, 'anonymous')
  const coroutine: unknown = source(...args)
  if (isCoroutine(coroutine)) {
    // A generator function's generator is new, whereas another function may have given it to other
    // callers, too.
    return { coroutine, name, fresh: Object.getPrototypeOf(coroutine) === source.prototype }
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
 * The engine's own `next`. Each generator function has a prototype of its own, so that looking
 * `next` up on the generator would be a megamorphic load at every step.
 */
// biome-ignore lint/suspicious/noExplicitAny: a generator takes in the values of its events.
export const NATIVE_NEXT: Generator<unknown, unknown, any>['next'] = Object.getPrototypeOf(function* () {})
  .prototype.next

/**
 * A coroutine that the engine can step: itself, or a shell around one that a compiler has made of
 * plain functions.
 */
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

/** Closes the coroutine of a task that has taken no step: its body never runs. */
export function close(coroutine: Coroutine | null): Outcome<never> {
  try {
    coroutine?.return(undefined)
  } catch (error) {
    return { kind: 'threw', error } // The program had already run a part of this generator, whose finally threw.
  }
  return { kind: 'killed' }
}
