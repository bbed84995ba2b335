/**
 * Call sites: where in the user's files an event was made, for people who read a snapshot or a
 * trace.
 *
 * Capturing a stack costs some microseconds, so that it is off unless a scheduler has the option
 * `sites`.
 */

import type { CallSiteIndex, LazySite } from '../core/kernel.js'
import type { Probe } from '../core/probe.js'
import type { TaskHandle } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { isOwnFrame } from './own-files.js'
import { stackOf } from './stack.js'

/**
 * Whether events record where they are made: true during the turns of a scheduler that has the
 * option `sites`.
 */
export let capturing: boolean = false

/** Switches the recording on or off. */
export function setCapturing(on: boolean): void {
  capturing = on
}

/**
 * The engine captures a stack quickly and formats it slowly, so that formatting waits until the
 * stack is read.
 */
const stacks = new WeakMap<object, Error>()

/** Records where an event is made. */
export function captureCallSite(event: object): void {
  stacks.set(event, new Error())
}

/** Gives the copy of an event the call site of the original. */
export function copyCallSite(from: object, to: object): void {
  const stack = stacks.get(from)
  if (stack !== undefined) stacks.set(to, stack)
}

/** The call sites of one scheduler's tasks, collected as a probe. */
export class CallSites implements Probe, CallSiteIndex {
  readonly #spawned = new WeakMap<TaskHandle, Error>()
  /** For each coroutine on a task's stack, outermost first, the call site of its last event. */
  readonly #yielded = new WeakMap<TaskHandle, (Error | undefined)[]>()

  /** Where the task was spawned, as `function (file:line:column)`. */
  spawnedAt(task: TaskHandle): string | undefined {
    return siteOf(this.#spawned.get(task))
  }

  /** The name of the coroutine that the task was spawned with, once it has yielded an event. */
  coroutineOf(task: TaskHandle): string | undefined {
    const stack = this.#yielded.get(task)?.[0]
    const frame = stack === undefined ? undefined : coroutinesIn(linesOf(stack)).at(-1)
    return frame === undefined ? undefined : /^(\S+) \(/.exec(frame)?.[1]
  }

  /** Where each coroutine on the task's stack last yielded an event, outermost first. */
  yieldedAt(task: TaskHandle): readonly (string | undefined)[] {
    return this.#yielded.get(task)?.map(siteOf) ?? []
  }

  spawnSite(task: TaskHandle): LazySite | undefined {
    return lazily(this.#spawned.get(task))
  }

  yieldSite(task: TaskHandle): LazySite | undefined {
    return lazily(this.#yielded.get(task)?.at(-1))
  }

  spawn(task: TaskHandle, spawner: TaskHandle | null): void {
    const stack = spawner === null ? new Error() : this.#yielded.get(spawner)?.at(-1)
    if (stack !== undefined) this.#spawned.set(task, stack)
  }

  yield(task: TaskHandle, yielded: unknown): void {
    let sites = this.#yielded.get(task)
    if (sites === undefined) {
      sites = []
      this.#yielded.set(task, sites)
    }
    const depth = (task as Task).callers?.length ?? 0 // Every handle is a Task.
    sites.length = depth + 1
    sites[depth] = typeof yielded === 'object' && yielded !== null ? stacks.get(yielded) : undefined
  }

  /** Removes a task that has ended, after its watchers have been notified. */
  forget(task: TaskHandle): void {
    this.#yielded.delete(task)
    this.#spawned.delete(task)
  }
}

function lazily(stack: Error | undefined): LazySite | undefined {
  return stack === undefined ? undefined : () => siteOf(stack)
}

/** The innermost coroutine of a stack, or else the innermost caller of this package. */
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
 * The coroutines on the current JavaScript stack, innermost first, each as
 * `function (file:line:column)`: the one that the trampoline has entered, and those to which it has
 * delegated by `yield*`.
 */
export function coroutineFrames(): string[] {
  return coroutinesIn(linesOf(new Error()))
}

/** The engine writes a line such as `greet.next (<anonymous>)` below each running generator. */
function coroutinesIn(lines: readonly string[]): string[] {
  return lines.filter(
    (frame, i) => !isOwnFrame(frame) && /^\S+\.(next|throw|return) \(<anonymous>\)$/.test(lines[i + 1] ?? ''),
  )
}

/**
 * The lines of a stack; none if the engine, or a `prepareStackTrace` of the program, does not write
 * it as V8 does.
 */
function linesOf(taken: Error): string[] {
  const stack = stackOf(taken)
  if (stack === undefined) return []
  return stack.split('\n').flatMap((line) => /^\s*at (.*)$/.exec(line)?.[1]?.replace('file://', '') ?? [])
}
