/**
 * The task: one running coroutine with its stack of callees.
 *
 * It knows its state and how to change it: park, resume, throw, cancel, settle. It does not step itself; that is the
 * trampoline's work.
 *
 *               resume, throw
 *       +-------------------------+
 *       v                         |
 *   new/ready -> running -> entering -> parked -> (withdrawing) -> ready
 *                   |                     cancel: Cancelled is thrown at the yield
 *                   v
 *                 ended
 */

import { Cancelled, DroppedError } from '../errors.js'
import type { StepContext } from '../host/host.js'
import type { Scheduler } from '../loop/scheduler.js'
import type { Timer } from '../stores/timer-heap.js'
import { inspect, isCoroutine, native } from './coroutine.js'
import { CALLEE, own, ownerOf } from './ownership.js'
import type { Coroutine, EventHandler, Supervisor, Watcher } from './protocol.js'
import {
  ENDED,
  ENTERING,
  type Mode,
  NEW,
  NEXT,
  type Outcome,
  PARKED,
  type Phase,
  READY,
  RETURN,
  STATES,
  type TaskState,
  THROW,
  WITHDRAWING,
} from './task-state.js'

/**
 * A coroutine that refuses to end answers `return()` with another yield. One `return()` leaves one `finally` at least, so
 * that an honest coroutine needs as many as its clean-ups are nested; this many is nobody's honest depth.
 */
const MOST_RETURNS = 10_000

/** What is known of a kill that is under way. */
interface Cancellation {
  readonly graceMs: number
  /** The grace period, while it runs. */
  readonly timer: Timer
  /** Not thrown yet: the task was ready with a value, which it gets first. */
  pending: boolean
  /** The grace period is over: `return()` at every yield. */
  forced: boolean
  /** How many times the coroutine on top has answered `return()` with another yield. */
  returns: number
}

/**
 * One running coroutine with its stack of callees, made by `spawn` and `run`.
 *
 * @typeParam T what the coroutine returns
 */
export class Task<out T = unknown> {
  /** A small integer, counted up in the order in which the scheduler's tasks were spawned. */
  readonly id: number
  /** The name of the function that was spawned, the option `name`, or `task`. */
  readonly name: string
  /** The scheduler that runs it. */
  readonly scheduler: Scheduler

  /** @internal */ phase: Phase
  /** @internal */ result: Outcome<T> | undefined
  /** @internal */ supervisor: Supervisor
  /** @internal */ spawner: Task | null
  /** The coroutine on top of the stack, which takes the next step. @internal */
  coroutine: Coroutine | null
  /** Those that wait for a callee, outermost first; null until there is one. @internal */
  callers: Coroutine[] | null
  /** @internal */ mode: Mode
  /** What to enter with at the next step. @internal */
  value: unknown
  /** The handler of the last event that was yielded; while parked, of the one waited for. @internal */
  handler: EventHandler | null
  /** @internal */ argument: unknown
  /** @internal */ wait: unknown
  /** @internal */ watchers: Set<Watcher> | null
  /** @internal */ cancellation: Cancellation | null
  /** @internal */ readonly context: StepContext | null
  /** Neighbours in the scheduler's list of tasks, in spawn order. @internal */
  previous: Task | null
  /** @internal */ next: Task | null

  /** @internal */
  constructor(
    scheduler: Scheduler,
    id: number,
    name: string,
    coroutine: Coroutine<T>,
    supervisor: Supervisor,
    spawner: Task | null,
    context: StepContext | null,
  ) {
    this.id = id
    this.name = name
    this.phase = NEW
    this.result = undefined
    this.scheduler = scheduler
    this.supervisor = supervisor
    this.spawner = spawner
    this.coroutine = native(coroutine)
    this.callers = null
    this.mode = NEXT
    this.value = undefined
    this.handler = null
    this.argument = undefined
    this.wait = undefined
    this.watchers = null
    this.cancellation = null
    this.context = context
    this.previous = null
    this.next = null
  }

  /** What it is doing now. */
  get state(): TaskState {
    return STATES[this.phase] as TaskState // A phase is an index into it.
  }

  /** How it ended; undefined until then. */
  get outcome(): Outcome<T> | undefined {
    return this.result
  }

