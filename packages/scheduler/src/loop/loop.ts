/**
 * The loop: steps the ready tasks in rounds, within the budget of a turn, and waits for timers and
 * for the outside.
 *
 * It owns the run queue, the timers and the list of tasks, and takes time and callbacks from its
 * host. It does not know what a step does (trampoline.ts), what an event does (the event's own
 * file), or what the end of a run means (run.ts).
 */

import { aboutOf, toCoroutine } from '../core/coroutine.js'
import type { Kernel, SpawnRequest } from '../core/kernel.js'
import { disown, own } from '../core/ownership.js'
import type { Probe, WakeCause } from '../core/probe.js'
import type { Coroutine, Supervisor, TaskHandle } from '../core/protocol.js'
import { Task } from '../core/task.js'
import { ENDED } from '../core/task-state.js'
import { step } from '../core/trampoline.js'
import { CallSites, capturing, setCapturing } from '../diagnostics/call-sites.js'
import { Probes } from '../diagnostics/probes.js'
import { snapshotOf, type TaskSnapshot } from '../diagnostics/snapshot.js'
import { currentHost } from '../host/default-host.js'
import { type Host, report } from '../host/host.js'
import { HostTimer } from '../host/host-timer.js'
import { type Schedule, takeNext, untilItFails } from '../host/schedule.js'
import { HoldCounts } from '../stores/hold-counts.js'
import { RingQueue } from '../stores/ring-queue.js'
import { TaskList } from '../stores/task-list.js'
import { TimerHeap } from '../stores/timer-heap.js'
import { budgetOf, type RunOptions, type SchedulerOptions } from './options.js'
import { setRunning } from './running.js'
import { TurnBudget } from './turn-budget.js'
import { TurnEnd } from './turn-end.js'

/** The grace period of a run, in milliseconds, unless it is told otherwise. */
export const DEFAULT_GRACE = 5000

/** The run that a loop serves: decides what happens when the loop has nothing left to do. */
export interface LoopOwner {
  /** Cancels every task, because of an error that belongs to no task, such as one of a schedule. */
  cancel(error: unknown): void
  /**
   * Cancels every task without a grace period, because nothing can be waited for: no timer can be
   * set.
   */
  abandon(error: unknown): void
  /** Every task waits, and nothing is left that could wake one. */
  deadlocked(): void
  /** Every task waits for something that a simulated world will not bring about any more. */
  idle(): void
  /** Every task has ended, but `ref()` was called more often than `unref()`. */
  heldOpen(refs: number): void
  /** Every task has ended. */
  finished(): void
}

