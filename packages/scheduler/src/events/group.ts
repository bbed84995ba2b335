/** The event `group`: a scope for tasks. */

import { checkLimit, inspect } from '../check.js'
import { toCoroutine } from '../core/coroutine.js'
import type { Coroutine, Event, EventHandler, Runtime, TaskHandle, Waiter } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { addTrace } from '../diagnostics/error-trace.js'
import { KilledError } from '../errors.js'
import { event } from '../event/event-object.js'
import { type Disposal, dispose, giveBack } from '../scope/disposal.js'
import { type ScopeOwner, TaskScope } from '../scope/task-scope.js'
import { RingQueue } from '../stores/ring-queue.js'
import { type Gate, type Spawn, spawnThrough } from './spawn.js'

/** The argument of the body of a {@link group}. */
export interface Group {
  /**
   * Starts a task in the group. Within the group `spawn` does the same; this one lets other tasks
   * spawn into it.
   */
  readonly spawn: Spawn
  /**
   * Cancels every task in the group except the body: a plain call, which does not wait for them.
   */
  cancel(): void
}

/**
 * Event: runs a coroutine whose spawned tasks have all ended when it returns, and gives what the
 * body returns.
 *
 * If the body or a task in the group fails, the others are cancelled, and the group throws that
 * error once they have cleaned up (an AggregateError for several errors). What the body has
 * returned is then disposed of (`Symbol.dispose`, `Symbol.asyncDispose`). What a task in the group
 * spawns belongs to the group, too.
 *
 * @example
 * yield* group(function* (g) {
 *   yield* g.spawn(reader, conn)
 *   yield* g.spawn(writer, conn)
 * })
 *
 * @param body a function that makes the coroutine, called with the group
 * @throws RangeError if the limit is not a positive integer
 */
export function group<T>(body: (group: Group) => Coroutine<T>, options: GroupOptions = {}): Event<T> {
  if (typeof body !== 'function') toCoroutine(body, [], 'group')
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`group(body, options): expected an object such as { limit }, got ${inspect(options)}`)
  }
  return event(GROUP, { body, limit: checkLimit(options.limit, 'group: limit') }) as Event<T> // The body returns a T.
}

/** Options of a {@link group}. */
export interface GroupOptions {
  /**
   * How many tasks that `g.spawn` has started run at once: a positive integer. `g.spawn` gives the
   * task at once; the task begins when there is room. The body, and tasks that plain `spawn` has
   * started, do not count. By default there is no limit.
   */
  readonly limit?: number
}

interface GroupRequest {
  readonly body: (group: Group) => Coroutine
  readonly limit: number
}

/** Lets so many tasks run at once, and the others wait in their order. */
class TaskLimiter implements Gate {
  #free: number
  readonly #running = new Set<TaskHandle>()
  readonly #waiting = new RingQueue<Task>()

  constructor(limit: number) {
    this.#free = limit
  }

  admit(task: TaskHandle): boolean {
    if (this.#free > 0) {
      this.#free--
      this.#running.add(task)
      return true
    }
    this.#waiting.push(task as Task) // Every handle is a Task.
    return false
  }

  /** A task of the group has ended. */
  ended(task: TaskHandle): void {
    if (!this.#running.delete(task)) return
    this.#free++
    while (this.#free > 0 && this.#waiting.size > 0) {
      const next = this.#waiting.shift()
      // A task that was killed before its turn has ended.
      if (next.outcome === undefined && this.admit(next)) next.scheduler.ready(next)
    }
  }
}

/** One group that is under way. */
class RunningGroup implements Group, ScopeOwner {
  readonly spawn: Spawn
  /** Null once it has been answered. */
  #waiter: Waiter<unknown> | null
  readonly #scope = new TaskScope(this)
  readonly #limiter: TaskLimiter | null
  #body: Task | null = null
  /** When the waiter was withdrawn, if it was. */
  #withdrawn: 'in its body' | 'after its body' | undefined = undefined
  /** Whether it was withdrawn while other tasks than the body were running. */
  #cut = false
  #ended = false
  /** The value of the body, which the waiter cannot receive, has been disposed of. */
  #discarded = false
  /** That disposal, while it takes time. */
  #disposal: Disposal | undefined = undefined

