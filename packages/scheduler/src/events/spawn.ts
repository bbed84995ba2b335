/** Event: starts a task. */

import { begin, inspect, type Startable } from '../core/coroutine.js'
import type { Coroutine, Event, EventHandler, Supervisor } from '../core/protocol.js'
import type { Task } from '../core/task.js'
import { event } from '../event/event-object.js'
import type { SpawnOptions } from '../loop/options.js'

/** What {@link spawn} is: callable as it is, and with options by `spawn.with`. */
export interface Spawn {
  /**
   * Event: starts a task that runs beside this one, and gives the task. The spawner goes on first; the task takes its
   * first step in its turn, and outlives its spawner.
   *
   * @param coroutine a coroutine, which has not run yet
   */
  <T>(coroutine: Coroutine<T>): Event<Task<T>>
  /**
   * Event: the same, of a function that makes the coroutine, each time the event is yielded; the task has its name.
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
   * Event: the same, of a function.
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
 * An error that the task throws goes to whoever waits in `join` for it; if nobody does, to the supervisor that it has from
 * its spawner: the run, a group, or a connection's handler.
 *
 * Bluelet: gives None; the generator itself is the handle, which `join` and `kill` take here too.
 *
 * @example
 * const task = yield* spawn(echoer, conn)
 * yield* join(task)
 */
export const spawn: Spawn = /* @__PURE__ */ spawnUnder(null) // Bundlers may drop it.

/**
 * A `spawn` whose tasks have a supervisor of its own choosing.
 *
 * @param supervisor who hears of their errors; null for the spawner's
 */
export function spawnUnder(supervisor: Supervisor | null): Spawn {
  return Object.assign(
    <T>(target: Startable, ...args: unknown[]): Event<Task<T>> => spawning({}, target, args, supervisor),
    {
      with: <T>(options: SpawnOptions, target: Startable, ...args: unknown[]): Event<Task<T>> =>
        spawning(options, target, args, supervisor),
    },
  )
}

interface Order {
  readonly name: string | undefined
  readonly target: Startable
  readonly args: readonly unknown[]
  readonly supervisor: Supervisor | null
}

function spawning<T>(
  options: SpawnOptions,
  target: Startable,
  args: readonly unknown[],
  supervisor: Supervisor | null,
): Event<Task<T>> {
  if (typeof target !== 'function') begin(target, args, 'spawn')
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `spawn.with(options, ...): expected an object such as { name }, got ${inspect(options)}`,
    )
  }
  const { name } = options
  if (name !== undefined && typeof name !== 'string') {
    throw new TypeError(`spawn.with({ name }): expected a string, got ${inspect(name)}`)
  }
  return event(SPAWN, { name, target, args, supervisor }) as Event<Task<T>> // What the target returns is a T.
}

const SPAWN: EventHandler<Order, void, Task> = {
  name: 'spawn',
  describe: ({ target }) => `spawn(${typeof target === 'function' ? target.name : ''})`,
  enter(waiter, { name, target, args, supervisor }) {
    const start = begin(target, args, 'spawn')
    const spawner = waiter.task
    const { scheduler } = spawner
    // The spawner goes on first: it is made ready before the task is.
    const task = scheduler.makeTask(
      name === undefined ? start : { ...start, name },
      supervisor ?? spawner.supervisor,
      spawner,
    )
    waiter.resume(task)
    scheduler.ready(task)
  },
  withdraw() {},
}
