/** Event: lets the others go first. */

import type { Event, EventHandler } from '../core/protocol.js'
import { event } from '../event/event-object.js'

/**
 * Event: goes to the end of the queue, so that every other task that is ready takes a step first. Also exported as
 * `null`.
 *
 * Bluelet: `null()`, which let no I/O and no sleeper in; here a task that only pauses starves nobody.
 */
export function pause(): Event<void> {
  return event(PAUSE, undefined)
}

/** It gives its argument, which is nothing, at once: that is, in its next turn. */
const PAUSE: EventHandler<undefined, undefined, void> = { name: 'pause' }
