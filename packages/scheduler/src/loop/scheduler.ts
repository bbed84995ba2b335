/**
 * The scheduler: runs tasks in turns, wakes them by its timers, and knows when a run is over.
 *
 * It owns the run queue, the timers and the list of tasks, and borrows time and callbacks from its host. What a step does
 * is in trampoline.ts; what an event does is in the event's own file.
 */

import { begin, checkMs, type Start, type Startable } from '../core/coroutine.js'
import { Holds } from '../core/holds.js'
import { own } from '../core/ownership.js'
import type { Coroutine, Supervisor } from '../core/protocol.js'
import { Task } from '../core/task.js'
import { ENDED } from '../core/task-state.js'
import { step } from '../core/trampoline.js'
import { capture, capturing, Sites } from '../diagnostics/call-sites.js'
import { type Probe, Probes, type WakeCause } from '../diagnostics/probes.js'
import { snapshotOf, type TaskSnapshot } from '../diagnostics/snapshot.js'
import { defaultHost, type Host } from '../host/host.js'
import { Alarm } from '../host/host-timer.js'
import { next, type Schedule, untilItFails } from '../host/schedule.js'
import { Queue } from '../stores/ring-queue.js'
import { TaskList } from '../stores/task-list.js'
import { Timers } from '../stores/timer-heap.js'
import { budgetOf, type RunOptions, type SchedulerOptions } from './options.js'
import { Run } from './run.js'
import { Unattended } from './unattended.js'

/** How long a killed task may take to clean up before `return()` is used on it. */
const DEFAULT_GRACE_MS = 5000

/** Between two looks at the clock at the most: a look costs as much as two steps, and 128 steps are some microseconds. */
const STEPS_PER_LOOK = 128

/**
 * A trampoline scheduler: it steps coroutines in turn and fulfils the events that they yield.
 *
 * One scheduler does one run at a time; runs of several schedulers are independent of each other.
 *
 * @example
 * const scheduler = new Scheduler()
 * await scheduler.run(main)
 */
export class Scheduler {
  /** Where the time and the callbacks come from. */
  readonly host: Host
  /** The timers, on the host's clock; for handlers of events. */
  readonly timers: Timers
  /** The tasks that are ready. @internal */
  readonly queue: Queue<Task>
  /** The task whose step this is; null between steps. @internal */
  current: Task | null
  /** What outside the scheduler has woken a branch, while that is passed on; for the probes. @internal */
  source: string | undefined
  /** Null while nobody watches, so that watching costs nothing until then. @internal */
  probes: Probes | null
  /** @internal */ readonly sites: Sites | null
  /** The grace period of the run, in milliseconds. */
  graceMs: number
  readonly #budgetSteps: number
  readonly #budgetMs: number
  /** Null: first in, first out. */
  readonly #schedule: Schedule | null
  readonly #unattended: Unattended
  #run: Run | null
  /** Takes back what the run has asked of the host. */
  #unlisten: ((() => void) | undefined)[]
  #lastId: number
  readonly #tasks: TaskList
  readonly #holds: Holds
  /** A turn is under way or has been asked for. */
  #awake: boolean
  readonly #alarm: Alarm
  readonly #turn: () => void

  /**
   * Makes a scheduler without any task.
   *
   * @throws RangeError for a budget that is none
   */
  constructor(options: SchedulerOptions = {}) {
    const { host = defaultHost, sites = host.sites ?? false } = options
    const { budgetSteps, budgetMs } = budgetOf(options)
    this.host = host
    this.timers = new Timers()
    this.queue = new Queue()
    this.current = null
    this.source = undefined
    this.probes = null
    this.sites = sites ? new Sites() : null
    this.graceMs = DEFAULT_GRACE_MS
    this.#budgetSteps = budgetSteps
    this.#budgetMs = budgetMs
    this.#schedule = untilItFails(host.schedule)
    this.#unattended = new Unattended()
    this.#run = null
    this.#unlisten = []
    this.#lastId = 0
    this.#tasks = new TaskList()
    this.#holds = new Holds(host.simulates ?? [])
    this.#awake = false
    this.#alarm = new Alarm(host, () => this.#wakeUp())
    this.#turn = () => this.#takeTurn()
    if (this.sites !== null) this.attach(this.sites)
  }

