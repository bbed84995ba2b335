/** Event: a scope for tasks. */

import { begin } from '../core/coroutine.js'
import type { Coroutine, Event, EventHandler, Supervisor, Waiter } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { addTrace } from '../diagnostics/error-trace.js'
import { KilledError } from '../errors.js'
import { event } from '../event/event-object.js'
import { Stragglers } from '../scope/stragglers.js'
import { type Spawn, spawnUnder } from './spawn.js'

/** What the body of a {@link group} gets. */
export interface Group {
  /** Starts a task in the group; the same as `spawn` within it, and of use where another task is to spawn into it. */
  readonly spawn: Spawn
  /** Kills every task in the group but the body; a plain call, which does not wait for them. */
  cancel(): void
}

/**
 * Event: runs a coroutine whose spawned tasks have all ended when it returns; gives what the body returns.
 *
 * When the body or a task in the group fails, the others are cancelled, and the group throws that error when they have
 * cleaned up (several errors: an AggregateError). What a task in the group spawns belongs to the group too.
 *
 * @example
 * yield* group(function* (g) {
 *   yield* g.spawn(reader, conn)
 *   yield* g.spawn(writer, conn)
 * })
 *
 * @param body a function that makes the coroutine, called with the group
 */
export function group<T>(body: (group: Group) => Coroutine<T>): Event<T> {
  if (typeof body !== 'function') begin(body, [], 'group')
  return event(GROUP, body)
}

/** One group under way: the supervisor of its tasks. */
class Scope implements Supervisor, Group {
  readonly spawn: Spawn
  readonly #waiter: Waiter<unknown>
  readonly #tasks: Set<Task>
  readonly #errors: Set<unknown>
  #body: Task | null
  #cancelling: boolean
  readonly #stragglers: Stragglers
  /** Whether, and when, the waiter has been withdrawn. */
  #unwanted: 'in its body' | 'after its body' | undefined
  #ended: boolean

  constructor(waiter: Waiter<unknown>, body: (group: Group) => Coroutine) {
    this.#waiter = waiter
    this.#tasks = new Set()
    this.#errors = new Set()
    this.#body = null
    this.#cancelling = false
    this.#stragglers = new Stragglers()
    this.#unwanted = undefined
    this.#ended = false
    const { scheduler, task } = waiter
    this.spawn = spawnUnder(this)
    const start = begin(body, [this], 'group')
    this.#body = scheduler.spawnTask(body.name === '' ? { ...start, name: 'group' } : start, this, task)
  }

  adopt(task: Task): void {
    if (this.#ended)
      throw new Error(
        'spawn: this group has ended; spawn into it while its body or another of its tasks runs',
      )
    this.#tasks.add(task)
    if (this.#cancelling) this.#stragglers.add(task)
  }

  fail(task: Task, error: unknown): void {
    if (!this.#errors.has(error)) addTrace(error, task)
    this.#errors.add(error)
    this.#cancelAll(task.scheduler.graceMs)
  }

  disown(task: Task): void {
    this.#stragglers.delete(task)
    this.#tasks.delete(task)
    if (this.#tasks.size === 0) this.#finish()
  }

  cancel(): void {
    // What runs a branch is killed with the task that waits for it, and the body's are spared with the body.
    for (const task of [...this.#tasks])
      if (task !== this.#body && !runsBranch(task)) task.cancel(task.scheduler.graceMs)
  }

  withdraw(): void {
    this.#unwanted = this.#body?.outcome === undefined ? 'in its body' : 'after its body'
    this.#cancelAll(this.#waiter.task.graceMs)
  }

  #cancelAll(graceMs: number): void {
    if (this.#cancelling) return
    this.#cancelling = true
    for (const task of [...this.#tasks]) task.cancel(graceMs)
  }

  #finish(): void {
    this.#ended = true
    const errors = [...this.#errors]
    const outcome = this.#body?.outcome
    if (errors.length > 1) {
      this.#waiter.throw(
        new AggregateError(
          errors,
          `${errors.length} tasks of a group failed: ${errors.map(String).join('; ')}`,
        ),
      )
    } else if (errors.length === 1) this.#waiter.throw(errors[0])
    else if (this.#unwanted === 'after its body') this.#waiter.withdrawn()
    else if (outcome?.kind === 'returned') this.#waiter.resume(outcome.value)
    else if (outcome?.kind === 'threw') this.#waiter.throw(outcome.error)
    else if (this.#unwanted === 'in its body') this.#waiter.withdrawn()
    else this.#waiter.throw(new KilledError(`${this.#body} was killed, so that its group has no value`))
  }
}

function runsBranch(task: Task): boolean {
  return [...(task.watchers ?? [])].some(({ branch }) => branch)
}

// biome-ignore lint/suspicious/noExplicitAny: each group has a type of its own.
const GROUP: EventHandler<(group: Group) => Coroutine, Scope, any> = {
  name: 'group',
  enter: (waiter, body) => new Scope(waiter, body),
  withdraw(_waiter, _body, scope) {
    scope.withdraw()
    return 'later'
  },
}
