/**
 * What a scheduler looked like at one moment of a trace. Types only; `stateAt` in fold.ts makes it.
 */

import type { TaskState } from '../core/task-state.js'
import type { LogEvent, WaitsOn } from './schema.js'

/**
 * What a scheduler looked like after one event of a trace. It is plain data, and does not change.
 */
export interface Picture {
  /** The number of the event. */
  readonly n: number
  /** The time, in milliseconds on the clock of the trace. */
  readonly t: number
  /** The number of the `resume` that began the latest step; null before the first one. */
  readonly step: number | null
  /** The id of the task that runs, or whose event is being entered; null if there is none. */
  readonly running: number | null
  /** The tasks that have not ended, in spawn order. */
  readonly tasks: readonly TaskPicture[]
  /** The tasks that have ended, in the order in which they did. */
  readonly ended: readonly TaskPicture[]
  /**
   * The ids of the tasks that are ready or new, in the order of their next steps. Those that take
   * no step any more come last, in the order in which they became ready.
   */
  readonly ready: readonly number[]
  /** The timers that are known to be set, the earliest first. */
  readonly timers: readonly TimerPicture[]
  /** The listeners, connections, channels and the like that are open, by id. */
  readonly resources: readonly ResourcePicture[]
  /** The packets on the wire, in the order in which they were sent. */
  readonly packets: readonly PacketPicture[]
  /** What the program has printed. */
  readonly log: readonly LogEvent[]
}

/** What a task was doing. */
export interface TaskPicture {
  /** Its id. */
  readonly id: number
  /** Its name; `task` if that is not in the trace. */
  readonly name: string
  /** What it was doing. */
  readonly state: TaskState
  /** The time since which it has been doing that; null if that was before the trace. */
  readonly since: number | null
  /** The number of the event since which it has been doing that; null if that was before. */
  readonly by: number | null
  /** The event that it waits for, as a user would write it: `sleep(10)`; null unless it waits. */
  readonly waitsFor: string | null
  /** The name of that event: `sleep`; null if it does not wait, or the name is not known. */
  readonly op: string | null
  /** What that event waits for; null if it does not wait, or that is not known. */
  readonly on: WaitsOn | null
  /** The id of the task that spawned it; null for a root, and if it is not known. */
  readonly parent: number | null
  /** Where it was spawned, as `function (file:line:column)`. */
  readonly spawnedAt?: string
  /** The coroutines on its stack, outermost first: the one that was spawned, and its callees. */
  readonly frames: readonly FramePicture[]
  /** The library made the task for itself. */
  readonly library: boolean
  /** How its cancellation stands; undefined if it is not being cancelled. */
  readonly cancelled?: CancelPicture
  /** How it ended; undefined until then. */
  readonly outcome?: 'returned' | 'threw' | 'killed'
  /** What it returned or threw, for people, if that was recorded. */
  readonly result?: string
}

/** One coroutine on the stack of a task. */
export interface FramePicture {
  /** Its name, if it is known. */
  readonly name?: string
  /** Where it has yielded last, as `function (file:line:column)`, or `file:line`. */
  readonly at?: string
  /** Its local variables at that place, for people, by name. */
  readonly locals?: Readonly<Record<string, string>>
}

/** How the cancellation of a task stands. */
export interface CancelPicture {
  /** The number of the `cancel` event that began it. */
  readonly by: number
  /** The end of its grace period, in milliseconds on the clock of the trace. */
  readonly until: number
  /**
   * `pending`: the task is going to get `Cancelled`. `delivered`: it has got it, and cleans up.
   * `forced`: the grace period is over, and the task is made to return.
   */
  readonly state: 'pending' | 'delivered' | 'forced'
}

/** A timer that is set. */
export interface TimerPicture {
  /** The time for which it is set, in milliseconds on the clock of the trace. */
  readonly due: number
  /** The id of the task that it is for. */
  readonly co: number
  /** Whether it wakes the task, or ends its grace period. */
  readonly kind: 'wake' | 'grace'
}

/** A listener, a connection, a channel or the like. */
export interface ResourcePicture {
  /** Its id. */
  readonly id: number
  /** What it is, for people: an address, or `Channel`. */
  readonly at?: string
  /** What is known of it. `made`: it was met, and no more is known. */
  readonly state: 'made' | 'listening' | 'connecting' | 'open' | 'failed' | 'closed' | 'reset'
  /** The id of the other end of the connection; null if that is outside of the trace. */
  readonly peer: number | null
  /** The number of bytes that were written to it. */
  readonly written: number
  /** The number of bytes that were read from it. */
  readonly read: number
  /**
   * The number of bytes that were written to it and that the other end has not read yet; null if
   * the other end is outside of the trace.
   */
  readonly inFlight: number | null
  /** This side has sent its last byte. */
  readonly shut: boolean
  /** The other side has, and it was noticed. */
  readonly ended: boolean
}

/** A packet on the wire. */
export interface PacketPicture {
  /** Its id. */
  readonly id: number
  /** The address of the sender. */
  readonly from: string
  /** The address of the receiver. */
  readonly to: string
  /** The number of bytes. */
  readonly bytes: number
  /** When it was sent. */
  readonly sent: number
  /** When it will arrive or be lost; null if that is not in the trace. */
  readonly until: number | null
}