  /** The task itself: it is what waits. @internal */
  get task(): this {
    return this
  }

  /** Its name and id: `echoer#3`. */
  toString(): string {
    return `${this.name}#${this.id}`
  }

  // What a handler may do to a waiter.

  /** @internal */
  resume(value: unknown): void {
    // What most events do: they resume while they are entered.
    if (this.phase === ENTERING) this.#ready(NEXT, value)
    else this.#wake(NEXT, value, this.handler?.external)
  }

  /** @internal */
  throw(error: unknown): void {
    this.#wake(THROW, error, this.handler?.external)
  }

  /** @internal */
  withdrawn(): void {
    const { cancellation } = this
    this.#wake(cancellation?.forced ? RETURN : THROW, new Cancelled(), undefined)
    if (cancellation !== null) cancellation.pending = false
  }

  /** How long its clean-up may take, in milliseconds: as its killer has said, or else the run. */
  get graceMs(): number {
    return this.cancellation?.graceMs ?? this.scheduler.graceMs
  }

  /** @internal */
  call(coroutine: Coroutine): undefined {
    own(coroutine, CALLEE)
    this.callers ??= []
    this.callers.push(this.coroutine as Coroutine) // A task that enters an event has a coroutine.
    this.coroutine = native(coroutine)
    this.resume(undefined)
  }

  /** Ends the coroutine on top with a value, its `finally` first. @internal */
  end(value: unknown): void {
    this.#wake(RETURN, value, undefined)
  }

