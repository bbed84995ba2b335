/** The event `pause`: a turn for the other tasks. */

import type { Event, EventHandler } from '../core/protocol.js'
import { event } from '../event/event-object.js'

/**
 * Event: moves the task to the end of the queue, so that every other ready task takes a step first.
 * Also exported as `null`.
 *
 * Bluelet: `null()`, during which neither I/O nor sleeping tasks were served. Here a task that only
 * pauses starves no other.
 */
export function pause(): Event<void> {
  return event(PAUSE, undefined)
}

/** Without `enter` it gives its argument, which is undefined, in the task's next step. */
const PAUSE: EventHandler<undefined, undefined, void> = { name: 'pause' }
