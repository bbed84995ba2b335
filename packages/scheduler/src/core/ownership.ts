/**
 * Marks the generator objects that have been started: a generator can run in one place only, and
 * the one that was spawned stands for its task.
 */

import type { Coroutine } from './protocol.js'

/** On every generator that a task runs: the task that was spawned with it, or CALLEE. */
const OWNER: unique symbol = Symbol('bluelet.owner')
/** The owner of a coroutine that another one has called: it is not a task of its own. */
export const CALLEE: object = Object.freeze({})

type Owned = Coroutine & { [OWNER]?: object }

/**
 * Marks a generator as taken.
 *
 * @throws TypeError if it was taken before
 */
export function own(coroutine: Coroutine, owner: object): void {
  const owned = coroutine as Owned
  const previous = owned[OWNER]
  if (previous !== undefined) {
    const where = previous === CALLEE ? 'was called before' : `was spawned before, as ${previous}`
    throw new TypeError(
      `this coroutine ${where}: a generator runs once; make a new one by calling its function again, and wait for a running one with join(...)`,
    )
  }
  owned[OWNER] = owner
}

/** Takes back an `own`, for a task that never was. */
export function disown(coroutine: Coroutine): void {
  delete (coroutine as Owned)[OWNER]
}

/** The task that was spawned with a coroutine, or CALLEE; undefined if it has never run. */
export function ownerOf(coroutine: unknown): object | undefined {
  return (coroutine as Owned | null | undefined)?.[OWNER]
}
