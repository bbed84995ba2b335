/**
 * What a bare yield means: a coroutine is called, a task is joined, a promise is waited for. Any
 * other value that is not an event is an error at that yield.
 *
 * The events `call`, `join` and `wait` are these three handlers by name.
 */

import { inspect, nameOf } from '../check.js'
import { KilledError } from '../errors.js'
import { isCoroutine } from './coroutine.js'
import { holdAcross, refuseCycle, refuseCycleAcross, releaseAcross } from './join-cycle.js'
import { isThenable, WAIT } from './promise-wait.js'
import type { Coroutine, EventHandler, Request, TaskHandle, Waiter, Watcher } from './protocol.js'
import { Task } from './task.js'

/**
 * The handler that fulfils what was yielded, and its argument. An event is itself the answer.
 *
 * @throws TypeError if the value cannot be yielded; the message names it and the likely fix
 * @internal
 */
export function requestOf(yielded: unknown): Request {
  if (yielded === null || yielded === undefined) throw misuse(yielded)
  if ((yielded as Partial<Request>).$handler !== undefined) return yielded as Request
  if (yielded instanceof Task) return { $handler: JOIN as EventHandler, $argument: yielded }
  if (isCoroutine(yielded)) return { $handler: CALL as EventHandler, $argument: yielded }
  if (isThenable(yielded)) return { $handler: WAIT as EventHandler, $argument: yielded }
  throw misuse(yielded)
}

/**
 * Runs a coroutine on the task's own stack. The argument is the coroutine, or a function that makes
 * a new one and has the name of the user's.
 */
export const CALL: EventHandler<Coroutine | (() => Coroutine), TaskHandle | undefined> = {
  name: 'call',
  describe: (callee) => (typeof callee === 'function' ? `${callee.name}()` : 'a coroutine'),
  enter: (waiter, callee) =>
    typeof callee === 'function' ? waiter.call(callee(), callee.name) : waiter.call(callee),
  withdraw: withdrawCall,
  hasten: hastenCall,
  joins: (_callee, spawned) => spawned,
}

/** Withdraws a `waiter.call`: cancels the task that it spawned, if any, which may take time. */
export function withdrawCall(
  waiter: Waiter,
  _argument: unknown,
  spawned: TaskHandle | undefined,
): 'later' | undefined {
  if (spawned === undefined) return undefined
  waiter.scheduler.cancel(spawned, waiter.grace)
  return 'later'
}

/** Hastens the withdrawal of a `waiter.call`, if it is under way. */
export function hastenCall(waiter: Waiter, argument: unknown, spawned: TaskHandle | undefined): void {
  if (waiter.leaving) withdrawCall(waiter, argument, spawned)
}

/** Waits for a task to end and takes its outcome. */
export const JOIN: EventHandler<Task, Watcher | undefined> = {
  name: 'join',
  describe: (task) => `join(${task})`,
  enter(waiter, task) {
    if (task.outcome !== undefined) {
      giveOutcome(waiter, task)
      return undefined
    }
    const byTask = (waiter as unknown) === waiter.task // Not by a branch of a combination.
    const joiner = waiter.task as Task // Every handle is a Task.
    if (byTask || task === joiner) refuseCycle(JOIN as EventHandler, joiner, task)
    refuseCycleAcross(waiter, joiner, task)
    return watchTask(waiter, task, {
      joiner: waiter.task,
      ended() {
        giveOutcome(waiter, task)
        return true
      },
    })
  },
  withdraw(waiter, task, watcher) {
    if (watcher !== undefined) unwatchTask(waiter, task, watcher)
  },
  on: (task) => task,
  joins: (task) => task,
}

/**
 * Watches a task on behalf of a waiter. A task of another scheduler holds the waiter's run open,
 * since the waiter's scheduler cannot see what that task does.
 *
 * @returns what `unwatchTask` takes back
 */
export function watchTask({ scheduler }: Waiter, task: Task, watcher: Watcher): Watcher {
  if (task.scheduler === scheduler) {
    task.watch(watcher)
    return watcher
  }
  holdAcross(scheduler)
  const holding: Watcher = {
    ...watcher,
    ended(ended) {
      releaseAcross(scheduler)
      return watcher.ended(ended)
    },
  }
  task.watch(holding)
  return holding
}

/** Takes back a `watchTask`. */
export function unwatchTask({ scheduler }: Waiter, task: Task, watcher: Watcher): void {
  task.unwatch(watcher)
  if (task.scheduler !== scheduler) releaseAcross(scheduler)
}

/** Gives a waiter the outcome of a task that has ended. */
function giveOutcome(waiter: Waiter<unknown>, task: Task): void {
  const outcome = task.outcome
  if (outcome?.kind === 'returned') waiter.resume(outcome.value)
  else if (outcome?.kind === 'threw') waiter.throw(outcome.error)
  else waiter.throw(new KilledError(`${task} was killed, so it has no value to join for`))
}

function isAsyncGenerator(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value
}

function misuse(yielded: unknown): TypeError {
  if (yielded === undefined) {
    return new TypeError(
      'cannot yield undefined: this is a bare yield, or a call of a function that returns nothing; did you mean yield pause()?',
    )
  }
  if (typeof yielded === 'function') {
    const name = nameOf(yielded, 'anonymous')
    return new TypeError(`cannot yield a function (${name}): did you mean to call it, yield ${name}(...)?`)
  }
  if (Array.isArray(yielded)) {
    return new TypeError(`cannot yield ${inspect(yielded)}: did you mean yield all([...]) or race([...])?`)
  }
  if (isAsyncGenerator(yielded)) {
    return new TypeError(
      `cannot yield ${inspect(yielded)}: it is asynchronous; use function* in place of async function*`,
    )
  }
  const hint = typeof yielded === 'number' && yielded >= 0 ? `; did you mean yield sleep(${yielded})?` : ''
  return new TypeError(
    `cannot yield ${inspect(yielded)}: expected an event, a coroutine, a task or a promise${hint}`,
  )
}
