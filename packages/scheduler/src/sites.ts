/**
 * Where in the user's files an event was made, for people who read a snapshot or a trace.
 *
 * A captured stack costs some microseconds, so that this is off unless a scheduler asks for it by its option `sites`.
 */

import type { Probe } from './probe.js'
import type { Task } from './task.js'

/** Whether events note where they are made: true during the turns of a scheduler that has `sites`. */
export let capturing: boolean = false

/** Switches the noting on or off. */
export function capture(on: boolean): void {
  capturing = on
}

const madeAt = new WeakMap<object, string>()

/** Notes where an event is made. */
export function noteSite(event: object): void {
  const site = coroutineFrames()[0] ?? callerFrame()
  if (site !== undefined) madeAt.set(event, site)
}

/** The sites of one scheduler's tasks, collected as a probe does. */
export class Sites implements Probe {
  readonly #spawned: WeakMap<Task, string>
  /** For each coroutine on a task's stack, outermost first, where it last yielded. */
  readonly #yielded: WeakMap<Task, (string | undefined)[]>

  constructor() {
    this.#spawned = new WeakMap()
    this.#yielded = new WeakMap()
  }

  /** Where the task was spawned, as `function (file:line:column)`. */
  spawnedAt(task: Task): string | undefined {
    return this.#spawned.get(task)
  }

  /** Where each coroutine on the task's stack last yielded an event, outermost first. */
  yieldedAt(task: Task): readonly (string | undefined)[] {
    return this.#yielded.get(task) ?? []
  }

  spawn(task: Task, spawner: Task | null): void {
    const site = spawner === null ? callerFrame() : this.yieldedAt(spawner).at(-1)
    if (site !== undefined) this.#spawned.set(task, site)
  }

  yield(task: Task, yielded: unknown): void {
    const sites = this.#yielded.get(task) ?? []
    this.#yielded.set(task, sites)
    const depth = task.callers?.length ?? 0
    sites.length = depth + 1
    sites[depth] = typeof yielded === 'object' && yielded !== null ? madeAt.get(yielded) : undefined
  }
}

/**
 * The coroutines that are on the JavaScript stack now, innermost first, each as `function (file:line:column)`: the one that
 * the trampoline runs and those that it has delegated to by `yield*`.
 */
export function coroutineFrames(): string[] {
  const lines = stack()
  // The engine puts a line such as `greet.next (<anonymous>)` below each generator that runs.
  const frames = lines.filter((_, i) => /^\S+\.(next|throw|return) \(<anonymous>\)$/.test(lines[i + 1] ?? ''))
  return frames.filter((frame) => !isOwn(frame))
}

/** Where the user's code has called this package from, as `function (file:line:column)`. */
function callerFrame(): string | undefined {
  return stack().find(
    (frame) => !isOwn(frame) && !frame.startsWith('node:') && !frame.endsWith('(<anonymous>)'),
  )
}

/** The lines of the JavaScript stack; empty where the engine gives it in another form than V8. */
function stack(): string[] {
  const lines = (new Error().stack ?? '').split('\n')
  return lines
    .flatMap((line) => /^\s*at (.*)$/.exec(line)?.[1] ?? [])
    .map((frame) => frame.replace('file://', ''))
}

/** The directory of this package's own files, whose frames are of no use to a user. */
const OWN_FILES = ownFiles()

function isOwn(frame: string): boolean {
  return OWN_FILES !== '' && frame.includes(OWN_FILES)
}

function ownFiles(): string {
  const { url = '' } = import.meta as { url?: string } // Every host has it, no library of types declares it.
  return url.slice(0, url.lastIndexOf('/') + 1).replace('file://', '')
}
