/** The event `shield`: a coroutine that a kill lets finish. */

import { nameOf } from '../check.js'
import { type CoroutineSource, toCoroutine } from '../core/coroutine.js'
import type { SpawnRequest } from '../core/kernel.js'
import type { Coroutine, Event, EventHandler, Waiter } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { event } from '../event/event-object.js'
import { dispose } from '../scope/disposal.js'
import type { Timer } from '../stores/timer-heap.js'

/**
 * Event: runs a coroutine that a kill does not interrupt, and gives what it returns, or throws what
 * it throws. A kill that comes meanwhile waits until the coroutine is done, and `Cancelled` then
 * comes at the next yield. So does one that has come just before and has not reached the task yet.
 * A combination whose branch it is waits in the same way.
 *
 * If the coroutine takes longer than the grace period, it is ended. Of shields within each other
 * the outermost counts.
 *
 * A `finally` is not shielded by itself: a kill that comes while the `finally` of ordinary work
 * waits ends it there, and the code after that yield does not run.
 *
 * @example
 * try {
 *   yield* work()
 * } finally {
 *   yield* shield(goodbye, conn)
 * }
 *
 * @param coroutine a coroutine that has not run yet
 */
export function shield<T>(coroutine: Coroutine<T>): Event<T>
/**
 * Event: the same for a function that makes the coroutine, each time the event is yielded.
 *
 * @param makes the function
 * @param args its arguments
 */
export function shield<A extends unknown[], T>(makes: (...args: A) => Coroutine<T>, ...args: A): Event<T>
export function shield(source: CoroutineSource, ...args: unknown[]): Event<unknown> {
  const start = () => toCoroutine(source, args, 'shield')
  if (typeof source === 'function') return event(SHIELD, { start, shielded: nameOf(source, '') })
  start()
  return event(SHIELD, { start, shielded: '' })
}

interface ShieldRequest {
  readonly start: () => SpawnRequest
  /** The name of the function, for messages. */
  readonly shielded: string
}

/** One shielded coroutine, which is a task of its own. */
interface Shielded {
  readonly task: Task
  /** The end of the grace period, once the waiter has been withdrawn. */
  timer: Timer | undefined
}

const SHIELD: EventHandler<ShieldRequest, Shielded, unknown> = {
  name: 'shield',
  shields: true,
  describe: ({ shielded }) => `shield(${shielded})`,
  enter(waiter, { start }) {
    const parent = waiter.task as Task // Every handle is a Task.
    const { scheduler } = parent
    const task = scheduler.spawn(start(), parent.supervisor, parent) as Task // Every handle is a Task.
    const shielded: Shielded = { task, timer: undefined }
    task.shielded = true
    task.watch({
      ended({ outcome }) {
        if (shielded.timer !== undefined) scheduler.timers.remove(shielded.timer)
        if (outcome?.kind === 'returned') waiter.resume(outcome.value)
        else if (outcome?.kind === 'threw') waiter.throw(outcome.error)
        else waiter.withdrawn() // It is killed only once its waiter has been withdrawn.
        return true
      },
      branch: true,
    })
    return shielded
  },
  withdraw(waiter, _request, shielded) {
    limit(waiter, shielded)
    return 'later'
  },
  hasten(waiter, _request, shielded) {
    if (waiter.leaving) limit(waiter, shielded)
  },
  discard: (_request, value) => dispose(value),
  within: (_request, { task }) => ({ members: [task] }),
}

/** Ends the shield at the end of the waiter's grace period, in place of an earlier limit. */
function limit({ scheduler, grace }: Waiter<unknown>, shielded: Shielded): void {
  if (shielded.timer !== undefined) scheduler.timers.remove(shielded.timer)
  shielded.timer = scheduler.timers.add(scheduler.now() + grace, endShield, shielded)
}

function endShield({ task }: Shielded): void {
  task.shielded = false
  task.cancel(0)
}
