/**
 * The scheduler as users see it: runs coroutines, spawns tasks from outside, and can be driven by
 * hand and watched.
 */

import { checkDuration, inspect } from '../check.js'
import { type CoroutineSource, toCoroutine } from '../core/coroutine.js'
import type { Probe } from '../core/probe.js'
import type { Coroutine, Runtime, Supervisor } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { addTrace } from '../diagnostics/error-trace.js'
import type { TaskSnapshot } from '../diagnostics/snapshot.js'
import { type Host, report } from '../host/host.js'
import { DEFAULT_GRACE, Loop } from './loop.js'
import type { RunOptions, SchedulerOptions } from './options.js'
import { Run } from './run.js'

/**
 * A trampoline scheduler: it steps coroutines in turn and fulfils the events that they yield.
 *
 * One scheduler does one run at a time. Runs of several schedulers are independent of each other.
 *
 * @example
 * const scheduler = new Scheduler()
 * await scheduler.run(main)
 */
export class Scheduler {
  readonly #loop: Loop
  /** Supervises what is spawned outside a run. */
  readonly #detached: Supervisor
  /** The errors of tasks outside a run that `step()` has not thrown yet. */
  readonly #errors: unknown[] = []

  /**
   * Creates a scheduler without tasks.
   *
   * @throws RangeError if the budget is invalid
   */
  constructor(options: SchedulerOptions = {}) {
    const loop = new Loop(options)
    this.#loop = loop
    this.#detached = {
      adopt() {},
      fail: (task, error) => {
        addTrace(error, task)
        this.#errors.push(error)
      },
      disown() {},
    }
  }

  /** The source of time and callbacks. */
  get host(): Host {
    return this.#loop.host
  }

  /** The host's time, in milliseconds. */
  now(): number {
    return this.#loop.now()
  }

  /**
   * Runs a coroutine, and all that it spawns, until every task has ended.
   *
   * It rejects with the error of a task that no task joined, after every other task has been
   * cancelled and its `finally` blocks have run (with an AggregateError for several such errors);
   * with {@link DeadlockError} if every task waits for another; with the signal's reason if that is
   * aborted; with {@link KilledError} if the root was killed.
   *
   * Bluelet: always returns None.
   *
   * @param main the root: a coroutine, or a function of no arguments that makes one
   * @returns the root's value
   */
  run<T>(main: Coroutine<T> | (() => Coroutine<T>), options: RunOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#loop.owner !== null) {
        throw new Error(
          'run(coroutine): this scheduler is already running; use a scheduler for each run, or spawn',
        )
      }
      const loop = this.#loop
      const request = toCoroutine(main, [], 'run')
      const grace = checkDuration(options.grace ?? DEFAULT_GRACE, 'grace')
      const run = new Run<T>(loop, { resolve, reject })
      loop.serve(run, grace, options.context)
      this.#tellBegan()
      try {
        run.start(request, options.signal)
      } catch (error) {
        loop.dismiss()
        throw error
      }
      for (const task of loop.tasks) if (task.supervisor === this.#detached) task.supervisor = run.scope
    })
  }

  #tellBegan(): void {
    const { host } = this
    const tell = (listener: (scheduler: Scheduler) => void): void => {
      try {
        listener(this)
      } catch (error) {
        report(host, error)
      }
    }
    tell(() => host.began?.(this))
    for (const listener of runListeners) tell(listener)
  }

  /**
   * Spawns a task from outside, at once. It takes its first step in its turn: of the run, or of
   * `step()`.
   *
   * @param coroutine a coroutine that has not run yet
   */
  spawn<T>(coroutine: Coroutine<T>): Task<T>
  /**
   * Spawns a task from outside: the same for a function that makes the coroutine.
   *
   * @param makes the function
   * @param args its arguments
   */
  spawn<A extends unknown[], T>(makes: (...args: A) => Coroutine<T>, ...args: A): Task<T>
  spawn(source: CoroutineSource, ...args: unknown[]): Task {
    const run = this.#loop.owner as Run | null // A loop serves the runs of its scheduler only.
    const scope = run?.scope ?? this.#detached
    return this.#loop.spawn(toCoroutine(source, args, 'spawn'), scope, null)
  }

  /**
   * Takes one step: of the task that has been ready for longest, after waking those whose timers
   * have expired.
   *
   * This drives a scheduler by hand, without `run` or with a host that calls nothing by itself.
   * Outside a run it throws the error of a task that no task joined.
   *
   * @returns whether a task was ready
   */
  step(): boolean {
    const loop = this.#loop
    const stepped = loop.step()
    if (loop.owner !== null) {
      if (!loop.busy) loop.settleDown()
    } else if (this.#errors.length > 0) throw this.#errors.shift()
    return stepped
  }

  /** What every task that has not ended is doing, in spawn order. */
  snapshot(): TaskSnapshot[] {
    return this.#loop.snapshot()
  }

  /**
   * Lets a probe observe the scheduler from now on. Without probes this costs nothing.
   *
   * @returns detaches the probe
   */
  attach(probe: Probe): () => void {
    return this.#loop.attach(probe)
  }

  /** The scheduler as the handlers of events see it, for tools that are not handlers. @internal */
  static runtimeOf(scheduler: Scheduler): Runtime {
    return scheduler.#loop
  }
}

const runListeners = new Set<(scheduler: Scheduler) => void>()

/**
 * Calls back whenever a scheduler of this thread begins a run, before its root is spawned: for
 * monitors and recorders, which attach probes to it.
 *
 * @param listener is called with the scheduler. What it throws is reported, and changes nothing
 * @returns stops calling back
 * @throws TypeError if the listener is no function
 */
export function onRun(listener: (scheduler: Scheduler) => void): () => void {
  if (typeof listener !== 'function') {
    throw new TypeError(`onRun(listener): expected a function, got ${inspect(listener)}`)
  }
  const own = (scheduler: Scheduler): void => listener(scheduler) // One for each call.
  runListeners.add(own)
  return () => void runListeners.delete(own)
}

/**
 * Runs a coroutine, and all that it spawns, until every task has ended, on a scheduler of its own;
 * see {@link Scheduler.run}.
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

/**
 * The scheduler as the handlers of events see it, for tools that are not handlers.
 *
 * @param scheduler any scheduler
 */
export function runtimeOf(scheduler: Scheduler): Runtime {
  return Scheduler.runtimeOf(scheduler)
}
