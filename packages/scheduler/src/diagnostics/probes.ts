/**
 * Probes: whoever watches a scheduler at work. What they hear is a report; they change nothing.
 */

import type { Task } from '../core/task.js'
import type { Outcome } from '../core/task-state.js'
import type { Host } from '../host/host.js'

/**
 * Why a parked task was made ready: another task did it (`by`); a timer was due; or something outside the scheduler,
 * such as a `promise`, a `socket` or a `callback` (`source`).
 */
export type WakeCause =
  | {
      /** A task did it, in its step. */
      readonly kind: 'task'
      /** Which. */
      readonly by: Task
    }
  | {
      /** A timer was due. */
      readonly kind: 'timer'
      /** When, on the host's clock, in milliseconds. */
      readonly deadline: number
    }
  | {
      /** Something outside the scheduler did it. */
      readonly kind: 'external'
      /** What: `promise`, `socket`, `callback` ... */
      readonly source: string
    }

/**
 * Hears what a scheduler does, at once and in order; see `Scheduler.attach`. Every member is optional. A probe must not
 * touch the scheduler; one that throws is detached, and its error is reported once.
 */
export interface Probe {
  /** A task was spawned; `spawner` is null for a root and for a spawn from outside. */
  spawn?(task: Task, spawner: Task | null): void
  /** A task begins a step, entered with a value, with an error, or by `return()`. */
  resume?(task: Task, how: 'value' | 'error' | 'return', value: unknown): void
  /** A task yielded: an event, a coroutine, a task, a promise, or something that will be refused. */
  yield?(task: Task, yielded: unknown): void
  /** What it yielded was not fulfilled at once: it waits. */
  park?(task: Task): void
  /** A parked task was made ready. */
  wake?(task: Task, cause: WakeCause): void
  /** A task has ended. */
  exit?(task: Task, outcome: Outcome): void
}

/** All probes of a scheduler as one. */
export class Probes {
  readonly #host: Host
  /** Nobody is left. */
  readonly #emptied: () => void
  #probes: readonly Probe[]

  constructor(host: Host, emptied: () => void) {
    this.#host = host
    this.#emptied = emptied
    this.#probes = []
  }

  add(probe: Probe): void {
    this.#probes = [...this.#probes, probe]
  }

  remove(probe: Probe): void {
    this.#probes = this.#probes.filter((other) => other !== probe)
    if (this.#probes.length === 0) this.#emptied()
  }

  /** Calls one member of each probe that has it. */
  tell<K extends keyof Probe>(member: K, ...values: Parameters<NonNullable<Probe[K]>>): void {
    for (const probe of this.#probes) {
      try {
        const hear = probe[member] as ((...values: unknown[]) => void) | undefined // The tuple above is its parameters.
        hear?.apply(probe, values)
      } catch (error) {
        this.remove(probe)
        this.#host.report(error)
      }
    }
  }
}
