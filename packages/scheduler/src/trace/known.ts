/**
 * What a recording remembers of each task, to say why it will run next.
 */

import type { EventHandler } from '../core/protocol.js'

/** What made something happen, as it is written: something that is in the trace, or outside. */
export interface Origin {
  /** What kind of cause it is; of a socket, what happened to it, too. */
  readonly op: number
  /** The task, or the socket. */
  readonly id: number
  readonly ref: number | null
  readonly x: number
  readonly source: string | undefined
}

/** What a recording remembers of a task that has not ended. */
export interface Known {
  readonly id: number
  /**
   * Of a task that is left out: why it runs, and the task that counts as its own children's
   * spawner.
   */
  readonly hidden: { origin: Origin; readonly parent: number } | null
  /** The number of the event for which it will be resumed; null if that is not known. */
  because: number | null
  /** The number of the `resume` that began its step. */
  step: number | null
  /** The socket from which its yield takes what has arrived; 0 if there is none. */
  receives: number
  /** The name of the function that its yield calls. */
  callee: string | undefined
  /** The latest resource that it waited for, and its id. */
  resource: object | null
  res: number
  /** The latest request whose argument is no object, and its text. */
  handler: EventHandler | null
  argument: unknown
  text: string
}

/** A task of which nothing is known yet. */
export function newKnown(id: number, hidden: Known['hidden']): Known {
  return {
    id,
    hidden,
    because: null,
    step: null,
    receives: 0,
    callee: undefined,
    resource: null,
    res: 0,
    handler: null,
    argument: undefined,
    text: '',
  }
}
