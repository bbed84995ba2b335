/**
 * The tasks whose `spawn` a recording has dropped: a trace names them in its header.
 */

import type { TaskHandle } from '../core/protocol.js'
import type { TaskSnapshot } from '../diagnostics/snapshot.js'
import { IO, PACKET, RESOURCE, SPAWN } from './entries.js'
import type { Ring } from './ring.js'

/** The kinds of events that are not those of a task. */
const OF_NO_TASK: ReadonlySet<number> = new Set([IO, RESOURCE, PACKET])

/** A task that has ended. */
interface Ended {
  /** The number of its last event. */
  readonly n: number
  readonly id: number
  readonly name: string
}

/** Remembers the names of tasks that have ended, as long as an event of theirs is kept. */
export class EndedTasks {
  readonly #ring: Ring
  #ended: Ended[] = []
  /** The number of those at the beginning whose events have all been dropped. */
  #dropped = 0

  constructor(ring: Ring) {
    this.#ring = ring
  }

  /** A task is about to end. */
  add({ id, name }: TaskHandle): void {
    const ended = this.#ended
    ended.push({ n: this.#ring.next, id, name })
    while ((ended[this.#dropped] as Ended).n < this.#ring.dropped) this.#dropped++ // The last one is kept.
    if (this.#dropped * 2 <= ended.length) return
    this.#ended = ended.slice(this.#dropped)
    this.#dropped = 0
  }

  /**
   * The tasks that were there before the first event that is kept.
   *
   * @param alive the tasks that have not ended, without those that are left out
   */
  begin(alive: readonly TaskSnapshot[]): TaskSnapshot[] {
    const seen = new Set<number>()
    const spawned = new Set<number>()
    for (let n = this.#ring.dropped; n < this.#ring.next; n++) {
      const { kind, id } = this.#ring.entry(n)
      if (kind === SPAWN) spawned.add(id)
      else if (!OF_NO_TASK.has(kind)) seen.add(id)
    }
    // Its events say what a task was doing. One without events has done the same all the time.
    const tasks = [
      ...this.#ended.filter(({ id }) => seen.has(id)).map(unknown),
      ...alive.map((task) => (seen.has(task.id) ? unknown(task) : task)),
    ]
    return tasks.filter(({ id }) => !spawned.has(id)).sort((a, b) => a.id - b.id)
  }
}

/** A task of which no more than its name is known. */
function unknown({ id, name }: { readonly id: number; readonly name: string }): TaskSnapshot {
  return { id, name, state: 'parked', waitsFor: undefined, spawner: undefined, callees: 0 }
}