  constructor(waiter: Waiter<unknown>, { body, limit }: GroupRequest) {
    this.#waiter = waiter
    this.scheduler = waiter.scheduler
    this.#limiter = limit === Number.POSITIVE_INFINITY ? null : new TaskLimiter(limit)
    this.spawn = spawnThrough(this.#scope, this.#limiter)
    const request = toCoroutine(body, [this], 'group')
    const task = waiter.task as Task // Every handle is a Task.
    this.#body = task.scheduler.spawn(
      body.name === '' ? { ...request, name: 'group' } : request,
      this.#scope,
      task,
    ) as Task
  }

  get members(): TaskHandle[] {
    return this.#scope.tasks
  }

  /** The scheduler of the task that has yielded the group. */
  readonly scheduler: Runtime

  cancel(): void {
    for (const task of this.#scope.tasks as Task[]) {
      // A task that runs a branch ends with the task that waits for the combination.
      if (task !== this.#body && !runsBranch(task)) task.cancel(task.scheduler.grace)
    }
  }

  spawning(): void {
    if (!this.#ended) return
    throw new Error('spawn: this group has ended; spawn into it while its body or another of its tasks runs')
  }

  failed(error: unknown, task: TaskHandle, known: boolean): void {
    if (!known) addTrace(error, task)
    this.#scope.cancel()
  }

  ended(task: TaskHandle): void {
    this.#limiter?.ended(task)
    if (this.#scope.empty) this.#finish()
  }

  withdraw(): void {
    this.#withdrawn = this.#body?.outcome === undefined ? 'in its body' : 'after its body'
    this.#cut = this.#scope.tasks.some((task) => task !== this.#body)
    this.hasten()
  }

  /** The grace period of the waiter has become shorter. */
  hasten(): void {
    const { grace, leaving } = this.#waiter as Waiter<unknown> // It waits.
    if (leaving) this.#scope.cancel(grace)
    this.#disposal?.hasten(grace)
  }

  #finish(): void {
    this.#ended = true
    const waiter = this.#waiter as Waiter<unknown> // It is answered below.
    const scope = this.#scope
    const body = this.#body
    const outcome = body?.outcome
    const withdrawn = this.#withdrawn
    // A body that had been resumed may return: without its tasks, that is no value of the group.
    const withoutValue = withdrawn === 'after its body' || (this.#cut && outcome?.kind === 'returned')
    const lost = scope.failed || withoutValue
    if (lost && outcome?.kind === 'returned' && !this.#discarded) {
      this.#discard(waiter, outcome.value)
      return
    }
    const error = scope.failed ? scope.error('tasks of a group') : undefined
    const failed = scope.failed
    // A program may keep the group.
    this.#waiter = null
    this.#body = null
    scope.forget()
    if (failed) waiter.throw(error)
    else if (withoutValue) waiter.withdrawn()
    else if (outcome?.kind === 'returned') waiter.resume(outcome.value)
    else if (outcome?.kind === 'threw') waiter.throw(outcome.error)
    else if (withdrawn === 'in its body') waiter.withdrawn()
    else waiter.throw(new KilledError(`${body} was killed, so its group has no value`))
  }

  /** Disposes of the value of the body, which may take time. */
  #discard({ scheduler, grace }: Waiter<unknown>, value: unknown): void {
    this.#discarded = true
    this.#disposal = giveBack(
      scheduler,
      grace,
      () => dispose(value),
      (errors) => {
        for (const error of errors) this.#scope.record(error)
        this.#disposal = undefined
        this.#finish()
      },
    )
  }
}

function runsBranch(task: Task): boolean {
  return [...(task.watchers ?? [])].some(({ branch }) => branch)
}

// biome-ignore lint/suspicious/noExplicitAny: each group has a type of its own.
const GROUP: EventHandler<GroupRequest, RunningGroup, any> = {
  name: 'group',
  describe: ({ body }) => `group(${body.name})`,
  enter: (waiter, request) => new RunningGroup(waiter, request),
  withdraw(_waiter, _body, running) {
    running.withdraw()
    return 'later'
  },
  hasten: (_waiter, _body, running) => running.hasten(),
  discard: (_body, value) => dispose(value),
  on: (request) => request,
  within: (_body, running) => ({ members: running.members }),
}