  #wake(mode: Mode, value: unknown, cause: string | undefined): void {
    if (this.phase === PARKED || this.phase === WITHDRAWING) {
      const source = this.handler?.external
      if (source !== undefined) this.scheduler.release(source)
      this.wait = undefined
      if (this.scheduler.probes !== null) this.scheduler.tellWake(this, cause)
    } else if (this.phase !== ENTERING) {
      throw new Error(`${this} is ${this.state}: it was resumed twice, or after its wait was withdrawn`)
    }
    // Answered in some other way than by its cancellation, which therefore comes at its next yield.
    if (this.cancellation !== null && this.phase === WITHDRAWING) this.cancellation.pending = true
    this.#ready(mode, value)
  }

  #ready(mode: Mode, value: unknown): void {
    this.phase = READY
    this.mode = mode
    this.value = value
    this.scheduler.ready(this)
  }

  // What the trampoline does with a step's result.

  /** It waits for an event that was not fulfilled at once. @internal */
  park(wait: unknown): void {
    this.phase = PARKED
    this.wait = wait
    if (this.scheduler.probes !== null) this.scheduler.probes.tell('park', this)
    const source = this.handler?.external
    if (source !== undefined) this.scheduler.hold(source)
    // It may have killed itself, through a combination or a group.
    if (this.cancellation?.pending) this.#withdraw()
  }

  /** The coroutine on top returned. @internal */
  returned(value: unknown): void {
    const caller = this.callers?.pop()
    if (caller === undefined) {
      if (this.cancellation?.forced) this.settle({ kind: 'killed' })
      else this.settle({ kind: 'returned', value: value as T }) // What the outermost coroutine returns is a T.
      return
    }
    this.#unwind(caller, NEXT, value)
  }

  /** The coroutine on top threw. @internal */
  threw(error: unknown): void {
    const caller = this.callers?.pop()
    if (caller === undefined) {
      this.settle(error instanceof Cancelled ? { kind: 'killed' } : { kind: 'threw', error })
      return
    }
    this.#unwind(caller, THROW, error)
  }

  #unwind(caller: Coroutine, mode: Mode, value: unknown): void {
    this.coroutine = caller
    if (this.cancellation?.forced) {
      this.cancellation.returns = 0
      // An error goes on as an error: `return()` would lose it.
      this.#ready(mode === THROW ? THROW : RETURN, value)
    } else {
      this.#ready(mode, value)
    }
  }

  // Killing.

  /**
   * Begins to kill the task, if it is not being killed already.
   *
   * @param graceMs how long it may take before `return()` is used
   * @internal
   */
  cancel(graceMs: number): void {
    if (this.phase === ENDED || this.cancellation !== null) return
    if (this.phase === NEW) {
      this.#close()
      return
    }
    const { scheduler } = this
    const timer = scheduler.timers.add(scheduler.now() + graceMs, force, this as Task)
    this.cancellation = { graceMs, timer, pending: true, forced: false, returns: 0 }
    if (this.phase === PARKED) this.#withdraw()
  }

  /** It has not begun: its body never runs, and the generator is closed. */
  #close(): void {
    try {
      this.coroutine?.return(undefined)
      this.settle({ kind: 'killed' })
    } catch (error) {
      this.settle({ kind: 'threw', error }) // Somebody else had begun to run this generator, and its finally threw.
    }
  }

  /** The grace period is over. @internal */
  force(): void {
    if (this.cancellation === null) return
    this.cancellation.forced = true
    this.cancellation.pending = true
    if (this.phase === PARKED) this.#withdraw()
  }

  #withdraw(): void {
    const cancellation = this.cancellation as Cancellation // Only a task that is being killed is withdrawn.
    cancellation.pending = false
    this.phase = WITHDRAWING
    const handler = this.handler as EventHandler // A parked task has one.
    try {
      if (handler.withdraw?.(this, this.argument, this.wait) !== 'later') this.withdrawn()
    } catch (error) {
      this.throw(error)
    }
  }

  /**
   * Gives a task that is being killed its cancellation in place of what it has just yielded.
   *
   * @returns false if the task has had it, and goes on with its clean-up
   * @internal
   */
  interrupt(): boolean {
    const cancellation = this.cancellation as Cancellation // Asked only of a task that is being killed.
    if (cancellation.forced) {
      if (++cancellation.returns > MOST_RETURNS) this.#drop()
      else this.#ready(RETURN, undefined)
      return true
    }
    if (!cancellation.pending) return false
    cancellation.pending = false
    this.#ready(THROW, new Cancelled())
    return true
  }

  #drop(): void {
    const error = new DroppedError(
      `${this} was killed, and would not end: it answered ${MOST_RETURNS} return() with another yield; it has been dropped`,
    )
    this.settle({ kind: 'threw', error })
  }

  // The end.

  /** Ends the task: lets go of all that it held and tells whoever waits for it. @internal */
  settle(outcome: Outcome<T>): void {
    const { scheduler, supervisor, watchers } = this
    this.phase = ENDED
    this.result = outcome
    this.coroutine = null
    this.callers = null
    this.value = undefined
    if (this.cancellation !== null) scheduler.timers.remove(this.cancellation.timer)
    this.cancellation = null
    if (scheduler.probes !== null) scheduler.probes.tell('exit', this, outcome)
    let taken = false
    // One that is told may take back what another has asked for.
    if (watchers !== null) for (const watcher of watchers) taken = watcher.ended(this) || taken
    this.watchers = null
    if (outcome.kind === 'threw' && !taken) supervisor.fail(this, outcome.error)
    this.handler = null
    this.argument = undefined
    this.spawner = null
    this.supervisor = NOBODY
    scheduler.ended(this)
    supervisor.disown(this)
  }

  /** Is to be told when the task has ended. @internal */
  watch(watcher: Watcher): void {
    this.watchers ??= new Set()
    this.watchers.add(watcher)
  }

  /** No longer wants to be told. @internal */
  unwatch(watcher: Watcher): void {
    this.watchers?.delete(watcher)
  }
}

/** Of a task that has ended: so that it does not hold the one that it had. */
const NOBODY: Supervisor = { adopt() {}, fail() {}, disown() {} }

function force(task: Task): void {
  task.force()
}

/**
 * The task that is meant by a task or, as in Bluelet, by the generator that was spawned.
 *
 * @param operation who asks, for the error message
 */
export function taskOf(target: Task | Coroutine, operation: string): Task {
  if (target instanceof Task) return target
  const owner = ownerOf(target)
  if (owner instanceof Task) return owner
  if (owner === CALLEE) {
    throw new TypeError(
      `${operation}(coroutine): this coroutine was called by another one and is no task of its own: give ${operation} the task that spawn returned`,
    )
  }
  if (isCoroutine(target)) {
    throw new TypeError(
      `${operation}(coroutine): this coroutine was never spawned: yield spawn(coroutine) first, or yield it in order to call it`,
    )
  }
  throw new TypeError(`${operation}(task): expected a task, got ${inspect(target)}`)
}
