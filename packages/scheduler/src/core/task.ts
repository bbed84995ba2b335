/**
 * The task: one running coroutine with its stack of callees.
 *
 * It knows its state and how to change it: park, resume, throw, cancel, settle. It does not step
 * itself; that is the trampoline's work.
 *
 *               resume, throw
 *       +-------------------------+
 *       v                         |
 *   new/ready -> running -> entering -> parked -> (withdrawing) -> ready
 *                   |                     cancel: Cancelled is thrown at the yield
 *                   v
 *                 ended, once its resources have ended
 */

import { inspect } from '../check.js'
import type { StepContext } from '../host/host.js'
import { abandonedError, Cancellation } from './cancellation.js'
import { close, isCoroutine, native } from './coroutine.js'
import type { Kernel } from './kernel.js'
import { CALLEE, own, ownerOf } from './ownership.js'
import { notEntered } from './promise-wait.js'
import type { Coroutine, EventHandler, Supervisor, TaskHandle, Watcher } from './protocol.js'
import type { Resources } from './resources.js'
import {
  ENDED,
  ENTERING,
  MODE_NAMES,
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
import { TaskTies } from './task-ties.js'
import { answeredTwice, hasten, notWithdrawn, shields, unpark, withdraw } from './wait.js'

/**
 * One running coroutine with its stack of callees, made by `spawn` and `run`.
 *
 * @typeParam T the value that the coroutine returns
 */
export class Task<out T = unknown> implements TaskHandle<T> {
  /** A small integer, in the order in which the tasks of a scheduler were spawned. */
  readonly id: number
  /** The name of the spawned function, the option `name`, or `task`. */
  readonly name: string
  /** @internal */ readonly scheduler: Kernel

  /** @internal */ phase: Phase = NEW
  /** @internal */ result: Outcome<T> | undefined = undefined
  /** @internal */ supervisor: Supervisor
  /** @internal */ spawner: Spawner | null
  /** The coroutine on top of the stack, which takes the next step. @internal */
  coroutine: Coroutine | null
  /** Those that wait for a callee, outermost first; null until there is one. @internal */
  callers: Coroutine[] | null = null
  /** @internal */ mode: Mode = NEXT
  /** What the next step enters with. @internal */
  value: unknown = undefined
  /**
   * The handler of the event that was yielded last; while parked, of the one that is awaited.
   * @internal
   */
  handler: EventHandler | null = null
  /** @internal */ argument: unknown = undefined
  /** What `handler.enter` returned. @internal */
  entered: unknown = undefined
  /** @internal */ cancellation: Cancellation | null = null
  /** Made when there is the first one. */
  #ties: TaskTies<Spawner> | null = null
  /** @internal */ context: StepContext | null = null
  /** The neighbours in the scheduler's list of tasks. @internal */
  previousTask: Task | null = null
  /** @internal */ nextTask: Task | null = null

  /** @internal */
  constructor(
    scheduler: Kernel,
    id: number,
    name: string,
    coroutine: Coroutine<T>,
    supervisor: Supervisor,
    spawner: Task | null,
  ) {
    this.id = id
    this.name = name
    this.scheduler = scheduler
    this.supervisor = supervisor
    this.spawner = spawner === null ? null : spawner.#asSpawner()
    this.coroutine = native(coroutine)
  }

  /** What the task is doing. */
  get state(): TaskState {
    return STATES[this.phase] as TaskState // A phase is an index into it.
  }

  /** How the task ended; undefined until then. */
  get outcome(): Outcome<T> | undefined {
    return this.result
  }

  /** The name and the id: `echoer#3`. */
  toString(): string {
    return `${this.name}#${this.id}`
  }

  /** Lets `yield* task` join the task and give its typed value. */
  *[Symbol.iterator](): Generator<TaskHandle<T>, T, unknown> {
    return (yield this) as T // The value of a join is what the task returned.
  }

  // Its ties.

  #tie(): TaskTies<Spawner> {
    this.#ties ??= new TaskTies()
    return this.#ties
  }

  #asSpawner(): Spawner {
    const ties = this.#tie()
    ties.asSpawner ??= { task: this, name: this.name, id: this.id }
    return ties.asSpawner
  }

  /** @internal */
  get watchers(): ReadonlySet<Watcher> | null {
    return this.#ties === null ? null : this.#ties.watchers
  }

  /** What ends before the task does; null until there is something. @internal */
  get resources(): Resources | null {
    return this.#ties === null ? null : this.#ties.resources
  }

  /** @internal */
  set resources(resources: Resources | null) {
    this.#tie().resources = resources
  }

  /** The task runs a shielded coroutine: it is cancelled by the wait for that only. @internal */
  get shielded(): boolean {
    return this.#ties?.shielded === true
  }

  /** @internal */
  set shielded(shielded: boolean) {
    this.#tie().shielded = shielded
  }

  // The task as a waiter.

  /** @internal */
  get task(): this {
    return this
  }

  /** Milliseconds that a clean-up may take: what a kill has left, or else the run's. @internal */
  get grace(): number {
    return this.cancellation?.grace ?? this.scheduler.grace
  }

  /** @internal */
  get leaving(): boolean {
    return this.phase === WITHDRAWING
  }

  /** @internal */
  optional(): boolean {
    return false
  }

  /** A task waits for one event at a time. @internal */
  excludes(): boolean {
    return false
  }

  /** @internal */
  resume(value: unknown, source?: string): void {
    // Most events resume while they are entered.
    if (this.phase !== ENTERING) this.#wake(source ?? this.handler?.external)
    this.answer(NEXT, value)
  }

  /** @internal */
  throw(error: unknown, source?: string): void {
    if (this.phase !== ENTERING) this.#wake(source ?? this.handler?.external)
    this.answer(THROW, error)
  }

  /** @internal */
  withdrawn(): void {
    if (this.phase === PARKED) throw notWithdrawn(this)
    this.#wake(undefined)
    const cancellation = this.cancellation as Cancellation // Only a cancellation withdraws a task's wait.
    this.answer(cancellation.deliver(this), cancellation.error)
  }

  /** @internal */
  call(coroutine: Coroutine): undefined {
    own(coroutine, CALLEE)
    this.callers ??= []
    this.callers.push(this.coroutine as Coroutine) // A task that enters an event has a coroutine.
    this.coroutine = native(coroutine)
    if (this.scheduler.probes !== null) this.scheduler.probes.tell('call', this, coroutine)
    this.resume(undefined)
  }

  /** Ends the coroutine on top of the stack with a value, after its `finally` blocks. @internal */
  end(value: unknown): void {
    this.answer(RETURN, value)
  }

  /** The end of a wait. `source` is what outside the scheduler has ended it. */
  #wake(source: string | undefined): void {
    if (this.phase !== PARKED && this.phase !== WITHDRAWING) throw answeredTwice(this, this.state)
    unpark(this)
    const { scheduler } = this
    if (scheduler.probes !== null) scheduler.probes.tell('wake', this, scheduler.causeOf(source))
  }

  /** Puts the task into the run queue with an answer to what it yielded. @internal */
  answer(mode: Mode, value: unknown): void {
    this.phase = READY
    this.mode = mode
    this.value = value
    this.scheduler.ready(this)
  }

  // The end of a step.

  /** The event that was yielded did not answer at once. @internal */
  parked(): void {
    if (this.scheduler.probes !== null) this.scheduler.probes.tell('park', this)
    // The task may have killed itself while the event was entered, through a combination or a
    // group.
    if (this.cancellation?.due) withdraw(this)
  }

  /** The coroutine on top of the stack returned. @internal */
  returned(value: unknown): void {
    const caller = this.callers?.pop()
    if (caller !== undefined) this.#unwind(caller, NEXT, value)
    else if (this.mode === RETURN && this.cancellation?.forced) this.#end({ kind: 'killed' })
    else this.#end({ kind: 'returned', value: value as T }) // The outermost coroutine returns a T.
  }

  /** The coroutine on top of the stack threw. @internal */
  threw(error: unknown): void {
    const caller = this.callers?.pop()
    if (caller !== undefined) this.#unwind(caller, THROW, error)
    // A Cancelled from elsewhere is an error of the program.
    else if (this.cancellation?.thrown(error)) this.#end({ kind: 'killed' })
    else this.#end({ kind: 'threw', error })
  }

  #unwind(caller: Coroutine, mode: Mode, value: unknown): void {
    this.coroutine = caller
    this.cancellation?.unwound()
    // After the grace period the caller returns, too. An error stays an error: `return()` would
    // lose it.
    const entered = mode === NEXT && this.cancellation?.forced ? RETURN : mode
    if (this.scheduler.probes !== null) this.scheduler.probes.tell('return', this, MODE_NAMES[entered], value)
    this.answer(entered, value)
  }

  // Cancellation.

  /**
   * Starts to cancel the task. If it is being cancelled already, a grace period that ends sooner
   * counts, for all that the task waits for, too.
   *
   * @param grace milliseconds that it may take before `return()` is used
   * @internal
   */
  cancel(grace: number): void {
    const { phase, cancellation } = this
    if (phase === ENDED || this.shielded) return
    if (phase !== NEW && cancellation !== null && !cancellation.shorten(grace)) return
    this.#tellCancel(grace)
    if (phase === NEW) this.settle(close(this.coroutine))
    else if (cancellation !== null) hasten(this)
    else {
      this.cancellation = new Cancellation(this.scheduler, grace, endGrace, this)
      if (phase === PARKED) withdraw(this)
    }
  }

  /** Cancels a new task at its first wait, in place of closing it. @internal */
  cancelFirstWait(grace: number): void {
    this.#tellCancel(grace)
    this.cancellation = new Cancellation(this.scheduler, grace, endGrace, this)
  }

  #tellCancel(grace: number): void {
    const { scheduler } = this
    if (scheduler.probes !== null) scheduler.probes.tell('cancel', this, scheduler.causeOf(), grace)
  }

  /** Ends the grace period of a cancellation. @internal */
  force(): void {
    if (this.cancellation === null) return
    this.cancellation.force()
    if (this.phase === PARKED) withdraw(this)
  }

  /**
   * Delivers the cancellation of a task that is being cancelled, in place of what it has just
   * yielded.
   *
   * @returns false if it has been delivered, so that the task continues its clean-up, or if it
   *   waits for a shield, or for the end of its resources
   * @internal
   */
  interrupt(cancellation: Cancellation, yielded: unknown): boolean {
    if (!cancellation.due || (!cancellation.forced && shields(yielded)) || this.resources?.outcome)
      return false
    if (cancellation.refused) {
      this.#abandon()
      return true
    }
    notEntered(yielded)
    this.answer(cancellation.deliver(this), cancellation.error)
    return true
  }

  #abandon(): void {
    this.#end({ kind: 'threw', error: abandonedError(this) })
  }

  // The end.

  /** The coroutine has ended. Later, its resources have. */
  #end(outcome: Outcome<T>): void {
    if (!this.resources?.end(this, outcome)) this.settle(outcome)
  }

  /**
   * Ends the task: releases all that it held and notifies its watchers. It never throws, whatever
   * they do. @internal
   */
  settle(outcome: Outcome<T>): void {
    const { scheduler, supervisor } = this
    const ties = this.#ties
    this.phase = ENDED
    this.result = outcome
    this.coroutine = null
    this.callers = null
    this.value = undefined
    if (ties !== null && ties.asSpawner !== null) ties.asSpawner.task = null
    this.cancellation?.settled()
    this.cancellation = null
    if (scheduler.probes !== null) scheduler.probes.tell('exit', this, outcome)
    const taken = ties?.tellWatchers(this)
    if (outcome.kind === 'threw' && !taken) this.fail(supervisor, outcome.error)
    if (ties !== null && ties.failures !== null)
      for (const error of ties.failures) this.fail(supervisor, error)
    this.handler = null
    this.argument = undefined
    this.spawner = null
    this.supervisor = NO_SUPERVISOR
    scheduler.settled(this)
    try {
      supervisor.disown(this)
    } catch (error) {
      scheduler.blame(error)
    }
  }

  /**
   * Gives an error to the supervisor. Its own error must not replace it, nor keep the task from
   * settling. @internal
   */
  fail(supervisor: Supervisor, error: unknown): void {
    try {
      supervisor.fail(this, error)
    } catch (failure) {
      this.scheduler.blame(error)
      this.scheduler.blame(failure)
    }
  }

  /** Notifies a watcher once the task has ended. @internal */
  watch(watcher: Watcher): void {
    const ties = this.#tie()
    ties.watchers ??= new Set()
    ties.watchers.add(watcher)
  }

  /** Takes back a `watch`. @internal */
  unwatch(watcher: Watcher): void {
    this.#ties?.watchers?.delete(watcher)
  }
}

