// What every interpreter of programs needs: the number of a coroutine, how a block is left, and the
// names of what is thrown.
import { Cancelled } from '@bluelet/scheduler'
import type { Kind } from './programs.js'

/** What the statements of one coroutine share. */
export interface Frame {
  x: unknown
  /** What it has caught last. */
  error: unknown
}

/** Left by `return`, `break` or `continue`. */
export class Leaving {
  readonly kind: Kind
  readonly value: unknown

  constructor(kind: Kind, value: unknown) {
    this.kind = kind
    this.value = value
  }
}

/**
 * What a coroutine returns is a value; what a helper returns tells the enclosing block how it was
 * left.
 *
 * @param whole whether this is all of a coroutine, or a helper that it delegates to
 */
export function leave(leaving: unknown, frame: Frame, whole: boolean): unknown {
  if (!whole) return leaving
  return leaving instanceof Leaving ? leaving.value : frame.x
}

/**
 * Numbers only: what else comes in is another coroutine's mistake, and is not to be hidden in a
 * NaN.
 */
export function sum(x: unknown, n: number): number {
  return typeof x === 'number' ? x + n : n
}

/** An object that is thrown, recognized by identity. */
class Failure {}

/**
 * All that one run throws, in order: two runs of one program throw the same, each its own objects.
 */
export class Failures {
  readonly #thrown: unknown[] = []

  /** Something new to throw: mostly an object, at times an error, and nothing at all. */
  make(n: number): unknown {
    const failure = n === 0 ? undefined : n === 1 ? new Error('failure') : new Failure()
    this.#thrown.push(failure)
    return failure
  }

  /** A value or an error as the log has it. */
  label(value: unknown): string {
    const i = this.#thrown.indexOf(value)
    if (i >= 0) return `e${i}`
    return value instanceof Cancelled ? 'Cancelled' : String(value)
  }
}
