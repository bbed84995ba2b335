/**
 * The steps of a run, as lines for people: which task, what it yielded, and where.
 */

import { inspectThrown } from '../check.js'
import type { Probe } from '../core/probe.js'
import type { TaskHandle, Yieldable } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import type { Outcome } from '../core/task-state.js'
import { describe } from '../diagnostics/snapshot.js'

/** The number of steps that are shown. Of a longer run the last ones matter. */
const MAX_LINES = 40

/** The largest width of a column. */
const MAX_WIDTH = 40

/** Records the result of each step. */
export class StepLog implements Probe {
  readonly #lines: { readonly task: string; readonly what: string; readonly site: string }[] = []

  yield(task: TaskHandle, yielded: unknown): void {
    const site = (task as Task).scheduler.sites?.yieldedAt(task).at(-1) ?? '' // Every handle is a Task.
    this.#lines.push({ task: `${task}`, what: named(yielded), site })
  }

  exit(task: TaskHandle, outcome: Outcome): void {
    const what =
      outcome.kind === 'returned'
        ? 'ends'
        : outcome.kind === 'killed'
          ? 'is killed'
          : `throws ${inspectThrown(outcome.error)}`
    this.#lines.push({ task: `${task}`, what, site: '' })
  }

  /** The steps, in order, in columns. */
  lines(): string[] {
    const shown = this.#lines.slice(-MAX_LINES)
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
  return Math.min(MAX_WIDTH, Math.max(0, ...texts.map((text) => text.length)))
}

/** What was yielded, as a user would write it. */
function named(yielded: unknown): string {
  try {
    return describe(yielded as Yieldable) // A value that cannot be yielded throws here.
  } catch {
    return 'something that cannot be yielded'
  }
}
