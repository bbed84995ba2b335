/**
 * The observers of all schedulers of a monitor: those that it was given, and those that begin a run
 * in its thread.
 */

import type { Scheduler } from '@bluelet/scheduler'
import { makeCounters } from './counters.js'
import { Watch, type Watched } from './watch.js'

/** A task, and the observer of its scheduler. */
export interface Found {
  readonly watch: Watch
  readonly watched: Watched
}

/** The observers, in the order in which the schedulers came. */
export class Watches {
  readonly counters: Float64Array = makeCounters()
  /** Those whose schedulers have tasks. */
  readonly #listed = new Set<Watch>()
  readonly #known = new WeakMap<Scheduler, Watch>()
  /** All of them, as far as their schedulers are still in use. */
  #all: WeakRef<Watch>[] = []
  #pruneAt = 64
  #count = 0

  /** Observes a scheduler from now on. One that is observed already stays so. */
  add(scheduler: Scheduler): void {
    if (this.#known.has(scheduler)) return
    const watch = new Watch(scheduler, ++this.#count, this.counters, this.#listed)
    this.#known.set(scheduler, watch)
    this.#all.push(new WeakRef(watch))
    if (this.#all.length < this.#pruneAt) return
    this.#all = this.#all.filter((ref) => ref.deref() !== undefined)
    this.#pruneAt = 2 * this.#all.length + 64
  }

  /** The schedulers that have tasks. */
  [Symbol.iterator](): Iterator<Watch> {
    return this.#listed.values()
  }

  /** Every task that has not ended. */
  *tasks(): Generator<Found, void, void> {
    for (const watch of this.#listed) for (const watched of watch.tasks.values()) yield { watch, watched }
  }

  /**
   * The task that a text names.
   *
   * @param text `3`, of the first scheduler, or `2.3`; a name before it is left out of account:
   *   `echoer#3`
   * @returns undefined if the text names none, or the task has ended
   */
  find(text: string): Found | undefined {
    const [, number = '1', id] = /^(?:\S*#)?(?:(\d{1,9})\.)?(\d{1,15})$/.exec(text) ?? []
    for (const watch of this.#listed) {
      if (watch.number !== Number(number)) continue
      const watched = watch.tasks.get(Number(id))
      if (watched !== undefined) return { watch, watched }
    }
    return undefined
  }

  /** Stops observing. */
  close(): void {
    for (const ref of this.#all) ref.deref()?.close()
  }
}
