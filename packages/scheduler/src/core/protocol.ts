/**
 * The border between coroutines and the scheduler: what a coroutine may yield, and how a yielded
 * event is fulfilled.
 *
 * Types only. To add an event, write an {@link EventHandler} in a file of its own; nothing else
 * changes.
 */

import type { Host } from '../host/host.js'
import type { Timers } from '../stores/timer-heap.js'
import type { LATER } from './later.js'
import type { Outcome, TaskState } from './task-state.js'

/**
 * An event as the trampoline sees it: a handler and the argument to call it with.
 *
 * The names begin with `$` so that no object of a user's has them by chance. Symbols would be
 * safer, but reading a field under a symbol costs each step some two nanoseconds more than under a
 * name.
 *
 * @internal
 */
export interface Request {
  readonly $handler: EventHandler
  readonly $argument: unknown
}

declare const brand: unique symbol

/**
 * The description of one request, such as `sleep(10)` or `conn.recv(1024)`: what a coroutine
 * yields. Nothing happens until the event is yielded, and each yield performs it again.
 *
 * `yield event` is typed by annotation and `yield* event` by inference. In async code `await event`
 * performs it in a run of its own, once. This is why the type is a promise, and why the lint rule
 * `no-floating-promises` finds an event that was never yielded.
 *
 * @typeParam T the value of the yield
 */
export interface Event<out T = unknown> extends Promise<T> {
  /** Marks an event for the compiler. It does not exist at run time. */
  readonly [brand]: T
  /** Lets `yield* event` perform the event and give its typed value. */
  [Symbol.iterator](): Iterator<Event, T, unknown>
}

/**
 * The generator object that a `function*` returns, if its body yields only what the scheduler can
 * fulfil.
 *
 * The value of a plain `yield` has the type `any`, because a generator has one type for all its
 * yields.
 *
 * @typeParam T the value that it returns
 */
// biome-ignore lint/suspicious/noExplicitAny: for what goes in, `unknown` breaks annotated yields and `never` breaks unions.
export interface Coroutine<out T = any> extends Generator<Yieldable, T, any> {}

/**
 * What a coroutine may yield: an event, a coroutine (calls it), a task (joins it), a promise (waits
 * for it).
 */
export type Yieldable = Event | Coroutine | TaskHandle | PromiseLike<unknown>

/**
 * The value of a yield of `Y`: of an event, a coroutine, a task or a promise.
 *
 * @typeParam Y the type of what is yielded
 */
export type Yielded<Y> =
  Y extends Event<infer T>
    ? T
    : // biome-ignore lint/suspicious/noExplicitAny: matches every generator, whatever it takes in.
      Y extends Generator<any, infer T, any>
      ? T
      : Y extends TaskHandle<infer T>
        ? T
        : Y extends PromiseLike<infer T>
          ? T
          : never

/**
 * What can be known of a task from outside.
 *
 * @typeParam T the value that its coroutine returns
 */
export interface TaskHandle<out T = unknown> {
  /** A small integer, in the order in which the tasks of a scheduler were spawned. */
  readonly id: number
  /** The name of the spawned function, the option `name`, or `task`. */
  readonly name: string
  /** What the task is doing. */
  readonly state: TaskState
  /** How the task ended; undefined until then. */
  readonly outcome: Outcome<T> | undefined
  /** The name and the id: `echoer#3`. */
  toString(): string
  /** Lets `yield* task` join the task and give its typed value. */
  [Symbol.iterator](): Iterator<TaskHandle<T>, T, unknown>
}

/**
 * The party that waits for an event: a task, or one branch of `race`, `all` or `timeout`.
 *
 * An event answers its waiter exactly once, by `resume` or by `throw`, during `enter` or at any
 * time later. It never answers after it was withdrawn.
 *
 * @typeParam T the value of the event
 */
