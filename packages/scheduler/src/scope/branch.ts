/**
 * A branch of a combination: the waiter of one of its yieldables.
 *
 * It keeps a value that can be given back until its combination has been answered.
 */

import type { Kernel } from '../core/kernel.js'
import type { Coroutine, EventHandler, Needs, TaskHandle, Waiter } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { ENDED, ENTERING, NEW, PARKED, type Phase, WITHDRAWING } from '../core/task-state.js'
import { answeredTwice, notWithdrawn, unpark, type Wait } from '../core/wait.js'
import { KilledError } from '../errors.js'
import { dispose } from './disposal.js'

/** The origin of a value that a waiter may be unable to receive: a combination. */
export interface Giver {
  /** Takes back the value that it has given. */
  discard(): void | PromiseLike<void>
}

/**
 * A waiter that takes the source of its answer, for the probes, and the combination that it came
 * from: tasks and branches do.
 */
export interface SourcedWaiter extends Waiter<unknown> {
  resume(value: unknown, source?: string, from?: Giver): void
  throw(error: unknown, source?: string): void
}

/** The combination of a branch. */
export interface BranchOwner {
  readonly waiter: SourcedWaiter
  readonly rule: { readonly name: string; readonly needs?: Needs }
  /** Whether no branch can change the outcome any more. */
  readonly decided: boolean
  /** Whether another branch can end the combination before a given task has ended. */
  canDoWithout(branch: Branch, end: TaskHandle): boolean
  /**
   * A branch has a value.
   *
   * @param source the external source that woke the branch, if any
   * @param late whether the branch was being withdrawn
   */
  gave(branch: Branch, value: unknown, source: string | undefined, late: boolean): void
  /** A branch has failed. The parameters are those of `gave`. */
  threw(branch: Branch, error: unknown, source: string | undefined, late: boolean): void
  /** A branch that was being withdrawn has ended without an answer. */
  withdrawn(): void
}

/** One branch: the waiter of one of the yieldables. */
export class Branch implements Wait {
  readonly index: number
  phase: Phase = NEW
  handler: EventHandler | null = null
  argument: unknown = undefined
  entered: unknown = undefined
  readonly #owner: BranchOwner
  /** A task runs the branch. */
  #called = false
  /** The branch has a value that can be given back. */
  holds = false
  #value: unknown = undefined
  /** The combination that gave the value. */
  #from: Giver | undefined = undefined

  constructor(owner: BranchOwner, index: number) {
    this.#owner = owner
    this.index = index
  }

  get scheduler(): Kernel {
    return this.task.scheduler
  }

  get task(): Task {
    return this.#owner.waiter.task as Task // Every handle is a Task.
  }

  get grace(): number {
    return this.#owner.waiter.grace
  }

  get leaving(): boolean {
    return this.phase === WITHDRAWING || this.#owner.decided || this.#owner.waiter.leaving
  }

  optional(end: TaskHandle): boolean {
    const { waiter } = this.#owner
    return this.#owner.canDoWithout(this, end) || (waiter instanceof Branch && waiter.optional(end))
  }

  excludes(other: Waiter): boolean {
    if (other.task !== this.task) return false
    for (let mine: Waiter = this; mine instanceof Branch; mine = mine.#owner.waiter) {
      for (let theirs: Waiter = other; theirs instanceof Branch; theirs = theirs.#owner.waiter) {
        if (mine.#owner === theirs.#owner) return mine.#owner.rule.needs === 'one'
      }
    }
    return false
  }

  resume(
    value: unknown,
    source: string | undefined = this.handler?.external,
    from: Giver | undefined = undefined,
  ): void {
    const { handler, argument } = this
    const late = this.#end()
    if (from !== undefined || this.#called || handler?.discard !== undefined) {
      this.holds = true
      this.handler = handler
      this.argument = argument
      this.#value = value
      this.#from = from
    }
    this.#owner.gave(this, value, source, late)
  }

  throw(error: unknown, source: string | undefined = this.handler?.external): void {
    this.#owner.threw(this, error, source, this.#end())
  }

  withdrawn(): void {
    if (this.phase === PARKED) throw notWithdrawn(this)
    this.#end()
    this.#owner.withdrawn()
  }

  call(coroutine: Coroutine, name: string = this.#owner.rule.name): TaskHandle {
    const { task } = this
    const request = { coroutine, name, fresh: false }
    const child = task.scheduler.spawn(request, task.supervisor, task) as Task // Every handle is a Task.
    this.#called = true
    child.watch({
      ended: ({ outcome }) => {
        if (outcome?.kind === 'returned') this.resume(outcome.value)
        else if (outcome?.kind === 'threw') this.throw(outcome.error)
        else if (this.phase === WITHDRAWING) this.withdrawn()
        else this.throw(new KilledError(`${child} was killed, so this branch has no value`))
        return true
      },
      branch: true,
    })
    return child
  }

  /** For messages: `branch 0 of race in main#1`. */
  toString(): string {
    return `branch ${this.index} of ${this.#owner.rule.name} in ${this.task}`
  }

  /**
   * Gives the value back, once: to the event that gave it; what a coroutine returned is disposed
   * of.
   */
  discard(): void | PromiseLike<void> {
    if (!this.holds) return
    const { handler, argument } = this
    const value = this.#value
    const from = this.#from
    this.holds = false
    this.handler = null
    this.argument = undefined
    this.#value = undefined
    this.#from = undefined
    if (from !== undefined) return from.discard()
    return handler?.discard === undefined ? dispose(value) : handler.discard(argument, value)
  }

  /** Ends the wait. @returns whether the branch was being withdrawn */
  #end(): boolean {
    const { phase } = this
    if (phase === ENDED) throw answeredTwice(this, 'ended')
    if (phase !== ENTERING) unpark(this)
    this.phase = ENDED
    this.handler = null
    this.argument = undefined
    return phase === WITHDRAWING
  }
}
