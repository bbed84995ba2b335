// Servers that shut down, and how long that takes.
import type { Connection, ServerOptions } from '@bluelet/net'
import type { Simulation } from '@bluelet/net/testing'
import { type Coroutine, join, type Task } from '@bluelet/scheduler'
import { type Served, serve } from '../serving.js'

/** How long a shutdown waits for a client's next message. */
export const IDLE_MS = 250

/** How much later than that it may notice. */
export const LATE_MS = 63

/** Starts a server that an AbortController ends. */
export function* ending(
  handler: (conn: Connection) => Coroutine<unknown>,
  options: ServerOptions = {},
): Coroutine<Served & { controller: AbortController }> {
  const controller = new AbortController()
  const served = yield* serve(handler, { signal: controller.signal, ...options })
  return { ...served, controller }
}

/** Waits for a task; gives how many milliseconds that took. */
export function* timeTo(world: Simulation, task: Task): Coroutine<number> {
  const begin = world.now()
  yield* join(task)
  return world.now() - begin
}
