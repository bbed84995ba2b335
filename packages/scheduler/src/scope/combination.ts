/**
 * Combinations: several yieldables performed together on behalf of one waiter. `race`, `all` and
 * `timeout` are rules that say when a combination is decided.
 *
 * Events combine without a task each: every branch is a waiter of its own. Only a branch that runs
 * a coroutine needs a task, and a combination answers its waiter when the last of these tasks has
 * ended.
 */

import { leadsTo } from '../core/join-cycle.js'
import { notEntered } from '../core/promise-wait.js'
import type { InnerWaits, Needs, TaskHandle, Waiter, Yieldable } from '../core/protocol.js'
import { PARKED, WITHDRAWING } from '../core/task-state.js'
import { enter } from '../core/trampoline.js'
import { hasten, withdraw } from '../core/wait.js'
import { Branch, type BranchOwner, type SourcedWaiter } from './branch.js'
import { type Disposal, giveBack } from './disposal.js'
import { combinedError } from './outcome.js'

/** When a combination is decided, and how. */
export interface Rule {
  /** The event's name. */
  readonly name: string
  /**
   * How many branches must be done before the combination is decided. If one is enough, the
   * branches must not answer each other. The default is `all`.
   */
  readonly needs?: Needs
  /** A branch gave a value. */
  gave(combination: Combination, index: number, value: unknown): void
  /** A branch has failed. Without this method, its error decides the combination. */
  threw?(combination: Combination, index: number, error: unknown): void
  /** The combination is decided or withdrawn: the rule removes what it has set up. */
  over?(): void
  /** A branch answered while it was being withdrawn. Without this method, only an error counts. */
  late?(combination: Combination, answer: Answer): void
}

/** What a waiter is answered with. */
export type Answer = { readonly value: unknown } | { readonly error: unknown }

/** Several branches and one waiter. */
export class Combination implements BranchOwner, InnerWaits {
  readonly waiter: SourcedWaiter
  readonly rule: Rule
  readonly #branches: Branch[] = []
  /** The yieldables, and the number of them that may be performed at once. */
  #yieldables: readonly Yieldable[] = []
  #limit = Number.POSITIVE_INFINITY
  /** The number of branches that have begun and are not done. */
  #running = 0
  /** Branches are being entered: one that ends at once must not enter the next one by itself. */
  #entering = false
  /** The answer for the waiter; undefined until the combination is decided. */
  #answer: Answer | undefined = undefined
  /** The external source that woke the last branch, for the probes. */
  #source: string | undefined = undefined
  /** The waiter itself has been withdrawn. */
  #unwanted = false
  /** The number of branches that are being withdrawn, and of values that are being disposed of. */
  #ending = 0
  /** The disposals that have taken time; null until there is one. */
  #disposals: Disposal[] | null = null
  /** The errors of branches that were being withdrawn, and of disposals. */
  readonly #errors: unknown[] = []

  constructor(waiter: Waiter<unknown>, rule: Rule) {
    this.waiter = waiter
    this.rule = rule
  }

  get branches(): readonly Waiter[] {
    return this.#branches
  }

  get needs(): Needs {
    return this.rule.needs ?? 'all'
  }

  canDoWithout(branch: Branch, end: TaskHandle): boolean {
    if (this.needs !== 'one') return this.needs === 'none'
    const last = branch.index === this.#yieldables.length - 1
    return !last || this.#branches.some((other) => other !== branch && !leadsTo(other, end))
  }

