/**
 * What the numbers of counters.ts say: rates over the last seconds, the longest step, and the step
 * that runs now. It needs no answer of the monitored thread.
 */

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
import { counted, duration } from './text.js'

/** For how many samples rates are given. */
const PERIODS = [1, 10, 60]

/** The number of samples that are kept. */
const MAX_SAMPLES = 62

/** The numbers at one time, and the longest step since the sample before. */
interface Sample {
  readonly at: number
  readonly steps: number
  readonly busy: number
  readonly spawned: number
  readonly longest: Longest
}

interface Longest {
  readonly ms: number
  readonly began: number
  readonly task: string
}

/** The numbers, sampled once a second. */
export class Top {
  readonly #counters: Float64Array
  /** The time on the clock of the monitored thread, in milliseconds. */
  readonly #now: () => number
  /** The latest last. */
  readonly #samples: Sample[]

  constructor(counters: Float64Array, now: () => number) {
    this.#counters = counters
    this.#now = now
    this.#samples = [this.#current()]
  }

  /** Takes a sample. The longest step is then that of the time after it. */
  sample(): void {
    this.#samples.push(this.#current())
    this.#counters[LONGEST] = 0
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift()
  }

  /** For how long the step that runs now has run, in milliseconds; 0 between steps. */
  get running(): number {
    return this.#at(RUNNING_TASK) === 0 ? 0 : Math.max(this.#now() - this.#at(BEGAN), 0)
  }

  /** The id of the task whose step runs now. */
  get runningTask(): string {
    return idOf(this.#at(RUNNING_SCHEDULER), this.#at(RUNNING_TASK))
  }

  /** The answer to `top`. */
  lines(): string[] {
    const now = this.#current()
    const [first] = this.#samples as [Sample] // There is always one.
    const befores = PERIODS.map((samples) => this.#samples.at(-samples - 1) ?? first)
    const longest = [...this.#samples.slice(1), now]
      .map(({ longest }) => longest)
      .reduce((a, b) => (b.ms > a.ms ? b : a))
    return [
      `${counted(this.#at(TASKS), 'task')}; since the monitor began ${counted(now.spawned, 'task')} spawned, ${counted(now.steps, 'step')}`,
      // Of a period that has not passed yet, the longest that has is given, once.
      ...[...new Set(befores)].map((before) => rates(before, now)),
      `longest step of the last minute: ${
        longest.ms === 0
          ? 'none has ended'
          : `${duration(longest.ms)}, of task ${longest.task}, ${duration(now.at - longest.began)} ago`
      }`,
      ...(this.running < 10
        ? []
        : [`now: a step of task ${this.runningTask} has run for ${duration(this.running)}`]),
    ]
  }

  #current(): Sample {
    const longest = {
      ms: this.#at(LONGEST),
      began: this.#at(LONGEST_BEGAN),
      task: idOf(this.#at(LONGEST_SCHEDULER), this.#at(LONGEST_TASK)),
    }
    const [steps, busy, spawned] = [this.#at(STEPS), this.#at(BUSY), this.#at(SPAWNED)]
    return { at: this.#now(), steps, busy, spawned, longest }
  }

  #at(place: number): number {
    return this.#counters[place] as number // It has this place.
  }
}

function rates(before: Sample, now: Sample): string {
  const ms = Math.max(now.at - before.at, 1)
  const perSecond = (count: number): string => `${Math.round((count / ms) * 1000)}`
  return [
    `last ${duration(ms)}: ${perSecond(now.steps - before.steps)} steps/s`,
    `${perSecond(now.spawned - before.spawned)} tasks/s`,
    `steps ran for ${Math.round(((now.busy - before.busy) / ms) * 100)} % of the time`,
  ].join(', ')
}

/** As `Watch.idOf`. */
function idOf(scheduler: number, task: number): string {
  return scheduler === 1 ? `${task}` : `${scheduler}.${task}`
}
