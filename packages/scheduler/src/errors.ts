/**
 * The error classes: one for each thing that a caller would do differently.
 *
 * Misuse has no class here. A wrong argument or a wrong yield is a TypeError or a RangeError, as in
 * the language itself. A user's own error is never wrapped in one of these.
 */

/**
 * Thrown at the yield of a task that is being cancelled. Let it pass.
 *
 * It runs the task's `finally` blocks, innermost callee first, and those blocks may yield. A
 * `catch` that must not stop a kill rethrows it. The scheduler gives it to no other task: a join of
 * a killed task throws {@link KilledError}. A task that ends with the `Cancelled` of another one
 * has failed.
 *
 * Bluelet: has no equivalent. A killed coroutine was dropped, and its `finally` was left to the
 * garbage collector.
 */
export class Cancelled extends Error {
  /** `ERR_BLUELET_CANCELLED`. */
  get code(): 'ERR_BLUELET_CANCELLED' {
    return 'ERR_BLUELET_CANCELLED'
  }
  /** @internal */
  override get name(): string {
    return 'Cancelled'
  }
  /** @internal */
  override set name(name: string) {
    rename(this, name)
  }

  /**
   * Creates one. The scheduler does this.
   *
   * @param message what is being cancelled
   */
  constructor(message: string = 'this task is being killed') {
    super(message)
  }
}

/**
 * Thrown by `join` if the joined task was killed: it has neither a value nor an error of its own.
 */
export class KilledError extends Error {
  /** `ERR_BLUELET_KILLED`. */
  get code(): 'ERR_BLUELET_KILLED' {
    return 'ERR_BLUELET_KILLED'
  }
  /** @internal */
  override get name(): string {
    return 'KilledError'
  }
  /** @internal */
  override set name(name: string) {
    rename(this, name)
  }
}

/**
 * Thrown when a kill could not end a task: the task continued after `Cancelled`, after the grace
 * period, and after every `return()` that followed. The scheduler has abandoned the task: it takes
 * no further step, and what it held is not released.
 */
export class AbandonedError extends Error {
  /** `ERR_BLUELET_ABANDONED`. */
  get code(): 'ERR_BLUELET_ABANDONED' {
    return 'ERR_BLUELET_ABANDONED'
  }
  /** @internal */
  override get name(): string {
    return 'AbandonedError'
  }
  /** @internal */
  override set name(name: string) {
    rename(this, name)
  }
}

/**
 * Thrown by `timeout(ms, ...)` if the time is up first.
 */
export class TimeoutError extends Error {
  /** `ERR_BLUELET_TIMEOUT`. */
  get code(): 'ERR_BLUELET_TIMEOUT' {
    return 'ERR_BLUELET_TIMEOUT'
  }
  /** @internal */
  override get name(): string {
    return 'TimeoutError'
  }
  /** @internal */
  override set name(name: string) {
    rename(this, name)
  }
}

/**
 * Thrown by an operation on something that is closed, and by one that was waiting when it was
 * closed.
 */
export class ClosedError extends Error {
  /** `ERR_BLUELET_CLOSED`. */
  get code(): 'ERR_BLUELET_CLOSED' {
    return 'ERR_BLUELET_CLOSED'
  }
  /** @internal */
  override get name(): string {
    return 'ClosedError'
  }
  /** @internal */
  override set name(name: string) {
    rename(this, name)
  }
}

/**
 * Every task waits and nothing is left that could wake one, or a `join` would in the end wait for
 * itself.
 *
 * A run rejects with it after all tasks were cancelled and their `finally` blocks have run. A join
 * cycle throws it at the `join` that closes the cycle. The message names each task and what it
 * waits for.
 */
export class DeadlockError extends Error {
  /** `ERR_BLUELET_DEADLOCK`. */
  get code(): 'ERR_BLUELET_DEADLOCK' {
    return 'ERR_BLUELET_DEADLOCK'
  }
  /** @internal */
  override get name(): string {
    return 'DeadlockError'
  }
  /** @internal */
  override set name(name: string) {
    rename(this, name)
  }
  /**
   * The waiting tasks, each as `name#id waits for event(...)`: in spawn order, or in the order of
   * the cycle.
   */
  readonly waits: readonly string[]

  /**
   * Creates one. The scheduler does this.
   *
   * @param message what happened, with one line for each waiting task
   * @param waits the same lines as data
   */
  constructor(message: string, waits: readonly string[]) {
    super(message)
    this.waits = waits
  }
}

/** The number of waiting tasks that the message of a deadlock lists; the error has them all. */
const MAX_LISTED = 20

/**
 * Waiting tasks in a message, one on each line.
 *
 * @internal
 */
export function listed(waits: readonly string[]): string {
  const lines = waits.slice(0, MAX_LISTED)
  if (waits.length > lines.length) lines.push(`and ${waits.length - lines.length} more`)
  return lines.map((line) => `\n  ${line}`).join('')
}

// The names and the codes are accessors of the classes. As properties of each error they would be
// printed beside every stack; as assignments to the prototypes they would keep every class in the
// bundle of a user.

/**
 * Gives an error a name of its own, as a class that extends one of these may do.
 *
 * @internal
 */
export function rename(error: Error, name: string): void {
  Object.defineProperty(error, 'name', { value: name, writable: true, enumerable: true, configurable: true })
}
