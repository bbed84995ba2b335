/**
 * What a task yielded, as a trace says it.
 */

import { inspect, nameOf } from '../check.js'
import type { EventHandler, Request } from '../core/protocol.js'
import { Task } from '../core/task.js'
import { CALL, requestOf } from '../core/yieldable.js'
import { describeEvent } from '../diagnostics/snapshot.js'

/** The name of what may not be yielded. */
export const INVALID = 'invalid'

/** What was yielded, as a request; undefined if it is none. */
export function requestIn(yielded: unknown): Request | undefined {
  if ((yielded as Partial<Request> | null | undefined)?.$handler !== undefined) return yielded as Request
  try {
    return requestOf(yielded)
  } catch {
    return undefined
  }
}

/** The latest request of a task whose text is known. */
interface LatestRequest {
  handler: EventHandler | null
  argument: unknown
  text: string
}

/**
 * The yield as a user would write it. A loop yields the same again and again: its text is made
 * once, unless the argument is an object, which may have changed.
 */
export function shownRequest(latest: LatestRequest, request: Request | undefined, yielded: unknown): string {
  if (request === undefined) return inspect(yielded)
  const { $handler: handler, $argument: argument } = request
  if (latest.handler === handler && latest.argument === argument) return latest.text
  const text = describeEvent(handler, argument)
  if (typeof argument !== 'object' && typeof argument !== 'function') {
    latest.handler = handler
    latest.argument = argument
    latest.text = text
  }
  return text
}

/** The name of the function that a request calls, if it is known. */
export function calleeOf(request: Request | undefined): string | undefined {
  if (request?.$handler !== CALL || typeof request.$argument !== 'function') return undefined
  return request.$argument.name
}

/** The ids of the tasks among what a request waits for; undefined if there are none. */
export function tasksIn(on: object | readonly object[]): readonly number[] | undefined {
  if (on instanceof Task) return [on.id]
  if (!Array.isArray(on)) return undefined
  const tasks = on.filter((target): target is Task => target instanceof Task)
  return tasks.length === 0 ? undefined : tasks.map(({ id }) => id)
}

/** What a resource is, for people: its class, or the event that waits for it. */
export function labelOf(resource: object, request: Request | undefined): string {
  const event = request?.$handler.name ?? 'resource'
  const name = nameOf(resource.constructor, event)
  return name === 'Object' ? event : name
}
