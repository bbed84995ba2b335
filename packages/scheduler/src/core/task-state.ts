/**
 * The states of a task, the ways to enter a coroutine, and the ways in which a task can end.
 */

/**
 * What a task is doing. `new`: it has taken no step yet. `ready`: it is in the run queue.
 * `running`: this is its step. `entering`: the event that it yielded is being entered. `parked`: it
 * waits for an event. `withdrawing`: the event that it waits for is being withdrawn, which takes
 * time. `ended`: see the outcome.
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
/** The names by the numbers. */
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
 * @typeParam T the value that it returned, if it did
 */
export type Outcome<T = unknown> =
  | {
      /** It returned. */
      readonly kind: 'returned'
      /** The value that it returned. */
      readonly value: T
    }
  | {
      /** It failed. */
      readonly kind: 'threw'
      /** The error that it threw. */
      readonly error: unknown
    }
  | {
      /** It was killed. */
      readonly kind: 'killed'
    }

/** How the coroutine is entered at the next step. */
export type Mode = typeof NEXT | typeof THROW | typeof RETURN
/** Enter with a value. */
export const NEXT = 0
/** Enter with an error. */
export const THROW = 1
/** Make it return, which runs its `finally` blocks. */
export const RETURN = 2
/** What probes call them, by the numbers. */
export const MODE_NAMES = ['value', 'error', 'return'] as const
