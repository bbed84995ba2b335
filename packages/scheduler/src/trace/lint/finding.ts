/**
 * What a rule has found. Types only.
 */

/** The names of the rules. */
export type Rule =
  | 'deadlock'
  | 'lost-wakeup'
  | 'left-behind'
  | 'busy-loop'
  | 'no-yield'
  | 'long-step'
  | 'starvation'
  | 'slow-cleanup'
  | 'unjoined-error'

/** Something that looks wrong. */
export interface Finding {
  /** The name of the rule. */
  readonly rule: Rule
  /** The number of the event that shows it. */
  readonly n: number
  /** When that was, in milliseconds on the clock of the trace. */
  readonly t: number
  /** The id of the task that it is about. */
  readonly co: number
  /** The ids of all tasks that are concerned. */
  readonly tasks: readonly number[]
  /** What looks wrong, and what to do: a sentence without its end. */
  readonly msg: string
}

/** What is still all right. */
export interface Limits {
  /** Milliseconds of a step, in real time. */
  readonly longStep: number
  /** Pauses in a row. */
  readonly pauses: number
  /** Steps of another task while one is ready. */
  readonly overtaken: number
}
