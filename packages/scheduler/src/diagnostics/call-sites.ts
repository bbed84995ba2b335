/**
 * Where in the user's files an event was made, for people who read a snapshot or a trace.
 *
 * A captured stack costs some microseconds, so that this is off unless a scheduler asks for it by its option `sites`.
 */

import type { Task } from '../core/task.js'
import { isOwnFrame } from './own-files.js'
import type { Probe } from './probes.js'

/** Whether events note where they are made: true during the turns of a scheduler that has `sites`. */
export let capturing: boolean = false

/** Switches the noting on or off. */
export function capture(on: boolean): void {
  capturing = on
}

/** The engine takes a stack quickly and writes it out slowly: that waits until somebody asks. */
const madeAt = new WeakMap<object, Error>()

/** Notes where an event is made. */
export function noteSite(event: object): void {
  madeAt.set(event, new Error())
}

/** An event that stands for another was made where that was. */
export function copySite(from: object, to: object): void {
  const site = madeAt.get(from)
  if (site !== undefined) madeAt.set(to, site)
}

/** The sites of one scheduler's tasks, collected as a probe does. */
export class Sites implements Probe {
  readonly #spawned: WeakMap<Task, Error>
  /** For each coroutine on a task's stack, outermost first, where it last yielded. */
  readonly #yielded: WeakMap<Task, (Error | undefined)[]>

  constructor() {
    this.#spawned = new WeakMap()
    this.#yielded = new WeakMap()
  }

  /** Where the task was spawned, as `function (file:line:column)`. */
  spawnedAt(task: Task): string | undefined {
    return siteOf(this.#spawned.get(task))
  }

  /** Where each coroutine on the task's stack last yielded an event, outermost first. */
  yieldedAt(task: Task): readonly (string | undefined)[] {
    return this.#yielded.get(task)?.map(siteOf) ?? []
  }

  spawn(task: Task, spawner: Task | null): void {
    const site = spawner === null ? new Error() : this.#yielded.get(spawner)?.at(-1)
    if (site !== undefined) this.#spawned.set(task, site)
  }

  yield(task: Task, yielded: unknown): void {
    let sites = this.#yielded.get(task)
    if (sites === undefined) {
      sites = []
      this.#yielded.set(task, sites)
    }
    const depth = task.callers?.length ?? 0
    sites.length = depth + 1
    sites[depth] = typeof yielded === 'object' && yielded !== null ? madeAt.get(yielded) : undefined
  }

  /** The task has ended, and whoever wanted to know has been told. */
  forget(task: Task): void {
    this.#yielded.delete(task)
    this.#spawned.delete(task)
  }
}

/** The line of the innermost coroutine; outside of any, that of whoever has called this package. */
function siteOf(taken: Error | undefined): string | undefined {
  if (taken === undefined) return undefined
  const lines = linesOf(taken)
  return (
    coroutinesIn(lines)[0] ??
    lines.find(
      (frame) => !isOwnFrame(frame) && !frame.startsWith('node:') && !frame.endsWith('(<anonymous>)'),
    )
  )
}

/**
 * The coroutines that are on the JavaScript stack now, innermost first, each as `function (file:line:column)`: the one that
 * the trampoline runs and those that it has delegated to by `yield*`.
 */
export function coroutineFrames(): string[] {
  return coroutinesIn(linesOf(new Error()))
}

/** The engine puts a line such as `greet.next (<anonymous>)` below each generator that runs. */
function coroutinesIn(lines: readonly string[]): string[] {
  return lines.filter(
    (frame, i) => !isOwnFrame(frame) && /^\S+\.(next|throw|return) \(<anonymous>\)$/.test(lines[i + 1] ?? ''),
  )
}

/** The lines of a stack; none where the engine writes it in another form than V8. */
function linesOf({ stack = '' }: Error): string[] {
  return stack.split('\n').flatMap((line) => /^\s*at (.*)$/.exec(line)?.[1]?.replace('file://', '') ?? [])
}
