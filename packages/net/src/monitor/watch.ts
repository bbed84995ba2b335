/**
 * The observer of one scheduler: how often each task has run, for how long, and what woke it. It is
 * a probe on the path of each step, so it allocates nothing there but one record for each task.
 */

import type { Scheduler } from '@bluelet/scheduler'
import {
  inspectTask,
  type Probe,
  runtimeOf,
  type TaskHandle,
  tasksOf,
  type WakeCause,
} from '@bluelet/scheduler/lowlevel'
import {
  BEGAN,
  BUSY,
  LONGEST,
  LONGEST_BEGAN,
  LONGEST_SCHEDULER,
  LONGEST_TASK,
  RUNNING_SCHEDULER,
  RUNNING_TASK,
  SPAWNED,
  STEPS,
  TASKS,
} from './counters.js'

/** What is known of a task. Times are in milliseconds, as `performance.now()` gives them. */
export class Watched {
  readonly task: TaskHandle
  /** The id of its spawner; 0 if it has none. */
  readonly parent: number
  /** The number of times that it was entered. */
  steps = 0
  /** For how long it has run. */
  ran = 0
  /** When its state last changed: it yielded, was woken, or began. */
  since: number
  /** When it was last woken. */
  woken: number
  /** What woke it: the name of a task, `a timer`, or what is outside, such as `socket`. */
  wokenFrom: string
  /** The id of the task that woke it; 0 if it was no task. */
  wokenBy = 0

  constructor(task: TaskHandle, parent: number, wokenFrom: string, now: number) {
    this.task = task
    this.parent = parent
    this.wokenFrom = wokenFrom
    this.since = now
    this.woken = now
  }
}

/** One scheduler that is observed. */
export class Watch implements Probe {
  readonly scheduler: Scheduler
  /** 1 for the first scheduler of the monitor, and so on. */
  readonly number: number
  /** The tasks that have not ended, by their ids, in spawn order. */
  readonly tasks: Map<number, Watched> = new Map()
  readonly #counters: Float64Array
  /** Where it is listed while it has tasks. */
  readonly #list: Set<Watch>
  /** The task whose step runs now; null between steps. */
  #running: Watched | null = null
  /** The task that ran last, which often goes on. */
  #last: Watched | undefined = undefined
  #began = 0
  readonly #detach: () => void

  constructor(scheduler: Scheduler, number: number, counters: Float64Array, list: Set<Watch>) {
    this.scheduler = scheduler
    this.number = number
    this.#counters = counters
    this.#list = list
    for (const task of tasksOf(runtimeOf(scheduler))) {
      const spawner = /#(\d+)$/.exec(inspectTask(task).spawner ?? '')?.[1] ?? 0
      this.#add(new Watched(task, Number(spawner), 'something earlier', performance.now()))
    }
    this.#detach = scheduler.attach(this)
  }

  /** The id of a task as it is written: `3`; `2.3` if it is of the second scheduler. */
  idOf(id: number): string {
    return this.number === 1 ? `${id}` : `${this.number}.${id}`
  }

  /** Stops observing. */
  close(): void {
    this.#detach()
    this.#list.delete(this)
    this.#count(TASKS, -this.tasks.size)
    this.tasks.clear()
  }

  spawn(task: TaskHandle, spawner: TaskHandle | null): void {
    this.#add(new Watched(task, spawner?.id ?? 0, 'its spawn', performance.now()))
    this.#count(SPAWNED)
  }

  resume(task: TaskHandle): void {
    const now = performance.now()
    if (this.#running !== null) this.#stepped(this.#running, now)
    const watched = this.#last?.task === task ? this.#last : this.tasks.get(task.id)
    if (watched === undefined) return
    watched.steps++
    this.#running = watched
    this.#last = watched
    this.#began = now
    const counters = this.#counters
    this.#count(STEPS)
    counters[RUNNING_SCHEDULER] = this.number
    counters[RUNNING_TASK] = task.id
    counters[BEGAN] = now
  }

  yield(): void {
    const running = this.#running
    if (running === null) return
    const now = performance.now()
    this.#stepped(running, now)
    running.since = now
  }

  wake(task: TaskHandle, cause: WakeCause): void {
    const watched = this.tasks.get(task.id)
    if (watched === undefined) return
    const now = performance.now()
    watched.since = now
    watched.woken = now
    watched.wokenBy = cause.kind === 'task' ? cause.by.id : 0
    watched.wokenFrom =
      cause.kind === 'task' ? cause.by.name : cause.kind === 'timer' ? 'a timer' : cause.source
  }

  exit(task: TaskHandle): void {
    const running = this.#running
    if (running?.task === task) this.#stepped(running, performance.now())
    if (this.#last?.task === task) this.#last = undefined // Which must not keep what it has returned.
    if (this.tasks.delete(task.id)) this.#count(TASKS, -1)
    if (this.tasks.size === 0) this.#list.delete(this)
  }

  #add(watched: Watched): void {
    if (this.tasks.size === 0) this.#list.add(this)
    this.tasks.set(watched.task.id, watched)
    this.#count(TASKS)
  }

  #count(place: number, by = 1): void {
    this.#counters[place] = (this.#counters[place] as number) + by // It has this place.
  }

  /** A task has run from when its step began until now. */
  #stepped(watched: Watched, now: number): void {
    const ms = now - this.#began
    const counters = this.#counters
    watched.ran += ms
    this.#count(BUSY, ms)
    if (ms > (counters[LONGEST] as number)) {
      counters[LONGEST] = ms
      counters[LONGEST_BEGAN] = this.#began
      counters[LONGEST_SCHEDULER] = this.number
      counters[LONGEST_TASK] = watched.task.id
    }
    counters[RUNNING_TASK] = 0
    this.#running = null
  }
}
