/**
 * The end of a session, as far as it is known. It is made when the session begins to end, so that
 * an idle session does without.
 */

import type { CloseReason } from './handler.js'
import type { TimeoutKind } from './stats.js'

/** What happens to a session from the first cause of its end on. */
export class SessionEnd {
  /** The first cause; null while it is not known. */
  reason: CloseReason | null = null
  /** Whether the handler and all tasks that it has spawned have ended. */
  tasksEnded = false
  /** Whether the connection discards input until its client has ended its side. */
  lingering = false
  /** The last timeout that the client exceeded. */
  missed: TimeoutKind | undefined = undefined
  /** Whether the connection was reset because of a stall, which has been counted. */
  stalled = false
  /** How many bytes had been sent when the session was cancelled; undefined if it was not. */
  sentBeforeCancel: number | undefined = undefined
  /** How the client has disconnected, if that has cancelled the handler. */
  disconnected: 'reset' | 'end' | null = null
}
