// The accounts of a scheduler, kept by a probe: what each task may do next, who ended how, and
// whether every wait that was begun has ended once or is still under way.

import type { Outcome, Scheduler, Task } from '@bluelet/scheduler'
import type { Probe } from '@bluelet/scheduler/lowlevel'
import { internals } from '../../support/internals.js'

/** What a task did last, as the probe was told. */
type Doing = 'spawned' | 'resumed' | 'yielded' | 'parked' | 'woken' | 'exited'

/** What may come after what: a task that has exited does nothing more. */
const NEXT: Readonly<Record<Doing, ReadonlySet<Doing>>> = {
  spawned: new Set(['resumed', 'exited']),
  // Resumed again without a yield: a callee has ended, and its caller goes on.
  resumed: new Set(['yielded', 'resumed', 'exited']),
  yielded: new Set(['resumed', 'parked', 'exited']),
  parked: new Set(['woken']),
  woken: new Set(['resumed']),
  exited: new Set(),
}

/** How a task ended, and when in the order of all that was recorded. */
export interface Exit {
  readonly task: Task
  readonly outcome: Outcome
  readonly at: number
}

/** Records all that a scheduler does. */
export class Recorder implements Required<Probe> {
  /** What was recorded and must not happen. */
  readonly complaints: string[] = []
  readonly exits: Exit[] = []
  /** A line for each thing that was doing: the trace of the run. */
  readonly lines: string[] = []
  readonly #scheduler: Scheduler
  readonly #last = new Map<Task, Doing>()
  /** How many calls are under way in a task. */
  readonly #calls = new Map<Task, number>()
  /** How many waits were begun, and how many have ended. */
  #parks = 0
  #wakes = 0
  #now = 0

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
    scheduler.attach(this)
  }

  /** Grows with all that is recorded. */
  get at(): number {
    return this.lines.length
  }

  spawn(task: Task): void {
    if (this.#last.has(task)) this.complaints.push(`${task} was spawned twice`)
    this.#last.set(task, 'spawned')
    this.#note('spawned', task)
  }

  resume(task: Task, how: 'value' | 'error' | 'return'): void {
    this.#told('resumed', task, how)
  }

  fail(): void {}

  deadlock(): void {}

  yield(task: Task): void {
    this.#told('yielded', task)
  }

  call(task: Task): void {
    if (this.#last.get(task) !== 'yielded') this.complaints.push(`${task} called what it had not yielded`)
    this.#calls.set(task, this.#callsOf(task) + 1)
  }

  return(task: Task): void {
    if (this.#callsOf(task) === 0) this.complaints.push(`${task} returned from no call`)
    this.#calls.set(task, this.#callsOf(task) - 1)
  }

  cancel(task: Task): void {
    const last = this.#last.get(task)
    if (last === undefined || last === 'exited')
      this.complaints.push(`${task} was cancelled after it has ${last}`)
  }

  park(task: Task): void {
    this.#parks++
    this.#told('parked', task)
  }

  wake(task: Task): void {
    this.#wakes++
    this.#told('woken', task)
  }

  exit(task: Task, outcome: Outcome): void {
    this.#told('exited', task, outcome.kind)
    this.exits.push({ task, outcome, at: this.at })
  }

  /** Looks, between two steps, whether the accounts agree with what the tasks say of themselves. */
  check(): void {
    let waiting = 0
    for (const task of internals(this.#scheduler).tasks) {
      const parked = task.state === 'parked' || task.state === 'withdrawing'
      if (parked) waiting++
      if (parked !== (this.#last.get(task) === 'parked'))
        this.complaints.push(`${task} is ${task.state}, and has ${this.#last.get(task)}`)
    }
    if (this.#parks !== this.#wakes + waiting)
      this.complaints.push(
        `${this.#parks} waits were begun, ${this.#wakes} have ended, ${waiting} are under way`,
      )
  }

  #callsOf(task: Task): number {
    return this.#calls.get(task) ?? 0
  }

  #told(doing: Doing, task: Task, how = ''): void {
    const last = this.#last.get(task)
    if (last === undefined || !NEXT[last].has(doing))
      this.complaints.push(`${task} has ${doing} after it has ${last}`)
    this.#last.set(task, doing)
    this.#note(doing, task, how)
  }

  #note(doing: Doing, task: Task, how = ''): void {
    const now = this.#scheduler.now()
    if (now < this.#now) this.complaints.push(`time went back from ${this.#now} to ${now}`)
    this.#now = now
    this.lines.push(`${now} ${task} ${doing} ${how}`)
  }
}
