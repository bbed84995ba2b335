/**
 * What a task can be doing, how it is entered at its next step, and how it can end.
 */

/**
 * What a task is doing. `new`: it has taken no step yet. `ready`: it waits for its turn. `running`: this is its step.
 * `entering`: what it yielded is being looked at. `parked`: it waits for an event. `withdrawing`: the event that it waits
 * for is being withdrawn, which takes time. `ended`: see the outcome.
 */
export type TaskState = 'new' | 'ready' | 'running' | 'entering' | 'parked' | 'withdrawing' | 'ended'

// The states as numbers: indices into their names.
export const NEW = 0
export const READY = 1
export const RUNNING = 2
export const ENTERING = 3
export const PARKED = 4
export const WITHDRAWING = 5
export const ENDED = 6
/** One of these numbers. */
export type Phase = 0 | 1 | 2 | 3 | 4 | 5 | 6
/** The states by their numbers. */
export const STATES: readonly TaskState[] = [
  'new',
  'ready',
  'running',
  'entering',
  'parked',
  'withdrawing',
  'ended',
]

/**
 * How a task ended.
 *
 * @typeParam T what it returned, if it did
 */
export type Outcome<T = unknown> =
  | {
      /** It came to its end. */
      readonly kind: 'returned'
      /** What it returned. */
      readonly value: T
    }
  | {
      /** It failed. */
      readonly kind: 'threw'
      /** What it threw. */
      readonly error: unknown
    }
  | {
      /** It was killed. */
      readonly kind: 'killed'
    }

/** How the coroutine is to be entered at the next step. */
export type Mode = typeof NEXT | typeof THROW | typeof RETURN
/** Enter with a value. */
export const NEXT = 0
/** Enter with an error. */
export const THROW = 1
/** Make it return, running its `finally` blocks. */
export const RETURN = 2