/** The loop of one scheduler. */
export class Loop implements Kernel {
  /** Each run has its own default host. */
  host: Host
  readonly #hasDefaultHost: boolean
  /** A timer that is set between two turns, such as by a kill from elsewhere, needs a turn. */
  readonly timers: TimerHeap = new TimerHeap(() => this.#wakeUp())
  /** The tasks that have not ended, in spawn order. */
  readonly tasks: TaskList<Task> = new TaskList()
  readonly turnEnd: TurnEnd = new TurnEnd()
  probes: Probes | null = null
  readonly sites: CallSites | null
  grace: number = DEFAULT_GRACE
  /** The task whose step this is; null between steps. */
  #current: Task | null = null
  readonly #queue = new RingQueue<Task>()
  /** Null: first in, first out. */
  readonly #schedule: Schedule | null
  readonly #budget: TurnBudget
  /** Whether a task may take several steps in a row: in a turn without a schedule. */
  #continues = false
  #context: RunOptions['context']
  #lastId = 0
  /** The number of external waits, and of background operations that hold the run open. */
  #refs = 0
  /** These operations. */
  readonly #operations = new HoldCounts()
  /** A turn is under way, or requested. */
  #awake = false
  #timer: HostTimer
  readonly #turn = (): void => this.#takeTurn()
  #owner: LoopOwner | null = null
  /** Stops the callbacks of the host that the owner's run needs. */
  #unlisten: (() => void) | undefined = undefined

  /** @throws RangeError if the budget is invalid */
  constructor(options: SchedulerOptions) {
    const { host = currentHost(), sites = host.sites ?? false } = options
    const { steps, time } = budgetOf(options)
    this.host = host
    this.#hasDefaultHost = options.host === undefined
    this.sites = sites ? new CallSites() : null
    this.#schedule = untilItFails(host.schedule)
    this.#budget = new TurnBudget(steps, time)
    this.#timer = new HostTimer(host, () => this.#wakeUp())
    if (this.sites !== null) this.attach(this.sites)
  }

  /** The run that the loop serves; null while there is none. */
  get owner(): LoopOwner | null {
    return this.#owner
  }

  /** Whether a task is ready. */
  get busy(): boolean {
    return this.#queue.size > 0
  }

  /** Begins to serve a run. */
  serve(owner: LoopOwner, grace: number, context: RunOptions['context']): void {
    // Times of another clock would mean nothing.
    if (this.#hasDefaultHost && this.timers.size === 0) this.#use(currentHost())
    this.#owner = owner
    this.grace = grace
    this.#context = context
    this.#unlisten = this.host.onIdle?.((simulated) => this.#becameIdle(simulated))
  }

  #use(host: Host): void {
    if (host === this.host) return
    this.#timer.clear()
    this.#timer = new HostTimer(host, () => this.#wakeUp())
    this.host = host
  }

  /** The run is over. */
  dismiss(): void {
    this.#owner = null
    this.#context = undefined
    this.#unlisten?.()
    this.#unlisten = undefined
  }

  snapshot(): TaskSnapshot[] {
    return Array.from(this.tasks, (task) => snapshotOf(task, this.sites))
  }

  /** Lets a probe observe the loop. @returns detaches it */
  attach(probe: Probe): () => void {
    this.probes ??= new Probes(this.host, () => {
      this.probes = null
    })
    const probes = this.probes
    probes.add(probe)
    return () => probes.remove(probe)
  }

  // For tasks and the handlers of events.

  now(): number {
    return this.host.now()
  }

  ref(source?: string): void {
    this.#operations.add(source)
    this.waitOutside(source)
  }

  unref(source?: string): void {
    this.#operations.remove(source)
    this.waitedOutside(source)
  }

  waitOutside(source: string | undefined): void {
    this.#refs++
    this.host.ref?.(source)
  }

  waitedOutside(source: string | undefined): void {
    this.#refs--
    this.host.unref?.(source)
    if (this.#refs === 0) this.#wakeUp()
  }

  cancel(task: TaskHandle, grace: number = this.grace): void {
    ;(task as Task).cancel(grace) // Every handle is a Task.
  }

  spawnUnder<A extends unknown[], T>(
    supervisor: Supervisor,
    makes: (...args: A) => Coroutine<T>,
    ...args: A
  ): Task<T> {
    return this.spawn(toCoroutine(makes, args, 'spawn'), supervisor, this.#current) as Task<T> // What makes returns is a T.
  }

  /** Makes a task and puts it at the end of the queue. */
  spawn(request: SpawnRequest, supervisor: Supervisor, spawner: Task | null): Task {
    const task = this.makeTask(request, supervisor, spawner)
    this.ready(task)
    return task
  }

  /** Makes a task. Its first step comes once it is made ready. */
  makeTask({ coroutine, name, fresh }: SpawnRequest, supervisor: Supervisor, spawner: Task | null): Task {
    const task = new Task(this, this.#lastId + 1, name, coroutine, supervisor, spawner)
    task.context = this.#context?.(task) ?? this.host.context?.(task) ?? null
    if (!fresh) own(coroutine, task)
    try {
      supervisor.adopt(task)
    } catch (error) {
      if (!fresh) disown(coroutine) // The supervisor has refused the task, which never was.
      throw error
    }
    this.#lastId++
    this.tasks.add(task)
    if (this.probes !== null) this.probes.tell('spawn', task, spawner, aboutOf(coroutine)?.library === true)
    return task
  }

  ready(task: Task): void {
    this.#queue.push(task)
    if (!this.#awake) this.#wakeUp()
  }

  settled(task: Task): void {
    this.tasks.remove(task)
    this.sites?.forget(task)
  }

  causeOf(source: string = 'outside'): WakeCause {
    if (this.#current !== null) return { kind: 'task', by: this.#current }
    const { expiring } = this.timers
    return expiring === null ? { kind: 'external', source } : { kind: 'timer', deadline: expiring.deadline }
  }

  // Turns.

  /** Requests a turn from the host, unless one is under way or requested. */
  #wakeUp(): void {
    if (this.#awake || this.#owner === null) return
    this.#awake = true
    this.host.soon(this.#turn)
  }

  /**
   * Steps the ready tasks, round after round within the budget, then lets the host poll. A poll
   * after every round, however short, would cost a lone task that pauses some twenty times as much
   * as its step.
   */
  #takeTurn(): void {
    const queue = this.#queue
    const schedule = this.#schedule
    const { host } = this
    this.#awake = true
    this.#expireTimers()
    setCapturing(this.sites !== null)
    if (queue.size > 0) this.#budget.begin(host)
    this.#continues = schedule === null
    const outer = setRunning(this)
    try {
      while (queue.size > 0) {
        if (schedule !== null) this.#current = null // An error of the schedule is no task's.
        this.#step(takeNext(queue, schedule))
        if (!this.#budget.spend(host)) break
      }
    } catch (error) {
      this.#escaped(error)
    }
    this.#current = null
    this.#continues = false
    setRunning(outer)
    setCapturing(false)
    this.turnEnd.call(this)
    if (queue.size > 0) host.soon(this.#turn)
    else this.settleDown()
  }

  mayContinue(): boolean {
    return this.#continues && this.#budget.spend(this.host)
  }

  /** Takes a single step, after expiring the timers. @returns whether a task was ready */
  step(): boolean {
    if (this.#current !== null) throw new Error(`step(): called within a step, of ${this.#current}`)
    this.#expireTimers()
    if (this.#queue.size === 0) return false
    const outer = capturing
    setCapturing(this.sites !== null)
    const outerScheduler = setRunning(this)
    try {
      this.#step(takeNext(this.#queue, this.#schedule))
    } catch (error) {
      this.#escaped(error)
    }
    this.#current = null
    setRunning(outerScheduler)
    setCapturing(outer)
    this.turnEnd.call(this)
    return true
  }

  #step(task: Task): void {
    if (task.phase === ENDED) return // Killed before its first step.
    this.#current = task
    if (task.context === null) step(task)
    else task.context(step, task)
  }

  /**
   * Receives an error that a supervisor or a watcher has thrown: it ends the run, and outside of
   * one it is reported.
   */
  blame(error: unknown): void {
    if (this.#owner !== null) this.#owner.cancel(error)
    else report(this.host, error)
  }

  /**
   * Receives an error that a handler threw where it must not. We may lose the task, but never its
   * error.
   */
  #escaped(error: unknown): void {
    const current = this.#current
    if (current === null || current.phase === ENDED) this.blame(error)
    else current.fail(current.supervisor, error)
  }

  #expireTimers(): void {
    if (this.timers.size === 0) return
    try {
      this.timers.expire(this.host.now())
    } catch (error) {
      this.#escaped(error)
    }
  }

  // Nothing is ready.

  /** Waits for a timer or for the outside, or ends what cannot continue. */
  settleDown(): void {
    this.#awake = false
    this.#queue.trim()
    if (this.tasks.empty) {
      if (this.#refs === 0) this.#end()
    } else if (this.timers.size > 0) {
      this.#waitForTimer()
    } else {
      this.#timer.clear()
      if (this.#refs === 0) this.#owner?.deadlocked()
    }
  }

  #waitForTimer(): void {
    try {
      this.#timer.set(this.timers.earliest)
    } catch (error) {
      this.#owner?.abandon(error)
    }
  }

  /** The host has nothing left that could call in. */
  #becameIdle(simulated: boolean): void {
    if (this.#queue.size > 0 || this.timers.size > 0) return
    if (this.tasks.empty) {
      this.#owner?.heldOpen(this.#refs)
      this.#end()
    } else if (simulated) this.#owner?.idle()
    else this.#owner?.deadlocked()
  }

  #end(): void {
    if (this.#owner === null) return
    const owner = this.#owner
    this.#timer.clear()
    this.timers.clear()
    this.dismiss()
    owner.finished()
  }
}
