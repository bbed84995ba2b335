// What a task waits for, as data, and what can be said of it afterwards.
import { KilledError, type Task, type Yieldable } from '@bluelet/scheduler'
import type { ChannelRecord, Message } from './channel-recorder.js'
import type { Part } from './programs.js'

/** What is known of a task, or of a branch of a combination. */
export interface TaskRecord {
  /** The task of which it is a part. */
  readonly home: Home
  /** How often its `finally` has run. */
  ended: number
  /** The number of the message that it received last, of each channel. */
  readonly received: Map<ChannelRecord, number>
}

/** A task of the program, once it is known; never that of a branch. */
export interface Home {
  task?: Task
}

/** One part of a wait. */
export interface Need {
  readonly kind: Part['kind'] | 'acquire'
  readonly yieldable: Yieldable
  readonly target?: Task
  /** It had not taken its first step by then: a kill must see to it that it never does. */
  readonly fresh?: boolean
  readonly channelRecord?: ChannelRecord
  readonly message?: Message
  readonly ms?: number
}

/** One wait of one task. */
export interface Wait {
  readonly record: TaskRecord
  /** How its needs are combined. */
  readonly rule: 'one' | 'race' | 'all' | 'timeout'
  readonly needs: readonly Need[]
  /** The limit of a `timeout`. */
  readonly ms: number
  readonly began: number
  /** When it began, in the order of all that the recorder was told. */
  readonly at: number
}

/** An error that came out of a wait. */
export interface Caught {
  readonly error: unknown
  readonly wait: Wait
  /** When it came out, in the same order. */
  readonly at: number
}

/** Whether a value has come through a channel. */
export function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && 'channelRecord' in value
}

/** The task that each task joins, of those that do nothing else. */
function joinsOf(waits: Iterable<Wait>): Map<Task, Task> {
  const joins = new Map<Task, Task>()
  for (const { record, rule, needs } of waits) {
    const [need] = needs
    const joiner = record.home.task
    if (rule === 'one' && need?.kind === 'join' && need.target !== undefined && joiner !== undefined)
      joins.set(joiner, need.target)
  }
  return joins
}

/** Whether there are tasks that join each other in a circle. */
export function hasCircle(waits: Iterable<Wait>): boolean {
  const joins = joinsOf(waits)
  return [...joins.keys()].some((task) => {
    let target = joins.get(task)
    for (let i = 0; i < joins.size && target !== undefined && target !== task; i++) target = joins.get(target)
    return target === task
  })
}

/** Whether a task has returned this value. */
export function gives(task: Task | undefined, value: unknown): boolean {
  return task?.outcome?.kind === 'returned' && task.outcome.value === value
}

/** Whether a task that joins this one gets this error. */
export function throws(task: Task | undefined, error: unknown): boolean {
  const outcome = task?.outcome
  return outcome?.kind === 'threw'
    ? outcome.error === error
    : outcome?.kind === 'killed' && error instanceof KilledError
}

/** What else a combination has done when it fails, it does not say. */
export function doubt(needs: readonly Need[]): void {
  for (const { channelRecord, message } of needs) if (message !== undefined) channelRecord?.doubt(message)
}

/** An error and those that it is made of. */
export function flatten(error: unknown): unknown[] {
  return error instanceof AggregateError ? [error, ...error.errors.flatMap(flatten)] : [error]
}
