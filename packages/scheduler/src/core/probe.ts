/**
 * What a probe is: an observer of a scheduler at work. Types only.
 */

import type { Coroutine, TaskHandle } from './protocol.js'
import type { Outcome } from './task-state.js'

/**
 * Why a parked task was made ready, or why a task is cancelled: another task did it (`by`), a timer
 * expired, or something outside the scheduler did it, such as a `promise`, a `socket` or a
 * `callback` (`source`).
 */
export type WakeCause =
  | {
      /** A task did it, in its step. */
      readonly kind: 'task'
      /** The task that did it. */
      readonly by: TaskHandle
    }
  | {
      /** A timer expired. */
      readonly kind: 'timer'
      /** The time for which it was set, on the host's clock, in milliseconds. */
      readonly deadline: number
    }
  | {
      /** Something outside the scheduler did it. */
      readonly kind: 'external'
      /** The source: `promise`, `socket`, `callback` ... */
      readonly source: string
    }

/** Why a task continues although it was not made ready: the answer to its yield was there. */
export interface ResumeCause {
  /** The event was answered at once. */
  readonly kind: 'at once'
}

/**
 * Is called as a scheduler works, at once and in order; see `Scheduler.attach`. Every method is
 * optional. A probe must not call the scheduler. A probe that throws is detached, and its error is
 * reported once.
 */
export interface Probe {
  /**
   * A task was spawned.
   *
   * @param spawner null for a root and for a spawn from outside
   * @param library whether the library made the task for itself
   */
  spawn?(task: TaskHandle, spawner: TaskHandle | null, library: boolean): void
  /**
   * A task begins a step, entered with a value, with an error, or by `return()`. With a cause it
   * continues, because what it has just yielded was answered at once: it neither parks nor wakes in
   * between.
   */
  resume?(task: TaskHandle, how: 'value' | 'error' | 'return', value: unknown, cause?: ResumeCause): void
  /** A task yielded an event, a coroutine, a task, a promise, or a value that will be refused. */
  yield?(task: TaskHandle, yielded: unknown): void
  /** A task has yielded a coroutine, which runs in its place until it ends. */
  call?(task: TaskHandle, coroutine: Coroutine): void
  /**
   * A coroutine that was called has ended, and the task continues in the one that had yielded it,
   * which is entered with the value, with the error, or by `return()`. What is delegated to with
   * `yield*` is the engine's, and no call.
   */
  return?(task: TaskHandle, how: 'value' | 'error' | 'return', value: unknown): void
  /** What the task yielded was not fulfilled at once: it waits. */
  park?(task: TaskHandle): void
  /** A parked task was made ready. */
  wake?(task: TaskHandle, cause: WakeCause): void
  /**
   * A task begins to be cancelled, or its grace period has become shorter.
   *
   * @param grace the milliseconds that it may take from now on
   */
  cancel?(task: TaskHandle, cause: WakeCause, grace: number): void
  /**
   * A task has failed while no task was joining it: its supervisor, which is the run, a group or a
   * session, has received the error. A session that ends quietly, such as by a reset of its client,
   * tells nothing; nor does a supervisor of your own that does not call `addTrace`.
   */
  fail?(task: TaskHandle, error: unknown): void
  /** Every task of the run waits, and nothing is left that could wake one. */
  deadlock?(): void
  /** A task has ended. */
  exit?(task: TaskHandle, outcome: Outcome): void
}