export interface Waiter<in T = never> {
  /** The scheduler that runs the waiting task. */
  readonly scheduler: Runtime
  /** The waiting task: the waiter itself, or the task that yielded the combination. */
  readonly task: TaskHandle
  /**
   * Milliseconds that a clean-up on behalf of the waiter may take: what is left of the grace period
   * of its kill, or else the grace period of the run.
   */
  readonly grace: number
  /**
   * Whether the waiter is about to be withdrawn. An event that chooses among its waiters passes
   * over one that is leaving; a value that it is given all the same goes back by `discard`.
   */
  readonly leaving: boolean
  /**
   * Whether the two are branches of one race, of which only one can be done: such waiters must not
   * answer each other.
   */
  excludes(other: Waiter): boolean
  /** Makes the waiter ready with a value. */
  resume(value: T): void
  /** Makes the waiter ready with an error, which is thrown at its yield. */
  throw(error: unknown): void
  /** Reports that a withdrawal that was answered with `'later'` is complete. */
  withdrawn(): void
  /**
   * Runs a coroutine and gives the waiter its outcome. A task calls it on its own stack, a branch
   * spawns a task for it.
   *
   * @param name the name of the task; the default is that of the combination
   * @returns the spawned task, if any
   */
  call(coroutine: Coroutine, name?: string): TaskHandle | undefined
}

/**
 * How one kind of event is fulfilled and withdrawn.
 *
 * @typeParam A the event's argument
 * @typeParam W the wait: what `enter` returns and `withdraw` gets back, in order to undo it
 * @typeParam T the value of the event
 */
export interface EventHandler<A = unknown, W = unknown, T = unknown> {
  /** The event's name as users write it: `sleep`, `recv`. */
  readonly name: string
  /**
   * The source that wakes the waiter from outside the scheduler: `promise`, `socket`, `callback`
   * ... A task that waits for such an event holds the run open. Without it, a wait that nothing in
   * the scheduler can end is a deadlock.
   */
  readonly external?: string
  /**
   * Whether a kill that has not reached the waiter yet waits until the event is done. By default it
   * comes in place of the event.
   */
  readonly shields?: boolean
  /**
   * The event with its argument, for people: `sleep(10)`. The default is the name with empty
   * brackets.
   */
  describe?(arg: A): string
  /**
   * Gives the answer if it is already here, such as bytes that have arrived: the task then
   * continues in the same step, which costs no turn. Otherwise gives `LATER`, and the event is
   * entered.
   *
   * It may throw, which is an error at the yield. It is only a short cut: `enter` must do without,
   * since branches of `race` and `all` are only entered. An attempt that gives `LATER` may leave
   * state of the request for the `enter` that follows at once.
   */
  attempt?(waiter: Waiter<T>, arg: A): T | typeof LATER
  /**
   * Starts to fulfil the event: arranges exactly one `resume` or `throw` of the waiter, now or
   * later. An event that gives its argument at once (Bluelet's ValueEvent) has neither `enter` nor
   * `withdraw`.
   *
   * An error thrown here is an error at the yield.
   */
  enter?(waiter: Waiter<T>, arg: A): W
  /**
   * The event was yielded, and is not entered: a kill has come in its place, or the combination of
   * which it is a branch is decided, or has reached its limit for now. For an event that holds a
   * promise, which may reject meanwhile, and for one that consists of others.
   */
  notEntered?(arg: A): void
  /**
   * Undoes the wait, because its outcome is no longer wanted. The waiter must not be answered after
   * this returns.
   *
   * If undoing takes time, it returns `'later'` and then answers once: by `withdrawn()` when the
   * wait is undone, or by `resume` or `throw` if the wait ended in another way meanwhile.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most handlers undo at once and return nothing.
  withdraw?(waiter: Waiter<T>, arg: A, wait: W): void | 'later'
  /**
   * The grace period of the waiter has become shorter, because of a second kill; `waiter.grace` is
   * what is left. For an event whose withdrawal takes time (`waiter.leaving` says whether it is
   * under way), and for one that divides the grace period of a clean-up.
   */
  hasten?(waiter: Waiter<T>, arg: A, wait: W): void
  /**
   * Takes back a value that its waiter will not receive: of a branch that lost a race, for example,
   * or of an `all` that has failed. It is called once for such a value. Without it the value is
   * dropped.
   *
   * An error, thrown or rejected, joins the outcome of the combination. A promise is waited for,
   * within the waiter's grace.
   */
  discard?(arg: A, value: T): void | PromiseLike<void>
  /**
   * What the event waits for, as objects, for a trace and its graph of who waits for what: tasks,
   * connections, listeners, channels ... One, or several.
   */
  on?(arg: A): object | readonly object[]
  /** Whether the event gives what has arrived at what it waits for, such as bytes. */
  readonly receives?: boolean
  /** For an event that waits for a task to end: that task. */
  joins?(arg: A, wait: W): TaskHandle | undefined
  /**
   * For an event that consists of others: the tasks of a group, or the branches of a combination.
   */
  within?(arg: A, wait: W): InnerWaits
}