  /**
   * Runs a coroutine, and all that it spawns, until every task has ended.
   *
   * Rejects with the error of a task that nobody joined for, after every other task has been cancelled and its `finally`
   * blocks have run (with several such errors: an AggregateError); with {@link DeadlockError} when every task waits for
   * another; with the signal's reason when that is aborted; with {@link KilledError} when the root was killed.
   *
   * Bluelet: always returns None.
   *
   * @param main the root: a coroutine, or a function of no arguments that makes one
   * @returns the root's value
   */
  run<T>(main: Coroutine<T> | (() => Coroutine<T>), options: RunOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#run !== null) {
        throw new Error(
          'run(coroutine): this scheduler is running already; use a Scheduler for each run, or spawn',
        )
      }
      const start = begin(main, [], 'run')
      this.graceMs = checkMs(options.grace ?? DEFAULT_GRACE_MS, 'grace')
      const run = new Run<T>(this, { resolve, reject }, options.signal)
      this.#run = run as Run // A run is asked for nothing of its type.
      this.#unlisten = [
        this.host.onExhausted?.(() => this.#exhausted(() => this.#run?.deadlock())),
        this.host.onIdle?.(() => this.#idle()),
      ]
      try {
        run.begin(this.spawnTask(start, run, null) as Task<T>) // What main returns is a T.
      } catch (error) {
        this.#endRun()
        throw error
      }
      for (const task of this.tasks()) if (task.supervisor === this.#unattended) task.supervisor = run
    })
  }

  /**
   * Spawns a task from outside, at once. It takes its first step in its turn: of the run, or of `step()`.
   *
   * @param coroutine a coroutine, which has not run yet
   */
  spawn<T>(coroutine: Coroutine<T>): Task<T>
  /**
   * Spawns a task from outside: the same, of a function that makes the coroutine.
   *
   * @param makes the function
   * @param args its arguments
   */
  spawn<A extends unknown[], T>(makes: (...args: A) => Coroutine<T>, ...args: A): Task<T>
  spawn(target: Startable, ...args: unknown[]): Task {
    return this.spawnTask(begin(target, args, 'spawn'), this.#run ?? this.#unattended, null)
  }

  /**
   * Takes one step: of the task that has been ready for longest, after waking those whose timers are due.
   *
   * For driving a scheduler by hand, without `run` or with a host that calls nothing by itself. An error that nobody
   * joined for is thrown here when no run is under way.
   *
   * @returns whether there was a step to take
   */
  step(): boolean {
    if (this.current !== null) throw new Error(`step(): called within a step, of ${this.current}`)
    this.#expire()
    const stepped = this.queue.size > 0
    if (stepped) {
      const outer = capturing
      capture(this.sites !== null)
      try {
        this.#step(next(this.queue, this.#schedule))
      } catch (error) {
        this.#blame(error)
      }
      this.current = null
      capture(outer)
    }
    if (this.#run === null) this.#unattended.rethrow()
    else if (this.queue.size === 0) this.#settleDown()
    return stepped
  }

  /** What every task that has not ended is doing, in spawn order. */
  snapshot(): TaskSnapshot[] {
    return Array.from(this.tasks(), (task) => snapshotOf(task, this.sites))
  }

  /**
   * Lets a probe hear what the scheduler does from now on. Costs nothing while there is none.
   *
   * @returns detaches it
   */
  attach(probe: Probe): () => void {
    this.probes ??= new Probes(this.host, () => {
      this.probes = null
    })
    const probes = this.probes
    probes.add(probe)
    return () => probes.remove(probe)
  }

  // For handlers of events.

  /** The host's time, in milliseconds. */
  now(): number {
    return this.host.now()
  }

  /**
   * Says that something outside is under way which the run has to wait for: no deadlock is seen and the run does not end
   * until `release()`. A wait for an event whose handler has `external` holds by itself.
   *
   * @param source what it is, such as `socket`: a host that simulates it need not be waited for
   */
  hold(source?: string): void {
    this.#holds.add(source)
  }

  /** Takes back one `hold()` of the same source. */
  release(source?: string): void {
    this.#holds.remove(source)
    if (this.#holds.size === 0) this.#wakeUp()
  }

  /**
   * Begins to kill a task, without waiting for it: a plain call, for supervisors.
   *
   * @param graceMs how long it may take to clean up; by default the grace period of the run
   */
  cancel(task: Task, graceMs: number = this.graceMs): void {
    task.cancel(graceMs)
  }

  /**
   * Spawns a task under a supervisor, at once: a plain call, for supervisors. Its spawner is the task whose step this is.
   *
   * @param supervisor who hears of its errors
   * @param makes makes the coroutine
   * @param args its arguments
   */
  spawnUnder<A extends unknown[], T>(
    supervisor: Supervisor,
    makes: (...args: A) => Coroutine<T>,
    ...args: A
  ): Task<T> {
    return this.spawnTask(begin(makes, args, 'spawn'), supervisor, this.current) as Task<T> // What makes returns is a T.
  }

  /** Makes a task and puts it at the end of the queue. @internal */
  spawnTask(start: Start, supervisor: Supervisor, spawner: Task | null): Task {
    const task = this.makeTask(start, supervisor, spawner)
    this.ready(task)
    return task
  }

  /** Makes a task; its first step comes once it is made ready. @internal */
  makeTask({ coroutine, name, fresh }: Start, supervisor: Supervisor, spawner: Task | null): Task {
    const context = this.host.context?.() ?? null
    const task = new Task(this, this.#lastId + 1, name, coroutine, supervisor, spawner, context)
    if (!fresh) own(coroutine, task)
    supervisor.adopt(task)
    this.#lastId++
    this.#tasks.add(task)
    if (this.probes !== null) this.probes.tell('spawn', task, spawner)
    return task
  }

  /** Every task that has not ended, in spawn order; to be copied before any of them may end. */
  tasks(): Iterable<Task> {
    return this.#tasks
  }

  /** Puts a task into the run queue. @internal */
  ready(task: Task): void {
    this.queue.push(task)
    if (!this.#awake) this.#wakeUp()
  }

  /** Forgets a task that has ended. @internal */
  ended(task: Task): void {
    this.#tasks.remove(task)
    this.sites?.forget(task)
  }

  /** Tells the probes why a parked task was made ready. @internal */
  tellWake(task: Task, external: string | undefined): void {
    this.probes?.tell('wake', task, this.#cause(external))
  }

  #cause(external: string | undefined): WakeCause {
    if (this.current !== null) return { kind: 'task', by: this.current }
    if (this.timers.expiring !== null) return { kind: 'timer', deadline: this.timers.expiring.deadline }
    return { kind: 'external', source: external ?? this.source ?? 'outside' }
  }

  // Turns.

  /** Asks the host for a turn, unless one is under way or asked for. */
  #wakeUp(): void {
    if (this.#awake || this.#run === null) return
    this.#awake = true
    this.host.soon(this.#turn)
  }

  /**
   * Steps what is ready, first in, first out, turn after turn within the budget; then lets the host poll. A poll after every
   * turn, however short, would cost a lone task that pauses some twenty times as much as its step.
   */
  #takeTurn(): void {
    const { queue, host } = this
    const schedule = this.#schedule
    this.#awake = true
    this.#expire()
    capture(this.sites !== null)
    const end = queue.size === 0 ? 0 : host.now() + this.#budgetMs
    let steps = 0
    // Look at the clock after 1, 2, 4 ... steps, so that slow steps are noticed soon and fast ones pay little.
    let look = 1
    try {
      while (queue.size > 0) {
        if (schedule !== null) this.current = null // If its choice is none, that is no task's error.
        this.#step(next(queue, schedule))
        if (++steps === look) {
          if (steps >= this.#budgetSteps || host.now() >= end) break
          look = Math.min(look + Math.min(look, STEPS_PER_LOOK), this.#budgetSteps)
        }
      }
    } catch (error) {
      this.#blame(error)
    }
    this.current = null
    capture(false)
    if (queue.size > 0) host.soon(this.#turn)
    else this.#settleDown()
  }

  #step(task: Task): void {
    if (task.phase === ENDED) return // Killed before its first step.
    this.current = task
    if (task.context === null) step(task)
    else task.context(step, task)
  }

  /** A handler broke the protocol within a step: its task may be lost, its error must not be. */
  #blame(error: unknown): void {
    const { current } = this
    if (current !== null) current.supervisor.fail(current, error)
    else if (this.#run !== null) this.#run.cancel(error)
    else this.host.report(error)
  }

  #expire(): void {
    if (this.timers.size === 0) return
    try {
      this.timers.expire(this.host.now())
    } catch (error) {
      this.#blame(error)
    }
  }

  /** Nothing is ready: waits for a timer or for the outside, or sees that there is nothing to wait for. */
  #settleDown(): void {
    this.#awake = false
    this.queue.trim()
    if (this.#tasks.empty) {
      if (this.#holds.size === 0) this.#finish()
    } else if (this.timers.size > 0) {
      this.#waitForTimer()
    } else {
      this.#alarm.clear()
      if (this.#holds.size === 0) this.#run?.deadlock()
    }
  }

  #waitForTimer(): void {
    try {
      this.#alarm.set(this.timers.earliest)
    } catch (error) {
      this.#run?.giveUp(error)
    }
  }

  #finish(): void {
    if (this.#run === null) return
    const run = this.#run
    this.#alarm.clear()
    this.timers.clear()
    this.#endRun()
    run.finish()
  }

  #endRun(): void {
    this.#run = null
    for (const unlisten of this.#unlisten) unlisten?.()
    this.#unlisten = []
  }

  /** The host has nothing left to call: what still waits for what it simulates will wait for ever. */
  #idle(): void {
    if (this.#holds.outside === 0) this.#exhausted(() => this.#run?.idle())
  }

  /** The surroundings have nothing left that could call in. */
  #exhausted(giveUp: () => void): void {
    if (this.queue.size > 0 || this.timers.size > 0) return
    if (this.#tasks.empty) {
      this.#run?.heldOpen(this.#holds.size)
      this.#finish()
    } else giveUp()
  }
}

/**
 * Runs a coroutine, and all that it spawns, until every task has ended, on a scheduler of its own; see
 * {@link Scheduler.run}.
 *
 * @example
 * await run(function* () {
 *   yield sleep(100)
 * })
 *
 * @param main the root: a coroutine, or a function of no arguments that makes one
 * @param options those of the scheduler and those of the run
 * @returns the root's value
 */
export function run<T>(
  main: Coroutine<T> | (() => Coroutine<T>),
  options: SchedulerOptions & RunOptions = {},
): Promise<T> {
  return new Scheduler(options).run(main, options)
}
