/**
 * What the tasks of a scheduler do as tracks of the Performance panel of Chrome's DevTools.
 *
 * https://developer.chrome.com/docs/devtools/performance/extension
 */

import type { Probe, WakeCause } from '../core/probe.js'
import type { TaskHandle, Yieldable } from '../core/protocol.js'
import { describe } from '../diagnostics/snapshot.js'
import type { Scheduler } from '../loop/scheduler.js'

/** The part of the global object that is used. It may be missing. */
interface Environment {
  readonly console?: {
    timeStamp?(label: string, start: number, end: number, track: string, group: string, color: string): void
  }
}

/** What a task does now. */
interface Doing {
  readonly what: string
  readonly since: number
  readonly color: string
}

const RUNS = 'primary'
const READY = 'tertiary-light'
const WAITS = 'secondary-light'

/**
 * Shows what the tasks of a scheduler do in the Performance panel of Chrome's DevTools: a track for
 * each task, with its steps and why they began, what it waited for, and when it was ready.
 *
 * It costs some 20 % of a step while the panel records. Where `console.timeStamp` is missing,
 * nothing happens.
 *
 * @param scheduler a scheduler in real time, since the panel has the clock of the engine
 * @param group the name of the group of tracks
 * @returns ends it
 */
export function devtools(scheduler: Scheduler, group = 'Bluelet'): () => void {
  return scheduler.attach(new Tracks(scheduler, group))
}

class Tracks implements Probe {
  readonly #scheduler: Scheduler
  readonly #group: string
  readonly #doing = new Map<TaskHandle, Doing>()
  /** Why each task will run. */
  readonly #because = new Map<TaskHandle, string>()

  constructor(scheduler: Scheduler, group: string) {
    this.#scheduler = scheduler
    this.#group = group
  }

  spawn(task: TaskHandle, spawner: TaskHandle | null): void {
    this.#because.set(task, spawner === null ? 'spawned from outside' : `spawned by ${spawner}`)
    this.#begin(task, 'ready', READY)
  }

  resume(task: TaskHandle): void {
    this.#begin(task, 'runs', RUNS)
  }

  yield(task: TaskHandle, yielded: unknown): void {
    const because = this.#because.get(task)
    this.#because.delete(task)
    const text = textOf(yielded)
    this.#end(task, because === undefined ? text : `${text} (${because})`)
    this.#begin(task, text, WAITS)
  }

  wake(task: TaskHandle, cause: WakeCause): void {
    this.#because.set(task, textOfCause(cause))
    this.#begin(task, 'ready', READY)
  }

  exit(task: TaskHandle, { kind }: { readonly kind: string }): void {
    this.#end(task, kind === 'returned' ? 'ends' : kind, kind === 'threw' ? 'error' : undefined)
    this.#because.delete(task)
  }

  /** The task begins to do something, and so ends what it did before. */
  #begin(task: TaskHandle, what: string, color: string): void {
    this.#end(task)
    this.#doing.set(task, { what, since: this.#scheduler.now(), color })
  }

  #end(task: TaskHandle, label?: string, color?: string): void {
    const doing = this.#doing.get(task)
    if (doing === undefined) return
    this.#doing.delete(task)
    // Looked up each time: a test, or the panel, may replace it.
    ;(globalThis as Environment).console?.timeStamp?.(
      label ?? doing.what,
      doing.since,
      this.#scheduler.now(),
      `${task}`,
      this.#group,
      color ?? doing.color,
    )
  }
}

function textOf(yielded: unknown): string {
  try {
    return describe(yielded as Yieldable) // What is none of those has no description, which is caught.
  } catch {
    return 'an invalid yield'
  }
}

function textOfCause(cause: WakeCause): string {
  if (cause.kind === 'task') return `woken by ${cause.by}`
  return cause.kind === 'timer' ? 'its time was over' : `woken by ${cause.source}`
}
