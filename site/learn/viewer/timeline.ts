/**
 * What the panels look up in a trace: its steps, and what each task did when. It is made once for
 * each trace. What a moment looks like is `stateAt`.
 *
 * A *step* is its number, from 1, as in `steps`. 0 stands for the time before the first one.
 */

import {
  type InputEvent,
  type LogEvent,
  type ResumeEvent,
  type Step,
  steps,
  type Trace,
  type TraceEvent,
  type WarnEvent,
} from '@bluelet/scheduler/trace'
// Of the drawing that the package exports. It is no part of its API.
import { lanesOf, type Stretch } from '@bluelet/scheduler/trace/stretches'

/** A task, as the lanes show it. */
export interface Lane {
  readonly id: number
  /** `name#id`. */
  readonly label: string
  /** The library made the task for itself. */
  readonly library: boolean
  /** What it did, in order. */
  readonly stretches: readonly Stretch[]
  /** How it ended; undefined until then. */
  readonly outcome: 'returned' | 'threw' | 'killed' | undefined
  /** The numbers of its steps. */
  readonly steps: readonly number[]
}

/** What was printed, typed, or warned of. */
export type Note = LogEvent | InputEvent | WarnEvent

/** What the panels look up in a trace. */
export class Timeline {
  readonly trace: Trace
  readonly lanes: readonly Lane[]
  readonly notes: readonly Note[]
  readonly #steps: readonly Step[]
  readonly #byId: ReadonlyMap<number, Lane>
  readonly #first: number

  constructor(trace: Trace) {
    this.trace = trace
    this.notes = trace.events.filter(
      (event): event is Note => event.e === 'log' || event.e === 'input' || event.e === 'warn',
    )
    this.#steps = steps(trace)
    this.#first = trace.events[0]?.n ?? 0
    const byTask = new Map<number, number[]>()
    for (const { co, number } of this.#steps) {
      const of = byTask.get(co)
      if (of === undefined) byTask.set(co, [number])
      else of.push(number)
    }
    this.lanes = lanesOf(trace).map(({ co, name, library, stretches, outcome }) => ({
      ...{ id: co, label: name, library, stretches, outcome },
      steps: byTask.get(co) ?? [],
    }))
    this.#byId = new Map(this.lanes.map((lane) => [lane.id, lane]))
  }

  /** The number of steps. */
  get stepCount(): number {
    return this.#steps.length
  }

  lane(id: number): Lane | undefined {
    return this.#byId.get(id)
  }

  /** `name#id`, also of a task that is not in the trace. */
  label(id: number): string {
    return this.#byId.get(id)?.label ?? `task#${id}`
  }

  /** A step. It must be one of the trace. */
  step(step: number): Step {
    return this.#steps[step - 1] as Step // See above.
  }

  /** The `resume` of a step. */
  resume(step: number): ResumeEvent {
    return this.#event(this.step(step).n) as ResumeEvent // What a step begins with.
  }

  /** What a step ended with: the task's yield, a call, the return of its callee, its exit. */
  result(step: number): TraceEvent | undefined {
    const { n, last, co, result } = this.step(step)
    if (result !== null) return this.#event(result)
    return this.trace.events
      .slice(n - this.#first + 1, last - this.#first + 1)
      .find((event) => event.e === 'call' && event.co === co)
  }

  /** The step in which the event with this number happened, or after which. */
  stepOf(n: number | null | undefined): number {
    return n === null || n === undefined ? 0 : this.#last((step) => step.n <= n)
  }

  /** The last step that begins at this time or before; 1 if none does. */
  stepAtTime(t: number): number {
    return Math.max(
      1,
      this.#last((step) => step.t <= t),
    )
  }

  /** The last step for which something holds that holds for all steps before it. */
  #last(holds: (step: Step) => boolean): number {
    let [low, high] = [0, this.#steps.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (holds(this.#steps[middle] as Step)) low = middle + 1
      else high = middle
    }
    return low
  }

  #event(n: number | null): TraceEvent | undefined {
    return n === null ? undefined : this.trace.events[n - this.#first]
  }
}
