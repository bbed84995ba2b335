/**
 * What others have to do with a task: those that it has spawned, those that watch it, what ends
 * with it. Most tasks have nothing of that, and do without this object.
 */

import type { TaskHandle, Watcher } from './protocol.js'
import type { Resources } from './resources.js'

/** The ties of one task. */
export class TaskTies<Spawner> {
  /** The task, as the tasks that it has spawned refer to it; null until there is one. */
  asSpawner: Spawner | null = null
  watchers: Set<Watcher> | null = null
  resources: Resources | null = null
  shielded = false
  /** The errors of watchers. */
  failures: unknown[] | null = null

  /**
   * Notifies the watchers that the task has ended.
   *
   * @returns whether one of them has taken its error
   */
  tellWatchers(task: TaskHandle): boolean {
    let taken = false
    // A watcher may remove another one, and a set then skips it.
    for (const watcher of this.watchers ?? []) {
      try {
        taken = watcher.ended(task) || taken
      } catch (error) {
        this.failures ??= []
        this.failures.push(error)
      }
    }
    this.watchers = null
    return taken
  }
}
