/** The event `spawn`: a new task. */

import { inspect } from '../check.js'
import { type CoroutineSource, toCoroutine } from '../core/coroutine.js'
import type { Coroutine, Event, EventHandler, Supervisor, TaskHandle } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { event } from '../event/event-object.js'
import type { SpawnOptions } from '../loop/options.js'

/** The type of {@link spawn}: it can be called as it is, and with options by `spawn.with`. */
export interface Spawn {
  /**
   * Event: starts a task that runs beside this one, and gives the task. The spawner continues
   * first. The task takes its first step in its turn, and outlives its spawner.
   *
   * @param coroutine a coroutine that has not run yet
   */
  <T>(coroutine: Coroutine<T>): Event<Task<T>>
  /**
   * Event: the same for a function that makes the coroutine, each time the event is yielded. The
   * task has its name.
   *
   * @param makes the function
   * @param args its arguments
   */
  <A extends unknown[], T>(makes: (...args: A) => Coroutine<T>, ...args: A): Event<Task<T>>
  /**
   * Event: the same with options.
   *
   * @param options such as the task's name
   */
  with<T>(options: SpawnOptions, coroutine: Coroutine<T>): Event<Task<T>>
  /**
   * Event: the same for a function, with options.
   *
   * @param options such as the task's name
   * @param makes makes the coroutine
   * @param args its arguments
   */
  with<A extends unknown[], T>(
    options: SpawnOptions,
    makes: (...args: A) => Coroutine<T>,
    ...args: A
  ): Event<Task<T>>
}

/**
 * Event: starts a task that runs beside this one, and gives the {@link Task}; see {@link Spawn}.
 *
 * An error that the task throws goes to the tasks that are joining it. If there are none, it goes
 * to the supervisor that the task has from its spawner: the run, a group, or a connection's
 * session.
 *
 * In async code `await spawn(f)` gives the task at once. Its run continues until the task has
 * ended, and an error that nothing has joined by then is an unhandled rejection.
 *
 * Bluelet: gives None, and the generator itself is the handle. Here `join` and `kill` take the
 * generator, too.
 *
 * @example
 * const task = yield* spawn(echoer, conn)
 * yield* join(task)
 */
export const spawn: Spawn = /* @__PURE__ */ spawnUnder(null) // Bundlers may drop it.

/**
 * Creates a `spawn` whose tasks have a given supervisor.
 *
 * @param supervisor receives their errors; null for the spawner's
 */
export function spawnUnder(supervisor: Supervisor | null): Spawn {
  return spawnThrough(supervisor, null)
}

/** Decides when the tasks of a `spawn` begin. */
export interface Gate {
  /** Whether a new task may begin now. If not, the gate makes it ready later. */
  admit(task: TaskHandle): boolean
}

/** Creates a `spawn` whose tasks have a given supervisor, and begin when a gate admits them. */
export function spawnThrough(supervisor: Supervisor | null, gate: Gate | null): Spawn {
  return Object.assign(
    <T>(source: CoroutineSource, ...args: unknown[]): Event<Task<T>> =>
      spawnEvent({}, source, args, supervisor, gate),
    {
      with: <T>(options: SpawnOptions, source: CoroutineSource, ...args: unknown[]): Event<Task<T>> =>
        spawnEvent(options, source, args, supervisor, gate),
    },
  )
}

interface SpawnArgument {
  readonly name: string | undefined
  readonly source: CoroutineSource
  readonly args: readonly unknown[]
  readonly supervisor: Supervisor | null
  readonly gate: Gate | null
}

function spawnEvent<T>(
  options: SpawnOptions,
  source: CoroutineSource,
  args: readonly unknown[],
  supervisor: Supervisor | null,
  gate: Gate | null,
): Event<Task<T>> {
  if (typeof source !== 'function') toCoroutine(source, args, 'spawn')
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `spawn.with(options, ...): expected an object such as { name }, got ${inspect(options)}`,
    )
  }
  const { name } = options
  if (name !== undefined && typeof name !== 'string') {
    throw new TypeError(`spawn.with({ name }): expected a string, got ${inspect(name)}`)
  }
  return event(SPAWN, { name, source, args, supervisor, gate }) as Event<Task<T>> // The source returns a T.
}

const SPAWN: EventHandler<SpawnArgument, void, Task> = {
  name: 'spawn',
  describe: ({ source }) => `spawn(${typeof source === 'function' ? source.name : ''})`,
  enter(waiter, { name, source, args, supervisor, gate }) {
    const request = toCoroutine(source, args, 'spawn')
    const spawner = waiter.task as Task // Every handle is a Task.
    const { scheduler } = spawner
    const task = scheduler.makeTask(
      name === undefined ? request : { ...request, name },
      supervisor ?? spawner.supervisor,
      spawner,
    )
    // The spawner continues first, so that it is made ready before the task is.
    waiter.resume(task as Task) // Every handle is a Task.
    if (gate === null || gate.admit(task)) scheduler.ready(task)
  },
  withdraw() {},
}