  /**
   * Enters the branches in order, up to the first that decides the combination at once.
   *
   * @param limit how many may be performed at once; the next one begins when one is done
   */
  enter(yieldables: readonly Yieldable[], limit: number = Number.POSITIVE_INFINITY): this {
    this.#yieldables = yieldables
    this.#limit = limit
    this.#enterMore()
    for (let i = this.#branches.length; i < yieldables.length; i++) notEntered(yieldables[i])
    return this
  }

  /** Decides the answer, and withdraws the branches that are left. The first decision stands. */
  decide(answer: Answer): void {
    if (this.decided) return
    this.#answer = answer
    this.rule.over?.()
    this.#withdrawBranches('error' in answer)
    if (this.#ending === 0) this.#finish()
  }

  /** Whether no branch can change the outcome any more. */
  get decided(): boolean {
    return this.#answer !== undefined || this.#unwanted
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
      this.#withdrawBranches(true)
      if (this.#ending === 0 && this.#errors.length === 0) return undefined
      if (this.#ending === 0) this.#finish()
    } else this.hasten()
    return 'later'
  }

  /** Hastens the branches, and the disposals that are under way. */
  hasten(): void {
    for (const branch of this.#branches) hasten(branch)
    if (this.#disposals !== null) for (const disposal of this.#disposals) disposal.hasten(this.waiter.grace)
  }

  /**
   * A branch has a value.
   *
   * @param source the external source that woke the branch, if any
   * @param late whether the branch was being withdrawn
   */
  gave(branch: Branch, value: unknown, source: string | undefined, late: boolean): void {
    this.#source = source
    if (late) this.#ended({ value }, branch)
    else if (this.decided) this.#giveBack(branch)
    else {
      this.#running--
      this.rule.gave(this, branch.index, value)
      this.#enterMore()
    }
  }

  /** A branch has failed. The parameters are those of `gave`. */
  threw(branch: Branch, error: unknown, source: string | undefined, late: boolean): void {
    this.#source = source
    if (late) this.#ended({ error }, branch)
    else if (this.decided) this.#errors.push(error)
    else if (this.rule.threw === undefined) this.decide({ error })
    else {
      this.#running--
      this.rule.threw(this, branch.index, error)
      this.#enterMore()
    }
  }

  /** A branch that was being withdrawn has ended without an answer. */
  withdrawn(): void {
    this.#ended(undefined, null)
  }

  /**
   * Gives back the values of the branches, because the waiter cannot receive them: the last that
   * came first.
   */
  discard(): void | PromiseLike<void> {
    const errors: unknown[] = []
    const promises: PromiseLike<void>[] = []
    for (let i = this.#branches.length - 1; i >= 0; i--) {
      try {
        const promise = this.#branches[i]?.discard()
        if (promise !== undefined) promises.push(promise)
      } catch (error) {
        errors.push(error)
      }
    }
    if (promises.length > 0) return this.#discarded(promises, errors)
    if (errors.length > 0) throw combinedError(errors, 'disposals')
  }

  async #discarded(promises: readonly PromiseLike<void>[], errors: unknown[]): Promise<void> {
    for (const result of await Promise.allSettled(promises)) {
      if (result.status === 'rejected') errors.push(result.reason)
    }
    if (errors.length > 0) throw combinedError(errors, 'disposals')
  }

  /** Enters branches, within the limit, until one of them decides the combination. */
  #enterMore(): void {
    const yieldables = this.#yieldables
    if (this.#entering || this.decided || this.#branches.length === yieldables.length) return
    this.#entering = true
    this.#ending++ // Keeps a branch that ends at once from finishing the combination half-way.
    while (!this.decided && this.#running < this.#limit && this.#branches.length < yieldables.length) {
      const branch = new Branch(this, this.#branches.length)
      this.#branches.push(branch)
      this.#running++
      enter(branch, yieldables[branch.index])
      // A branch that decides it while it is being entered may itself have to be withdrawn.
      if (this.decided && branch.phase === PARKED) {
        branch.phase = WITHDRAWING
        this.#ending++
        withdraw(branch)
      }
    }
    this.#entering = false
    if (--this.#ending === 0 && this.decided) this.#finish()
  }

  /**
   * Withdraws the branches that wait. All of them count as leaving before the first is withdrawn,
   * so that nothing that its clean-up gives away can reach one of the others.
   *
   * @param unwanted whether the values of the branches that are done will not be received
   */
  #withdrawBranches(unwanted: boolean): void {
    this.#ending++ // Keeps a branch that ends at once from finishing the combination half-way.
    const branches = this.#branches
    for (const branch of branches) {
      if (branch.phase !== PARKED) continue
      branch.phase = WITHDRAWING
      this.#ending++
    }
    for (const branch of branches) if (branch.phase === WITHDRAWING) withdraw(branch)
    if (unwanted) this.#giveBackAll()
    this.#ending--
  }

  #giveBackAll(): void {
    for (let i = this.#branches.length - 1; i >= 0; i--) {
      const branch = this.#branches[i]
      if (branch?.holds) this.#giveBack(branch)
    }
  }

  /** Gives back the value of a branch, which may take time. */
  #giveBack(branch: Branch): void {
    if (!branch.holds) return
    const { scheduler, grace } = this.waiter
    this.#ending++
    const disposal = giveBack(
      scheduler,
      grace,
      () => branch.discard(),
      (errors) => {
        this.#errors.push(...errors)
        if (--this.#ending === 0) this.#finish()
      },
    )
    if (disposal === undefined) return
    this.#disposals ??= []
    this.#disposals.push(disposal)
  }

  #ended(answer: Answer | undefined, branch: Branch | null): void {
    if (answer !== undefined && this.rule.late !== undefined) this.rule.late(this, answer)
    else if (answer !== undefined && 'error' in answer) this.#errors.push(answer.error)
    else if (branch !== null) this.#giveBack(branch)
    if (--this.#ending === 0) this.#finish()
  }

  #finish(): void {
    const { waiter } = this
    const answer = this.#answer
    const source = this.#source
    const errors = answer !== undefined && 'error' in answer ? [answer.error, ...this.#errors] : this.#errors
    if (errors.length > 0) {
      this.#ending++
      this.#giveBackAll()
      if (--this.#ending > 0) return
    }
    if (errors.length > 0) waiter.throw(combinedError(errors, `branches of ${this.rule.name}`), source)
    else if (answer !== undefined && 'value' in answer) waiter.resume(answer.value, source, this)
    else waiter.withdrawn()
  }
}
