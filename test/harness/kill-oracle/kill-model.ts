// What a kill does to a program, said without generators and without a queue: which yield throws
// `Cancelled`, which ones are answered by `return()` once the grace period is over, and what the
// engine makes of that.
import { Cancelled } from '@bluelet/scheduler'
import { SLEEP_MS } from '../oracle/trampoline.js'

/** Thrown by the kill of a task that has not taken its first step. */
const NOT_BEGUN = new Error('not begun')

/**
 * `return()` on its way out: passes every `catch`, and is stopped by a `finally` that is left
 * otherwise.
 */
export class Returning {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/** One task of the program; every one but the last waits for the one after it. */
interface Victim {
  killed: boolean
  /** `Cancelled` is to come at the next yield. */
  pending: boolean
  /** The grace period is over. */
  forced: boolean
  /** When it is. */
  deadline: number
  /** It waits for a task that is being killed on its behalf. */
  withdrawing: boolean
}

/** What a task can be doing between two steps. */
export type State = 'new' | 'ready' | 'parked'

/** How a task ended. */
export type End =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'killed' }

/** One program with its tasks, of which the first is killed after so many steps. */
export class KillModel {
  readonly #victims: Victim[]
  readonly #graceMs: number
  #stepsLeft: number
  #now: number
  /** Counts the times that coroutines were entered again after a yield. */
  #entries: number
  /** Whether the last entry was a `return()`. */
  #returning: boolean

  constructor(steps: number, graceMs: number) {
    this.#victims = []
    this.#graceMs = graceMs
    this.#stepsLeft = steps
    this.#now = 0
    this.#entries = 0
    this.#returning = false
  }

  /** Whether the task that runs gets nothing but `return()` any more. */
  get forced(): boolean {
    return this.#victim.forced
  }

  /** Runs a task from before its first step to its end. */
  task(run: () => unknown): End & { readonly killedFirst: boolean } {
    const victim = { killed: false, pending: false, forced: false, deadline: Infinity, withdrawing: false }
    this.#victims.push(victim)
    const end = this.#endOf(victim, run)
    this.#victims.pop()
    return { ...end, killedFirst: victim.killed }
  }

  #endOf(victim: Victim, run: () => unknown): End {
    try {
      this.between('new')
      this.enter()
      const value = run()
      return victim.forced && this.#returning ? { kind: 'killed' } : { kind: 'returned', value }
    } catch (error) {
      if (error === NOT_BEGUN || error instanceof Cancelled) return { kind: 'killed' }
      return { kind: 'threw', error }
    }
  }

  /** Runs a coroutine on a task of its own, which is killed with the one that waits for it. */
  branch(run: () => unknown): unknown {
    const waiter = this.#victim
    const end = this.task(run)
    const { withdrawing } = waiter
    waiter.withdrawing = false
    if (end.kind === 'threw') {
      // It comes in place of the cancellation, which therefore is still to come.
      if (withdrawing) waiter.pending = true
      this.answer()
      throw end.error
    }
    if (withdrawing) this.#cancelled(waiter)
    this.answer()
    return end.kind === 'returned' ? end.value : undefined
  }

  /** A yield, which a task that has a cancellation coming does not perform. */
  yield(): void {
    const victim = this.#victim
    if (victim.forced) this.return(undefined)
    if (victim.pending) this.#cancelled(victim)
  }

  /** A step is over; the next thing may be the kill. */
  between(state: State): void {
    if (state !== 'parked') this.#expire(this.#now, state)
    if (this.#stepsLeft-- === 0) this.#kill(0, state)
  }

  /** What was yielded is fulfilled: a task that is killed now gets that first. */
  answer(): void {
    this.between('ready')
    this.enter()
  }

  /** Lets time pass, and with it the grace period. */
  sleep(): void {
    this.between('parked')
    const woken = this.#now + SLEEP_MS
    for (let due = this.#firstDeadline(); due < woken; due = this.#firstDeadline()) {
      this.#now = due
      this.#expire(due, 'parked')
    }
    this.#now = woken
    this.enter()
  }

  /** Ends the grace periods that are over. */
  #expire(now: number, state: State): void {
    for (const [i, victim] of this.#victims.entries()) if (victim.deadline <= now) this.#force(i, state)
  }

  /** Kills a task and those below it, which share what is left of its grace period. */
  #kill(i: number, state: State, graceMs = this.#graceMs): void {
    const victim = this.#victims[i] as Victim // Asked only of those that there are.
    victim.killed = true
    victim.deadline = this.#now + graceMs
    if (i < this.#victims.length - 1) {
      victim.withdrawing = true
      this.#kill(i + 1, state, graceMs)
    } else if (state === 'new') throw NOT_BEGUN
    else if (state === 'ready') victim.pending = true
    else {
      this.enter()
      throw new Cancelled()
    }
  }

  #force(i: number, state: State): void {
    const victim = this.#victims[i] as Victim // As above.
    victim.forced = true
    victim.deadline = Infinity
    if (i === this.#victims.length - 1) {
      if (state === 'parked') this.return(undefined)
      return
    }
    if (victim.withdrawing) return
    victim.withdrawing = true
    this.#kill(i + 1, state, 0)
  }

  /** The cancellation comes, with the next step. */
  #cancelled(victim: Victim): never {
    victim.pending = false
    if (victim.forced) this.return(undefined)
    this.#expire(this.#now, 'ready')
    this.enter()
    throw new Cancelled()
  }

  get #victim(): Victim {
    return this.#victims.at(-1) as Victim // Asked only within a task.
  }

  #firstDeadline(): number {
    return Math.min(...this.#victims.map(({ deadline }) => deadline))
  }

  // What the engine does.

  /** A coroutine is entered again, with a value or an error. */
  enter(): void {
    this.#entries++
    this.#returning = false
  }

  /** A coroutine is entered again, by `return()`. */
  return(value: unknown): never {
    this.#entries++
    this.#returning = true
    throw new Returning(value)
  }

  /**
   * What `yield*` does: it goes on when what it has delegated to is done, unless that was done by
   * the very `return()` that the delegating coroutine got.
   */
  delegate(run: () => unknown): unknown {
    const begun = this.#entries
    const value = outcomeOf(run)
    if (this.#returning && this.#entries > begun) throw new Returning(value)
    return value
  }
}

/** What a function returns, be it by a `return()`. */
export function outcomeOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (error instanceof Returning) return error.value
    throw error
  }
}
