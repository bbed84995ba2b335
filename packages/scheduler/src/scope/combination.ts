/**
 * Combinations: several yieldables performed together on behalf of one waiter. `race`, `all` and `timeout` are rules for
 * when a combination is decided.
 *
 * Events combine without a task each: every branch is a waiter of its own. Only a branch that runs a coroutine needs a
 * task, and a combination answers its waiter when the last of these has ended.
 */

import type { Coroutine, EventHandler, Waiter, Yieldable } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { argumentOf, handlerOf } from '../core/yieldable.js'
import { KilledError } from '../errors.js'
import type { Scheduler } from '../loop/scheduler.js'

/** When a combination is decided, and by what. An error of a branch always decides it. */
export interface Rule {
  /** The event's name. */
  readonly name: string
  /** A branch gave a value. */
  gave(combination: Combination, index: number, value: unknown): void
  /** It is over, one way or the other: nothing more is needed of what the rule has set up. */
  over?(): void
  /** A branch gave a value, or threw, although it was being withdrawn; without it, only the error counts. */
  late?(combination: Combination, answer: Answer): void
}

/** What a waiter is answered with. */
export type Answer = { readonly value: unknown } | { readonly error: unknown }

/** Several branches and one waiter. */
export class Combination {
  readonly waiter: Waiter<unknown>
  readonly rule: Rule
  readonly #branches: Branch[]
  /** What the waiter will be answered with; undefined until that is decided. */
  #answer: Answer | undefined
  /** The waiter itself has been withdrawn. */
  #unwanted: boolean
  /** How many branches are being withdrawn and have not ended. */
  #ending: number
  /** What failed while it was being withdrawn. */
  readonly #errors: unknown[]

  constructor(waiter: Waiter<unknown>, rule: Rule) {
    this.waiter = waiter
    this.rule = rule
    this.#branches = []
    this.#answer = undefined
    this.#unwanted = false
    this.#ending = 0
    this.#errors = []
  }

