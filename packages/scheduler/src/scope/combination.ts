/**
 * Combinations: several yieldables performed together on behalf of one waiter. `race`, `all` and `timeout` are rules that
 * say when a combination is decided.
 *
 * Events combine without a task each: every branch is a waiter of its own. Only a branch that runs a coroutine needs a
 * task, and a combination answers its waiter when the last of these tasks has ended.
 */

import type { Kernel } from '../core/kernel.js'
import type { Coroutine, EventHandler, TaskHandle, Waiter, Yieldable } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { ENDED, ENTERING, NEW, PARKED, type Phase, WITHDRAWING } from '../core/task-state.js'
import { enter } from '../core/trampoline.js'
import { unpark, type Wait, withdraw } from '../core/wait.js'
import { KilledError } from '../errors.js'
import { combinedError } from './outcome.js'

/** When a combination is decided, and how. An error of a branch always decides it. */
export interface Rule {
  /** The event's name. */
  readonly name: string
  /** A branch gave a value. */
  gave(combination: Combination, index: number, value: unknown): void
  /** The combination is decided or withdrawn: the rule removes what it has set up. */
  over?(): void
  /** A branch answered while it was being withdrawn. Without this method, only an error counts. */
  late?(combination: Combination, answer: Answer): void
}

/** What a waiter is answered with. */
export type Answer = { readonly value: unknown } | { readonly error: unknown }

/** A waiter that takes the source of its answer, for the probes: tasks and branches do. */
interface SourcedWaiter extends Waiter<unknown> {
  resume(value: unknown, source?: string): void
  throw(error: unknown, source?: string): void
}

/** Several branches and one waiter. */
export class Combination {
  readonly waiter: SourcedWaiter
  readonly rule: Rule
  readonly #branches: Branch[] = []
  /** The answer for the waiter; undefined until the combination is decided. */
  #answer: Answer | undefined = undefined
  /** The external source that woke the last branch, for the probes. */
  #source: string | undefined = undefined
  /** The waiter itself has been withdrawn. */
  #unwanted = false
  /** The number of branches that are being withdrawn and have not ended. */
  #ending = 0
  /** The errors of branches that were being withdrawn. */
  readonly #errors: unknown[] = []

  constructor(waiter: Waiter<unknown>, rule: Rule) {
    this.waiter = waiter
    this.rule = rule
  }

  /** Enters the branches in order, up to the first that decides the combination at once. */
  enter(yieldables: readonly Yieldable[]): this {
    this.#ending++ // Keeps a branch that ends at once from finishing the combination half-way.
    for (const [index, yieldable] of yieldables.entries()) {
      const branch = new Branch(this, index)
      this.#branches.push(branch)
      enter(branch, yieldable)
      if (this.#answer === undefined) continue
      // A branch that decides it while it is being entered may itself have to be withdrawn.
      this.#withdrawBranch(branch)
      break
    }
    this.#ending--
    if (this.#answer !== undefined && this.#ending === 0) this.#finish()
    return this
  }

  /** Decides the answer, and withdraws the branches that are left. The first decision stands. */
  decide(answer: Answer): void {
    if (this.#answer !== undefined || this.#unwanted) return
    this.#answer = answer
    this.rule.over?.()
    this.#withdrawBranches()
    if (this.#ending === 0) this.#finish()
  }

  /** Replaces the answer: for a rule whose branch has answered late. */
  revise(answer: Answer): void {
    this.#answer = answer
  }

  /** Withdraws all branches, because the waiter is withdrawn. */
  withdraw(): 'later' | undefined {
    if (this.#answer === undefined) {
      this.#unwanted = true
      this.rule.over?.()
      this.#withdrawBranches()
      if (this.#ending === 0 && this.#errors.length === 0) return undefined
      if (this.#ending === 0) this.#finish()
    }
    return 'later'
  }

  /**
   * A branch has a value.
   *
   * @param source the external source that woke the branch, if any
   * @param late whether the branch was being withdrawn
   */
  gave(index: number, value: unknown, source: string | undefined, late: boolean): void {
    this.#source = source
    if (late) this.#ended({ value })
    else this.rule.gave(this, index, value)
  }

  /** A branch has failed. The parameters are those of `gave`. */
  threw(error: unknown, source: string | undefined, late: boolean): void {
    this.#source = source
    if (late) this.#ended({ error })
    else this.decide({ error })
  }

  /** A branch that was being withdrawn has ended without an answer. */
  withdrawn(): void {
    this.#ended(undefined)
  }

  #withdrawBranches(): void {
    this.#ending++ // Keeps a branch that ends at once from finishing the combination half-way.
    for (const branch of this.#branches) this.#withdrawBranch(branch)
    this.#ending--
  }

  #withdrawBranch(branch: Branch): void {
    if (branch.phase !== PARKED) return
    // Counted first: the branch may end while it is being withdrawn.
    this.#ending++
    withdraw(branch)
  }

  #ended(answer: Answer | undefined): void {
    this.#ending--
    if (answer !== undefined && this.rule.late !== undefined) this.rule.late(this, answer)
    else if (answer !== undefined && 'error' in answer) this.#errors.push(answer.error)
    else if (answer !== undefined) dispose(answer.value)
    if (this.#ending === 0) this.#finish()
  }

  #finish(): void {
    const { waiter } = this
    const answer = this.#answer
    const source = this.#source
    const errors = answer !== undefined && 'error' in answer ? [answer.error, ...this.#errors] : this.#errors
    if (errors.length > 0 && answer !== undefined && 'value' in answer) dispose(answer.value)
    if (errors.length > 0) waiter.throw(combinedError(errors, `branches of ${this.rule.name}`), source)
    else if (answer !== undefined && 'value' in answer) waiter.resume(answer.value, source)
    else waiter.withdrawn()
  }
}

/** One branch: the waiter of one of the yieldables. */
class Branch implements Wait {
  phase: Phase = NEW
  handler: EventHandler | null = null
  argument: unknown = undefined
  entered: unknown = undefined
  readonly #combination: Combination
  readonly #index: number

  constructor(combination: Combination, index: number) {
    this.#combination = combination
    this.#index = index
  }

  get scheduler(): Kernel {
    return this.task.scheduler
  }

  get task(): Task {
    return this.#combination.waiter.task as Task // Every handle is a Task.
  }

  get grace(): number {
    return this.#combination.waiter.grace
  }

  resume(value: unknown, source: string | undefined = this.handler?.external): void {
    this.#combination.gave(this.#index, value, source, this.#end())
  }

  throw(error: unknown, source: string | undefined = this.handler?.external): void {
    this.#combination.threw(error, source, this.#end())
  }

  withdrawn(): void {
    this.#end()
    this.#combination.withdrawn()
  }

  call(coroutine: Coroutine): TaskHandle {
    const { task } = this
    const request = { coroutine, name: this.#combination.rule.name, fresh: false }
    const child = task.scheduler.spawn(request, task.supervisor, task) as Task // Every handle is a Task.
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

  /** Ends the wait. @returns whether the branch was being withdrawn */
  #end(): boolean {
    const { phase } = this
    if (phase !== ENTERING) unpark(this)
    this.phase = ENDED
    this.handler = null
    this.argument = undefined
    return phase === WITHDRAWING
  }
}

/** Closes a value that its waiter cannot receive any more, such as a connection that came too late, if it can be closed. */
function dispose(value: unknown): void {
  const key = (Symbol as { dispose?: symbol }).dispose
  if (key === undefined || typeof value !== 'object' || value === null) return
  const close = (value as Record<symbol, unknown>)[key]
  if (typeof close === 'function') close.call(value)
}
