/**
 * The error classes: one for each thing that a caller would do differently.
 *
 * Misuse is not among them: a wrong argument or a wrong yield is a TypeError or a RangeError, as in the language itself.
 * A user's own error is never wrapped in one of these.
 */

/**
 * Thrown at the yield of a task that is being killed; let it pass.
 *
 * It runs the task's `finally` blocks, innermost callee first, and those may themselves yield. A `catch` that must not
 * stop a kill rethrows it. Nobody else ever sees it: whoever joins a killed task gets {@link KilledError}.
 *
 * Bluelet: has nothing like it; a killed coroutine was dropped and its `finally` left to the garbage collector.
 */
export class Cancelled extends Error {
  static {
    Cancelled.prototype.name = 'Cancelled'
  }

  /**
   * Makes one; the scheduler does that.
   *
   * @param message what is being killed, and by whom if that is known
   */
  constructor(message: string = 'this task is being killed') {
    super(message)
  }
}

/**
 * Thrown by `join` when the task that was joined has been killed: there is no value and no error of its own.
 */
export class KilledError extends Error {
  static {
    KilledError.prototype.name = 'KilledError'
  }
}

/**
 * Thrown when a kill could not end a task: it went on through `Cancelled`, through the grace period and through every
 * `return()` after it. The task has been dropped: it takes no further step, and what it held is not released.
 */
export class DroppedError extends Error {
  static {
    DroppedError.prototype.name = 'DroppedError'
  }
}

/**
 * Thrown by `timeout(ms, ...)` when the time is up first.
 */
export class TimeoutError extends Error {
  static {
    TimeoutError.prototype.name = 'TimeoutError'
  }
}

/**
 * Thrown by an operation on something that has been closed, and by one that was waiting when it was closed.
 */
export class ClosedError extends Error {
  static {
    ClosedError.prototype.name = 'ClosedError'
  }
}

/**
 * Every task waits and nothing is left that could wake one; or a `join` would wait, in the end, for itself.
 *
 * The run rejects with it after all tasks were cancelled and their `finally` blocks have run; a join cycle throws it at
 * the `join` that closes the circle. The message names each task and what it waits for.
 */
export class DeadlockError extends Error {
  /** The tasks that wait for each other, each as `name#id waits for event(...)`, in spawn order or in the circle's. */
  readonly waits: readonly string[]

  static {
    DeadlockError.prototype.name = 'DeadlockError'
  }

  /**
   * Makes one; the scheduler does that.
   *
   * @param message what happened, one line for each task that waits
   * @param waits the same lines as data
   */
  constructor(message: string, waits: readonly string[]) {
    super(message)
    this.waits = waits
  }
}
