/**
 * The border between coroutines and the scheduler: what may be yielded, and how a yielded event is fulfilled.
 *
 * Types only, no behaviour. To add an event, write an {@link EventHandler} in a file of its own; nothing else
 * has to know of it.
 */

import type { Scheduler } from '../loop/scheduler.js'
import type { Task } from './task.js'

/**
 * What an event is for the trampoline: a handler, and the argument that it is called with.
 *
 * The names have a `$` so that no object of a user's has them by chance. (Symbols would do that better, but a field under
 * a symbol costs each step some two nanoseconds more than one under a name.)
 *
 * @internal
 */
export interface Request {
  readonly $handler: EventHandler
  readonly $argument: unknown
}

declare const brand: unique symbol

/**
 * The description of one request, such as `sleep(10)` or `conn.recv(1024)`: what a coroutine yields. Nothing happens
 * until it is yielded, and each yield performs it anew.
 *
 * `yield event` is typed by annotation and `yield* event` by inference. In async code `await event` performs it in a run
 * of its own, once; that is why the type is a promise, and why the lint rule `no-floating-promises` finds an event that
 * nobody yielded.
 *
 * @typeParam T what the yield gives
 */
export interface Event<out T = unknown> extends Promise<T> {
  /** What makes it an event, for the compiler; there is nothing there at run time. */
  readonly [brand]: T
  /** Lets `yield* event` perform the event and give its typed value. */
  [Symbol.iterator](): Iterator<Event, T, unknown>
}

/**
 * The generator object that a `function*` returns, once its body yields only what the scheduler can fulfil.
 *
 * What comes back from a plain `yield` is `any`, because a generator has one type for all its yields.
 *
 * @typeParam T what it returns
 */
// biome-ignore lint/suspicious/noExplicitAny: for what goes in, `unknown` breaks annotated yields and `never` breaks unions.
export interface Coroutine<out T = any> extends Generator<Yieldable, T, any> {}

/** What a coroutine may yield: an event, a coroutine (calls it), a task (joins it), a promise (waits for it). */
export type Yieldable = Event | Coroutine | Task | PromiseLike<unknown>

/**
 * What the yield of `Y` gives: the value of an event, of a coroutine, of a task or of a promise.
 *
 * @typeParam Y what is yielded
 */
export type Yielded<Y> =
  Y extends Event<infer T>
    ? T
    : // biome-ignore lint/suspicious/noExplicitAny: matches a generator whatever it takes in.
      Y extends Generator<any, infer T, any>
      ? T
      : Y extends Task<infer T>
        ? T
        : Y extends PromiseLike<infer T>
          ? T
          : never

/**
 * Whoever waits for an event: a task, or one branch of `race`, `all` or `timeout`.
 *
 * An event answers it exactly once, by `resume` or by `throw`, during `enter` or at any time later; never again after
 * it was withdrawn.
 *
 * @typeParam T what the event gives
 */
export interface Waiter<in T = never> {
  /** The scheduler to whose tasks this waiter belongs. */
  readonly scheduler: Scheduler
  /** The task on whose behalf this waits: itself, or the one that yielded the combination. */
  readonly task: Task
  /** Makes the waiter ready with a value. */
  resume(value: T): void
  /** Makes the waiter ready with an error, thrown at its yield. */
  throw(error: unknown): void
  /** Says that a withdrawal that was answered with `'later'` is done. */
  withdrawn(): void
  /**
   * Runs a coroutine and gives the waiter its outcome: a task calls it on its own stack, a branch spawns it.
   *
   * @returns the task that was spawned for it, if any
   */
  call(coroutine: Coroutine): Task | undefined
}

/**
 * How one kind of event is fulfilled and withdrawn.
 *
 * @typeParam A the event's argument
 * @typeParam W what `enter` returns and `withdraw` gets back: whatever the handler needs in order to undo the wait
 * @typeParam T what the event gives
 */
export interface EventHandler<A = unknown, W = unknown, T = unknown> {
  /** The event's name, as users write it: `sleep`, `recv`. */
  readonly name: string
  /**
   * What wakes it from outside the scheduler: `promise`, `socket`, `callback` ... A task that waits for such an event
   * holds the run open; without it, a wait that nothing here can end is a deadlock.
   */
  readonly external?: string
  /** The event with its argument, for people: `sleep(10)`. By default the name with empty brackets. */
  describe?(arg: A): string
  /**
   * Begins to fulfil the event: arranges exactly one `resume` or `throw` of the waiter, now or later. Left out of an event
   * that gives its argument at once (Bluelet's ValueEvent), which needs no `withdraw` either.
   *
   * An error thrown here is an error at the yield.
   */
  enter?(waiter: Waiter<T>, arg: A): W
  /**
   * Undoes the wait, because nobody wants it any longer. After it returns the waiter must not be answered.
   *
   * A wait whose undoing takes time returns `'later'` and then answers once: by `withdrawn()` when it is undone, or,
   * when it ended some other way meanwhile, by `resume` or `throw`.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most handlers undo at once and return nothing.
  withdraw?(waiter: Waiter<T>, arg: A, wait: W): void | 'later'
}

/**
 * Who hears of an error that nobody joined for: the run, a group, or a connection's handler. A task inherits its
 * spawner's.
 */
export interface Supervisor {
  /** A task has been spawned under this supervisor. */
  adopt(task: Task): void
  /** A task of this supervisor failed, and nobody was waiting for it. */
  fail(task: Task, error: unknown): void
  /** A task of this supervisor has ended, in whatever way; called after `fail`. */
  disown(task: Task): void
}

/** Who is told when a task has ended: its joiners and its killers. */
export interface Watcher {
  /** The task that waits in a join. */
  readonly joiner?: Task
  /** The task runs a branch of a combination: it is killed with that, and not by itself. */
  readonly branch?: boolean
  /**
   * The task has ended.
   *
   * @returns whether this watcher took the error with which the task failed, if it did
   */
  ended(task: Task): boolean
}
