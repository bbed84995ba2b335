/**
 * What a task has outside the scheduler, such as a process that it has started, and what must end
 * before the task does.
 *
 *   the task's coroutine ends -> its resources end, together -> the task ends
 *
 * A task that runs a branch of a combination, or a shield, is a part of the task that waits for it:
 * if it returns, that one gets its resources.
 */

import type {
  Coroutine,
  EventHandler,
  Request,
  Supervisor,
  TaskHandle,
  Waiter,
  Watcher,
  Yieldable,
} from './protocol.js'
import { type Mode, NEXT, type Outcome } from './task-state.js'

/** What ends with a task. */
export interface Resource {
  /**
   * The task's coroutine has ended: begins to end the resource. The task ends later.
   *
   * @param grace milliseconds that it may take: what the task's kill has left. Without a kill it is
   *   `Infinity`
   * @param ended called once, with the errors, when the resource has ended
   */
  end(grace: number, ended: (errors: readonly unknown[]) => void): void
  /** The grace period has become shorter. */
  hasten(grace: number): void
  /** Its name in a snapshot. */
  toString(): string
}

/** What is used of a task. */
interface Holder {
  resources: Resources | null
  readonly cancellation: { readonly grace: number } | null
  readonly watchers: ReadonlySet<Watcher> | null
  readonly spawner: { readonly task: Holder | null } | null
  readonly supervisor: Supervisor
  callers: Coroutine[] | null
  coroutine: Coroutine | null
  answer(mode: Mode, value: unknown): void
  fail(supervisor: Supervisor, error: unknown): void
  settle(outcome: Outcome): void
}

/** Which task has a resource. */
interface Holding {
  task: Holder
  readonly resource: Resource
}

/**
 * Ends a resource with a task: after the task's coroutine has ended, in whatever way, and before
 * the task has. A kill of the task does not interrupt that; it shortens the grace period.
 *
 * @param task a task that has not ended, such as the one that waits for an event: `waiter.task`
 * @returns takes it back, for a resource that has ended by itself
 */
export function endWith(task: TaskHandle, resource: Resource): () => void {
  const holding: Holding = { task: holderOf(task), resource }
  hold(holding)
  return () => void holding.task.resources?.all.delete(holding)
}

function hold(holding: Holding): void {
  holding.task.resources ??= new Resources()
  holding.task.resources.all.add(holding)
}

/** The resources of one task. */
export class Resources {
  readonly all: Set<Holding> = new Set()
  /** How the task's coroutine has ended; undefined until then. */
  outcome: Outcome | undefined = undefined
  /** Those of resources that have ended. */
  readonly errors: unknown[] = []

  /**
   * The task's coroutine has ended. Later, `ending` has.
   *
   * @returns false if there is nothing to end, so that the task settles by itself
   */
  end(task: Holder, outcome: Outcome): boolean {
    if (this.outcome !== undefined) {
      task.resources = null
      task.settle(this.#outcomeOf(task, this.outcome))
      return true
    }
    if (outcome.kind === 'returned' && task.cancellation === null) this.#handOver(task)
    if (this.all.size === 0) return false
    this.outcome = outcome
    task.callers = null
    task.coroutine = ending(this)
    task.answer(NEXT, undefined)
    return true
  }

  /** How the task ends: as its coroutine has, unless only its resources have failed. */
  #outcomeOf(task: Holder, outcome: Outcome): Outcome {
    const { errors } = this
    const ends: Outcome =
      outcome.kind === 'threw' || errors.length === 0 ? outcome : { kind: 'threw', error: errors.shift() }
    for (const error of errors) task.fail(task.supervisor, error)
    return ends
  }

  #handOver({ watchers, spawner }: Holder): void {
    if (spawner === null || spawner.task === null) return
    if (![...(watchers ?? [])].some(({ branch }) => branch)) return
    for (const holding of this.all) {
      holding.task = spawner.task
      hold(holding)
    }
    this.all.clear()
  }
}

function* ending(resources: Resources): Generator<Yieldable, void, unknown> {
  const request: Request = { $handler: ENDING as EventHandler, $argument: resources }
  yield request as unknown as Yieldable // The trampoline needs no more of an event.
}

/** Waits until the resources of a task have ended. A kill hastens that. */
const ENDING: EventHandler<Resources, void, void> = {
  name: 'the end of its resources',
  external: 'resource',
  describe: ({ all }) => `the end of ${[...all].map(({ resource }) => resource).join(', ')}`,
  enter(waiter, resources) {
    const grace = graceOf(waiter)
    let left = 1
    const ended = (errors: readonly unknown[]): void => {
      resources.errors.push(...errors)
      if (--left === 0) waiter.resume()
    }
    // Those that came last end first.
    for (const { resource } of [...resources.all].reverse()) {
      left++
      resource.end(grace, ended)
    }
    ended([])
  },
  withdraw(waiter, resources) {
    hastenAll(waiter, resources)
    return 'later'
  },
  hasten: hastenAll,
}

function hastenAll(waiter: Waiter<void>, { all }: Resources): void {
  for (const { resource } of all) resource.hasten(graceOf(waiter))
}

/** What a kill has left of its grace period. */
function graceOf({ task }: Waiter<void>): number {
  return holderOf(task).cancellation?.grace ?? Number.POSITIVE_INFINITY
}

function holderOf(task: TaskHandle): Holder {
  return task as unknown as Holder // Every handle is a Task.
}
