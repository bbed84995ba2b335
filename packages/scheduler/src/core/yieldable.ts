/**
 * What a bare yield means: a coroutine is called, a task is joined, a promise is waited for. Anything else that is no
 * event is an error at that yield.
 *
 * The events `call`, `join` and `wait` are these three handlers by name.
 */

import { DeadlockError, KilledError } from '../errors.js'
import { inspect, isCoroutine } from './coroutine.js'
import type { Coroutine, EventHandler, Request, Waiter, Watcher } from './protocol.js'
import { Task } from './task.js'
import { PARKED } from './task-state.js'

/**
 * The handler that fulfils what was yielded.
 *
 * @throws TypeError if that is nothing that can be yielded; the message names it and the likely fix
 */
export function handlerOf(yielded: unknown): EventHandler {
  if (yielded === null || yielded === undefined) throw misuse(yielded)
  const handler = (yielded as Partial<Request>).$handler
  if (handler !== undefined) return handler
  if (yielded instanceof Task) return JOIN as EventHandler
  if (isCoroutine(yielded)) return CALL as EventHandler
  if (isPromise(yielded)) return WAIT as EventHandler
  throw misuse(yielded)
}

/** The argument for that handler: an event brings its own, everything else is itself the argument. */
export function argumentOf(yielded: unknown, handler: EventHandler): unknown {
  const request = yielded as Request
  return request.$handler === handler ? request.$argument : yielded
}

/** Runs a coroutine on the task's own stack. The argument is the coroutine, or a function that makes a new one. */
export const CALL: EventHandler<Coroutine | (() => Coroutine), Task | undefined> = {
  name: 'call',
  enter: (waiter, callee) => waiter.call(typeof callee === 'function' ? callee() : callee),
  withdraw: withdrawCall,
}

/** Undoes a `waiter.call` that spawned a task: kills it, which may take time. */
export function withdrawCall(
  waiter: Waiter,
  _argument: unknown,
  spawned: Task | undefined,
): 'later' | undefined {
  if (spawned === undefined) return undefined
  spawned.cancel(waiter.task.graceMs)
  return 'later'
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
    if (waiter === waiter.task || task === waiter.task) refuseCycle(waiter.task, task)
    const { scheduler } = waiter
    // What a task of another scheduler does, this one cannot see.
    const foreign = task.scheduler !== scheduler
    if (foreign) scheduler.hold()
    const watcher: Watcher = {
      joiner: waiter.task,
      ended() {
        if (foreign) scheduler.release()
        giveOutcome(waiter, task)
        return true
      },
    }
    task.watch(watcher)
    return watcher
  },
  withdraw({ scheduler }, task, watcher) {
    if (watcher === undefined) return
    task.unwatch(watcher)
    if (task.scheduler !== scheduler) scheduler.release()
  },
}

/** Gives a waiter the outcome of a task that has ended. */
function giveOutcome(waiter: Waiter<unknown>, task: Task): void {
  const outcome = task.outcome
  if (outcome?.kind === 'returned') waiter.resume(outcome.value)
  else if (outcome?.kind === 'threw') waiter.throw(outcome.error)
  else waiter.throw(new KilledError(`${task} was killed, so that there is no value to join for`))
}

/**
 * Refuses a join that would wait, over any number of joins, for the joiner itself.
 *
 * Looks along the joins from the target on, and at the same time at those who wait for the joiner; a circle would be found
 * from both ends, so that the shorter of the two is all that it costs: a chain of joins, made in either order, stays linear.
 */
function refuseCycle(joiner: Task, target: Task): void {
  const waiting = joinersOf(joiner)
  const circle = [joiner]
  for (let task = target; task !== joiner; task = task.argument as Task) {
    if (task.phase !== PARKED || task.handler !== (JOIN as EventHandler) || waiting.next().done) return
    circle.push(task)
  }
  const waits = circle.map((task, i) => `${task} waits for join(${circle[i + 1] ?? joiner})`)
  throw new DeadlockError(`join(${target}) would wait for itself:\n  ${waits.join('\n  ')}`, waits)
}

/** Every task that waits in a join for the given one, or for one that does. */
function* joinersOf(task: Task): Generator<Task, void, void> {
  const levels = [(task.watchers ?? new Set()).values()]
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const { done, value: watcher } = level.next()
    if (done) levels.pop()
    else if (watcher.joiner !== undefined) {
      yield watcher.joiner
      levels.push((watcher.joiner.watchers ?? new Set()).values())
    }
  }
}

/** Waits for a promise. It cannot be cancelled: a wait that is withdrawn leaves it to run, and its outcome is ignored. */
export const WAIT: EventHandler<PromiseLike<unknown>, PromiseWait> = {
  name: 'wait',
  external: 'promise',
  enter(waiter, promise) {
    const wait: PromiseWait = { waiter }
    try {
      promise.then(
        (value) => endWait(wait)?.resume(value),
        (error: unknown) => endWait(wait)?.throw(error),
      )
    } catch (error) {
      endWait(wait)?.throw(error) // Of a `then` that is no promise's; one that has answered before is heard no more.
    }
    return wait
  },
  withdraw(_waiter, _promise, wait) {
    wait.waiter = null
  },
}

/** Cuts the tie between a promise and a waiter: a promise keeps its callbacks for as long as it lives. */
export interface PromiseWait {
  waiter: Waiter<unknown> | null
}

/** Only the first who asks gets the waiter. */
function endWait(wait: PromiseWait): Waiter<unknown> | null {
  const { waiter } = wait
  wait.waiter = null
  return waiter
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
}

function isAsyncGenerator(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'next' in value
}

function misuse(yielded: unknown): TypeError {
  if (yielded === undefined) {
    return new TypeError(
      'cannot yield undefined: a bare yield, or the call of a function that returns nothing; did you mean yield pause()?',
    )
  }
  if (typeof yielded === 'function') {
    const name = yielded.name || 'anonymous'
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