/** A task as those that it has spawned refer to it: they must not keep what it has returned. */
export interface Spawner {
  /** The task; null once it has ended. */
  task: Task | null
  readonly name: string
  readonly id: number
}

/** The supervisor of a task that has ended, so that the task does not keep its former one alive. */
const NO_SUPERVISOR: Supervisor = { adopt() {}, fail() {}, disown() {} }

function endGrace(task: Task): void {
  task.force()
}

/**
 * The task that is meant by a task or, as in Bluelet, by the generator that was spawned.
 *
 * @param operation the caller, for the error message
 * @throws TypeError if it is neither
 */
export function taskOf(target: TaskHandle | Coroutine, operation: string): Task {
  if (target instanceof Task) return target
  const owner = ownerOf(target)
  if (owner instanceof Task) return owner
  if (owner === CALLEE) {
    throw new TypeError(
      `${operation}(coroutine): this coroutine was called by another one and is not a task of its own: give ${operation} the task that spawn returned`,
    )
  }
  if (isCoroutine(target)) {
    throw new TypeError(
      `${operation}(coroutine): this coroutine was never spawned: yield spawn(coroutine) first, or yield it in order to call it`,
    )
  }
  throw new TypeError(`${operation}(task): expected a task, got ${inspect(target)}`)
}
