// Servers that are told to end.
import type { Connection, ServerOptions } from '@bluelet/net'
import type { Simulation } from '@bluelet/net/testing'
import { type Coroutine, join, type Task } from '@bluelet/scheduler'
import { type Served, serve } from '../serving.js'

/** A client's next message is waited for so long while the server ends, and so much longer at the most. */
export const IDLE_MS = 250

export const LATE_MS = 63

/** A server that an AbortController ends. */
export function* ending(
  handler: (conn: Connection) => Coroutine<unknown>,
  options: ServerOptions = {},
): Coroutine<Served & { controller: AbortController }> {
  const controller = new AbortController()
  const served = yield* serve(handler, { signal: controller.signal, ...options })
  return { ...served, controller }
}

/** Waits for a task; gives how long that took. */
export function* timeTo(world: Simulation, task: Task): Coroutine<number> {
  const begin = world.now()
  yield* join(task)
  return world.now() - begin
}
