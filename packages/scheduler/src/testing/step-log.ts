/**
 * The steps of a run, as lines for people: which task, what it yielded, and where.
 */

import { inspect } from '../core/coroutine.js'
import type { Yieldable } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import type { Outcome } from '../core/task-state.js'
import type { Probe } from '../diagnostics/probes.js'
import { describe } from '../diagnostics/snapshot.js'

/** Of a longer run only the last steps are shown: it is they that failed. */
const MOST_LINES = 40

/** What is longer than this makes a column no wider. */
const WIDEST = 40

/** Writes down what each step came to. */
export class StepLog implements Probe {
  readonly #lines: { readonly task: string; readonly what: string; readonly site: string }[]

  constructor() {
    this.#lines = []
  }

  yield(task: Task, yielded: unknown): void {
    const site = task.scheduler.sites?.yieldedAt(task).at(-1) ?? ''
    this.#lines.push({ task: `${task}`, what: named(yielded), site })
  }

  exit(task: Task, outcome: Outcome): void {
    const what =
      outcome.kind === 'returned'
        ? 'ends'
        : outcome.kind === 'killed'
          ? 'is killed'
          : `throws ${outcome.error instanceof Error ? outcome.error : inspect(outcome.error)}`
    this.#lines.push({ task: `${task}`, what, site: '' })
  }

  /** The steps, in order, in columns. */
  lines(): string[] {
    const shown = this.#lines.slice(-MOST_LINES)
    const left = this.#lines.length - shown.length
    const task = widest(shown.map((line) => line.task))
    const what = widest(shown.filter(({ site }) => site !== '').map((line) => line.what))
    const lines = shown.map((line) =>
      `${line.task.padEnd(task)}  ${line.what.split('\n')[0]?.padEnd(what)}  ${line.site}`.trimEnd(),
    )
    return left === 0 ? lines : [`... ${left} steps before`, ...lines]
  }
}

function widest(texts: readonly string[]): number {
  return Math.min(WIDEST, Math.max(0, ...texts.map((text) => text.length)))
}

/** What was yielded, as the user would write it. */
function named(yielded: unknown): string {
  try {
    return describe(yielded as Yieldable) // What cannot be yielded throws, and is an error of the task's.
  } catch {
    return 'something that cannot be yielded'
  }
}
