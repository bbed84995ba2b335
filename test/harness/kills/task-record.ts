// What is known of one task of a scenario: how many steps it has taken, and which of its coroutines
// are open.
import type { Task } from '@bluelet/scheduler'

/** One coroutine that has begun. */
export interface Entry {
  readonly name: string
  readonly record: TaskRecord
  /** `Cancelled` came while it was open: it must not come to its usual end. */
  cancelled: boolean
  left: boolean
}

/**
 * Tasks by these names end before the coroutine that has spawned them goes on: branches, and what
 * is in a group.
 */
const STRUCTURED = new Set(['race', 'all', 'timeout', 'group', 'member'])

export class TaskRecord {
  readonly task: Task
  /** Its place in the order of spawning: in each run of a scenario the same. */
  readonly ordinal: number
  steps = 0
  /** It has parked at the end of its last step. */
  parked = false
  /** How often something that concerns it has happened since then. */
  meanwhile = 0
  /** It has had its `Cancelled`, and cleans up. */
  ending = false
  /** Its coroutines, the innermost last. */
  readonly open: Entry[] = []
  readonly spawner: TaskRecord | undefined
  /** The coroutine that has to outlive it. */
  readonly #within: Entry | undefined

  constructor(task: Task, ordinal: number, spawner: TaskRecord | undefined) {
    this.task = task
    this.ordinal = ordinal
    this.spawner = spawner
    this.#within = STRUCTURED.has(task.name) ? spawner?.open.at(-1) : undefined
  }

  enter(name: string): Entry {
    const entry: Entry = { name, record: this, cancelled: false, left: false }
    this.open.push(entry)
    return entry
  }

  /** @returns what is wrong with that */
  leave(entry: Entry, normally: boolean, others: readonly TaskRecord[]): string[] {
    const problems: string[] = []
    const top = this.open.at(-1)
    if (entry.left) problems.push(`${entry.name} ran its finally twice`)
    else if (top !== entry) problems.push(`${entry.name} ran its finally before ${top?.name}`)
    else this.open.pop()
    entry.left = true
    if (normally && entry.cancelled) problems.push(`${entry.name} went on after Cancelled`)
    for (const other of others) {
      if (other.#within === entry && other.task.outcome === undefined)
        problems.push(`${entry.name} did not wait for ${other.task}`)
    }
    return problems
  }

  /** `Cancelled` comes. */
  cancelled(): void {
    this.ending = true
    for (const entry of this.open) entry.cancelled = true
  }
}