/** What an event consists of. */
export interface InnerWaits {
  /** The tasks of a group. */
  readonly members?: Iterable<TaskHandle>
  /** The branches of a combination. */
  readonly branches?: Iterable<Waiter>
  /**
   * How many of the branches must end before the event can: all of them, which is the default; one
   * of them; or none, since something else ends it.
   */
  readonly needs?: 'all' | 'one' | 'none'
}

/** How many branches of a combination must end before it can. */
export type Needs = NonNullable<InnerWaits['needs']>

/**
 * Receives the errors of tasks that no task joined: the run, a group, or a connection's session. A
 * task inherits the supervisor of its spawner.
 */
export interface Supervisor {
  /** A task was spawned under this supervisor. */
  adopt(task: TaskHandle): void
  /** A task of this supervisor failed while no task was joining it. */
  fail(task: TaskHandle, error: unknown): void
  /** A task of this supervisor has ended, in whatever way. Called after `fail`. */
  disown(task: TaskHandle): void
}

/** What the handlers of events, and supervisors, may use of a scheduler. */
export interface Runtime {
  /** The source of time and callbacks. */
  readonly host: Host
  /** The timers, on the host's clock. */
  readonly timers: Timers
  /**
   * The grace period of the run, in milliseconds: how long a clean-up may take unless a kill says
   * otherwise.
   */
  readonly grace: number
  /** The host's time, in milliseconds. */
  now(): number
  /**
   * Holds the run open, because something outside the scheduler is under way: until `unref()` there
   * is no deadlock, and the run does not end. A wait for an event whose handler has `external` does
   * this by itself.
   *
   * @param source what is under way, such as `socket`: a host that simulates it keeps books of the
   *   others only
   */
  ref(source?: string): void
  /**
   * Takes back one `ref()` of the same source.
   *
   * @throws RangeError if there is none that has not been taken back
   */
  unref(source?: string): void
  /**
   * The moment at which the scheduler gives control back to its host: the end of this turn, or of
   * this `step()`. It is for work that is cheaper when it is done once for many steps.
   */
  readonly turnEnd: {
    /** Calls a listener back once. Between two turns: at the end of the next one. */
    add(listener: TurnEndListener): void
  }
  /**
   * Spawns a task under a supervisor, at once. Its spawner is the task whose step this is.
   *
   * @param supervisor receives its errors
   * @param makes makes the coroutine
   * @param args the arguments of `makes`
   */
  spawnUnder<A extends unknown[], T>(
    supervisor: Supervisor,
    makes: (...args: A) => Coroutine<T>,
    ...args: A
  ): TaskHandle<T>
  /**
   * Starts to cancel a task, and does not wait until it has ended. If the task is being cancelled
   * already, a shorter grace period counts.
   *
   * @param grace milliseconds that its clean-up may take; the default is the grace period of the
   *   run
   */
  cancel(task: TaskHandle, grace?: number): void
}

/** Is called when a scheduler gives control back to its host. */
export interface TurnEndListener {
  /** No task is running. An error thrown here ends the run. */
  turnEnded(): void
}

/** Is notified when a task has ended: the wait of a joiner or a killer. */
export interface Watcher {
  /** The task that waits in a join. */
  readonly joiner?: TaskHandle
  /**
   * The watched task runs a branch of a combination: it is cancelled with the combination, never
   * alone.
   */
  readonly branch?: boolean
  /**
   * Called once, when the task has ended.
   *
   * @returns whether the watcher has taken over the error with which the task failed
   */
  ended(task: TaskHandle): boolean
}
