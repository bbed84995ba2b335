/**
 * The scheduler as its tasks see it. Types only, so that a task does not depend on the class that
 * runs it.
 */

import type { Probe, WakeCause } from './probe.js'
import type { Coroutine, Runtime, Supervisor, TaskHandle } from './protocol.js'

/** What a task needs of the scheduler that runs it. */
export interface Kernel extends Runtime {
  /** The probes as one; null while none is attached, so that they cost nothing until then. */
  readonly probes: ProbeSet | null
  /** With the option `sites`: where tasks were spawned and where they yielded. */
  readonly sites: CallSiteIndex | null
  /** Makes a task and makes it ready. */
  spawn(request: SpawnRequest, supervisor: Supervisor, spawner: TaskHandle | null): TaskHandle
  /** Makes a task. Its first step comes once it is made ready. */
  makeTask(request: SpawnRequest, supervisor: Supervisor, spawner: TaskHandle | null): TaskHandle
  /** A wait for something outside the scheduler begins, and holds the run open. */
  waitOutside(source: string): void
  /** Such a wait is over. */
  waitedOutside(source: string): void
  /**
   * Counts a step of a task whose event was answered at once.
   *
   * @returns whether the task may take its next step right now. Under a schedule, and in a single
   *   `step()`, it may not
   */
  mayContinue(): boolean
  /** Puts a task into the run queue. */
  ready(task: TaskHandle): void
  /** Receives an error that a supervisor or a watcher has thrown: it ends the run. */
  blame(error: unknown): void
  /** Removes a task that has ended. */
  settled(task: TaskHandle): void
  /**
   * What makes the scheduler do what it does right now, for the probes.
   *
   * @param source what it is outside the scheduler, if it is neither a task nor a timer
   */
  causeOf(source?: string): WakeCause
}

/** The probes of a scheduler as one. */
export interface ProbeSet {
  /** Calls one method of each probe that has it. */
  tell<K extends keyof Probe>(method: K, ...values: Parameters<NonNullable<Probe[K]>>): void
}

/** Where in the user's files tasks were spawned and where they yielded. */
export interface CallSiteIndex {
  /** Where a task was spawned, as `function (file:line:column)`. */
  spawnedAt(task: TaskHandle): string | undefined
  /** The same, which is formatted when it is called; undefined if it is not known. */
  spawnSite(task: TaskHandle): LazySite | undefined
  /** Where the coroutine on top of the task's stack last yielded an event. */
  yieldSite(task: TaskHandle): LazySite | undefined
  /** The name of the coroutine that the task was spawned with, once it has yielded an event. */
  coroutineOf(task: TaskHandle): string | undefined
  /** Where each coroutine on the task's stack last yielded an event, outermost first. */
  yieldedAt(task: TaskHandle): readonly (string | undefined)[]
}

/**
 * A call site that is formatted when it is called. An engine captures a stack quickly and formats
 * it slowly.
 */
export type LazySite = () => string | undefined

/** A coroutine that is about to run as a task. */
export interface SpawnRequest {
  readonly coroutine: Coroutine
  /** The name of the task. */
  readonly name: string
  /** No other code has this coroutine, so that it need not be marked as taken. */
  readonly fresh: boolean
}