  /** Enters the branches in order, up to the first that decides it at once. */
  enter(yieldables: readonly Yieldable[]): this {
    // Held open by one: a branch that decides it while it is being entered may itself have to be withdrawn.
    this.#ending++
    for (const [index, yieldable] of yieldables.entries()) {
      const branch = new Branch(this, index)
      this.#branches.push(branch)
      branch.enter(yieldable)
      if (this.#answer === undefined) continue
      this.#withdrawBranch(branch)
      break
    }
    this.#ending--
    if (this.#answer !== undefined && this.#ending === 0) this.#finish()
    return this
  }

  /** Decides what the waiter is answered with, and withdraws the branches that are left. The first decision stands. */
  decide(answer: Answer): void {
    if (this.#answer !== undefined || this.#unwanted) return
    this.#answer = answer
    this.rule.over?.()
    this.#withdrawBranches()
    if (this.#ending === 0) this.#finish()
  }

  /** Decides otherwise: for a rule whose branch gave a late answer. */
  revise(answer: Answer): void {
    this.#answer = answer
  }

  /** The waiter is withdrawn, and with it all branches. */
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

  #withdrawBranches(): void {
    // Held open by one, so that branches which end at once do not finish it half-way.
    this.#ending++
    for (const branch of this.#branches) this.#withdrawBranch(branch)
    this.#ending--
  }

  #withdrawBranch(branch: Branch): void {
    // Counted first: it may end, and say so, while it is being withdrawn.
    this.#ending++
    if (!branch.withdraw()) this.#ending--
  }

  /** A branch that was being withdrawn has ended. */
  ended(answer: Answer | undefined): void {
    this.#ending--
    if (answer !== undefined && this.rule.late !== undefined) this.rule.late(this, answer)
    else if (answer !== undefined && 'error' in answer) this.#errors.push(answer.error)
    else if (answer !== undefined) dispose(answer.value)
    if (this.#ending === 0) this.#finish()
  }

  /** A handler failed to withdraw a branch. */
  failed(error: unknown): void {
    this.#errors.push(error)
  }

  #finish(): void {
    const answer = this.#answer
    const errors = answer !== undefined && 'error' in answer ? [answer.error, ...this.#errors] : this.#errors
    if (errors.length > 0 && answer !== undefined && 'value' in answer) dispose(answer.value)
    if (errors.length > 1) {
      this.waiter.throw(
        new AggregateError(
          errors,
          `${errors.length} branches of ${this.rule.name} failed: ${errors.map(String).join('; ')}`,
        ),
      )
    } else if (errors.length === 1) this.waiter.throw(errors[0])
    else if (answer !== undefined && 'value' in answer) this.waiter.resume(answer.value)
    else this.waiter.withdrawn()
  }
}

/** One branch: the waiter of one of the yieldables. */
class Branch {
  readonly #combination: Combination
  readonly #index: number
  #phase: 'entering' | 'parked' | 'withdrawing' | 'done'
  #handler: EventHandler | null
  #argument: unknown
  #wait: unknown

  constructor(combination: Combination, index: number) {
    this.#combination = combination
    this.#index = index
    this.#phase = 'entering'
    this.#handler = null
    this.#argument = undefined
    this.#wait = undefined
  }

  get scheduler(): Scheduler {
    return this.#combination.waiter.scheduler
  }

  get task(): Task {
    return this.#combination.waiter.task
  }

  enter(yieldable: Yieldable): void {
    try {
      const handler = handlerOf(yieldable)
      this.#handler = handler
      this.#argument = argumentOf(yieldable, handler)
      if (handler.enter === undefined) {
        this.resume(this.#argument)
        return
      }
      const wait = handler.enter(this, this.#argument)
      if (this.#phase !== 'entering') return
      this.#phase = 'parked'
      this.#wait = wait
      if (handler.external !== undefined) this.scheduler.hold(handler.external)
    } catch (error) {
      if (this.#phase !== 'entering') throw error
      this.throw(error)
    }
  }

  /** @returns whether it says itself when it has ended, and may have done so */
  withdraw(): boolean {
    if (this.#phase !== 'parked') return false
    const handler = this.#handler as EventHandler // A parked branch has one.
    this.#phase = 'withdrawing'
    try {
      if (handler.withdraw?.(this, this.#argument, this.#wait) === 'later') return true
    } catch (error) {
      this.#combination.failed(error)
    }
    this.#done()
    return false
  }

  resume(value: unknown): void {
    const { scheduler } = this
    // Of the waiter's own event nobody could tell what it was that woke it.
    scheduler.source = this.#handler?.external
    this.#resume(value)
    scheduler.source = undefined
  }

  #resume(value: unknown): void {
    const late = this.#done()
    if (late) this.#combination.ended({ value })
    else this.#combination.rule.gave(this.#combination, this.#index, value)
  }

  throw(error: unknown): void {
    const { scheduler } = this
    scheduler.source = this.#handler?.external
    this.#throw(error)
    scheduler.source = undefined
  }

  #throw(error: unknown): void {
    const late = this.#done()
    if (late) this.#combination.ended({ error })
    else this.#combination.decide({ error })
  }

  withdrawn(): void {
    this.#done()
    this.#combination.ended(undefined)
  }

  call(coroutine: Coroutine): Task {
    const { task, scheduler } = this
    const child = scheduler.spawnTask(
      { coroutine, name: this.#combination.rule.name, fresh: false },
      task.supervisor,
      task,
    )
    child.watch({
      ended: ({ outcome }) => {
        if (outcome?.kind === 'returned') this.resume(outcome.value)
        else if (outcome?.kind === 'threw') this.throw(outcome.error)
        else if (this.#isWithdrawing()) this.withdrawn()
        else this.throw(new KilledError(`${child} was killed, so that this branch has no value`))
        return true
      },
      branch: true,
    })
    return child
  }

  #isWithdrawing(): boolean {
    return this.#phase === 'withdrawing'
  }

  /** @returns whether it was being withdrawn */
  #done(): boolean {
    const withdrawing = this.#phase === 'withdrawing'
    const source = this.#handler?.external
    if ((withdrawing || this.#phase === 'parked') && source !== undefined) this.scheduler.release(source)
    this.#phase = 'done'
    this.#handler = null
    this.#argument = undefined
    this.#wait = undefined
    return withdrawing
  }
}

/** A value that nobody can have any more, such as a connection that came too late: it is closed, if it can be. */
function dispose(value: unknown): void {
  const key = (Symbol as { dispose?: symbol }).dispose
  if (key === undefined || typeof value !== 'object' || value === null) return
  const close = (value as Record<symbol, unknown>)[key]
  if (typeof close === 'function') close.call(value)
}
