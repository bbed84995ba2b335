/**
 * The format `bluelet-trace/1`: what a trace consists of. Types only, but for the name.
 *
 * A trace is a list of what happened, in order. Each event has a number `n`, one more than the one
 * before, by which later events refer to it. The text form is in lines.ts.
 */

import type { TaskSnapshot } from '../diagnostics/snapshot.js'

/** The name of the format, in the header of each trace. */
export const SCHEMA = 'bluelet-trace/1'

/** What a scheduler did, as plain data: what `record` makes. */
export interface Trace {
  /** What is true for the whole trace. */
  readonly header: TraceHeader
  /** What happened, in order. */
  readonly events: readonly TraceEvent[]
}

/** What is true for a whole trace. */
export interface TraceHeader {
  /** The format and its version. */
  readonly schema: typeof SCHEMA
  /** Whose time the events have: that of a virtual world, from 0, or that of the machine. */
  readonly clock: 'virtual' | 'real'
  /** The unit of each time. */
  readonly unit: 'ms'
  /** The number of older events that were dropped, since a recording has a limit. */
  readonly dropped: number
  /** The seed of the world's random choices. */
  readonly seed?: number
  /** The choices of the schedule, as in `replaySchedule`. */
  readonly schedule?: string
  /** The source files by their names, for a viewer. */
  readonly sources?: Readonly<Record<string, string>>
  /** The tasks that were there before the first event. */
  readonly begin?: readonly TaskSnapshot[]
  /** What was typed into the program from outside, and when. */
  readonly inputs?: readonly TraceInput[]
}

/** Something that is typed into a program at a virtual time. */
export interface TraceInput {
  /** The virtual time, in milliseconds. */
  readonly t: number
  /** The name of the terminal. */
  readonly id: string
  /** What is typed. */
  readonly data: string
}

/** One thing that happened. */
export type TraceEvent =
  | SpawnEvent
  | ResumeEvent
  | YieldEvent
  | CallEvent
  | ReturnEvent
  | ParkEvent
  | WakeEvent
  | CancelEvent
  | ExitEvent
  | IoEvent
  | ResourceEvent
  | PacketEvent
  | LogEvent
  | InputEvent
  | WarnEvent

/** What every event has. */
export interface TraceEventBase {
  /** The number of the event; it rises by 1. */
  readonly n: number
  /** When it happened, in milliseconds on the clock of the header. */
  readonly t: number
}

/** A task was spawned. */
export interface SpawnEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'spawn'
  /** The id of the new task. */
  readonly co: number
  /** The name of the new task. */
  readonly name: string
  /** The id of the task that spawned it; null for a root, and for a spawn from outside. */
  readonly parent: number | null
  /** The number of the `resume` that began the step in which it was spawned. */
  readonly by: number | null
  /** Where it was spawned, as `function (file:line:column)`. */
  readonly at?: string
  /** The library made the task for itself. */
  readonly library?: true
}

/** A task began a step, or continued because the answer to its yield was there. */
export interface ResumeEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'resume'
  /** The id of the task. */
  readonly co: number
  /** How its coroutine was entered. */
  readonly how: 'value' | 'error' | 'return'
  /**
   * The number of the event that is the reason: its spawn, its wake, its yield if that was answered
   * at once, or the `call` or `return` of a callee. Null if that was before the recording.
   */
  readonly because: number | null
  /**
   * The number of the latest `read` whose bytes it was given at once; it is the reason before
   * `because`.
   */
  readonly io?: number
  /** What the coroutine was entered with, for people. */
  readonly value?: string
}

/** A task yielded. */
export interface YieldEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'yield'
  /** The id of the task. */
  readonly co: number
  /** The event, as a user would write it: `sleep(10)`. */
  readonly ev: string
  /** The name of the event: `sleep`. */
  readonly op: string
  /** What it waits for. */
  readonly on?: WaitsOn
  /** Where it was yielded, as `function (file:line:column)`, or `file:line`. */
  readonly at?: string
  /** The local variables at that place, for people, by name. */
  readonly locals?: Readonly<Record<string, string>>
}

/** What an event waits for. */
export interface WaitsOn {
  /** The ids of tasks. */
  readonly tasks?: readonly number[]
  /** The id of a connection, a listener, a channel or the like. */
  readonly res?: number
}

/** A task yielded a coroutine, which runs in its place. */
export interface CallEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'call'
  /** The id of the task. */
  readonly co: number
  /** The name of the coroutine, if it is known. */
  readonly name?: string
}

/** A called coroutine ended; its caller continues. */
export interface ReturnEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'return'
  /** The id of the task. */
  readonly co: number
  /** How the caller will be entered. */
  readonly how: 'value' | 'error' | 'return'
  /** What the coroutine gave, for people. */
  readonly value?: string
}

/** What a task yielded was not answered at once: the task waits. */
export interface ParkEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'park'
  /** The id of the task. */
  readonly co: number
}

/** A waiting task was made ready. */
export interface WakeEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'wake'
  /** The id of the task. */
  readonly co: number
  /** What did it: a task, a timer, a socket, or something outside. */
  readonly by: TraceCause
}

/** A task began to be cancelled, or its grace period became shorter. */
export interface CancelEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'cancel'
  /** The id of the task. */
  readonly co: number
  /** What did it: a task, a timer, a socket, or something outside. */
  readonly by: TraceCause
  /** The milliseconds that its clean-up may take. */
  readonly grace: number
}

/** A task ended. */
export interface ExitEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'exit'
  /** The id of the task. */
  readonly co: number
  /** How it ended. */
  readonly outcome: 'returned' | 'threw' | 'killed'
  /** What it returned, for people. */
  readonly value?: string
  /** What it threw, for people. */
  readonly error?: string
}

/** What woke or cancelled a task. */
export type TraceCause = TaskCause | TimerCause | IoCause | ExternalCause

/** A task did it, in its step. */
export interface TaskCause {
  /** What kind of cause it is. */
  readonly kind: 'task'
  /** The id of the task. */
  readonly co: number
  /** The number of the `resume` that began its step; null if that was before the recording. */
  readonly step: number | null
}

/** A timer expired. */
export interface TimerCause {
  /** What kind of cause it is. */
  readonly kind: 'timer'
  /** The time for which it was set. */
  readonly due: number
}

/** Something happened to a socket. */
export interface IoCause {
  /** What kind of cause it is. */
  readonly kind: 'io'
  /** The id of the socket. */
  readonly res: number
  /** What happened to it. `writable`: it takes bytes again; `closed`: its descriptor is free. */
  readonly op: 'read' | 'accept' | 'connected' | 'end' | 'failed' | 'writable' | 'closed'
  /** The number of bytes that were read. */
  readonly bytes: number
  /** The number of the `io` event; null if there was none, or before the recording. */
  readonly io: number | null
}

/** Something else outside the scheduler did it. */
export interface ExternalCause {
  /** What kind of cause it is. */
  readonly kind: 'external'
  /** What it was: `promise`, `callback`, `outside` ... */
  readonly source: string
}

/** Bytes, connections and ends of streams. */
export interface IoEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'io'
  /** The id of the socket. */
  readonly res: number
  /**
   * `accept`: a listener gave a connection, `made`. `end`: the peer has sent its last byte.
   * `shutdown`: this side has.
   */
  readonly op: 'read' | 'write' | 'accept' | 'connected' | 'end' | 'shutdown' | 'failed'
  /** The number of bytes that were read or written. */
  readonly bytes?: number
  /** The bytes, or the error, for people. */
  readonly value?: string
  /** The id of the connection that was accepted. */
  readonly made?: number
  /**
   * The number of the event that is the origin: of a read the write, of an end the shutdown or the
   * close, of an accept the connect. Null if it was outside of what was recorded.
   */
  readonly cause: number | null
  /** The number of the `resume` that began the step in which it happened; null between steps. */
  readonly step: number | null
}

/** A socket, a channel or the like began or ended. */
export interface ResourceEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'res'
  /** The id of the resource. */
  readonly res: number
  /** `made`: it was met for the first time. */
  readonly op: 'made' | 'listen' | 'connect' | 'close' | 'reset'
  /** What it is, for people: an address, or `Channel`. */
  readonly at?: string
  /** The number of the `resume` that began the step in which it happened; null between steps. */
  readonly step: number | null
}

/** A packet of a simulated network. */
export interface PacketEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'packet'
  /** The id of the packet. */
  readonly id: number
  /** The address of the sender. */
  readonly from: string
  /** The address of the receiver. */
  readonly to: string
  /** The number of bytes. */
  readonly bytes: number
  /** What happened to it. */
  readonly op: 'sent' | 'arrived' | 'lost'
}

/** The program printed a line. */
export interface LogEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'log'
  /** What was printed. */
  readonly text: string
  /** The id of the task in whose step it was printed; null between steps. */
  readonly co: number | null
}

/** Something was typed into the program from outside. */
export interface InputEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'input'
  /** The name of the terminal. */
  readonly id: string
  /** What was typed. */
  readonly data: string
}

/** Something looks wrong. */
export interface WarnEvent extends TraceEventBase {
  /** What happened. */
  readonly e: 'warn'
  /** The name of the rule. */
  readonly rule: string
  /** The id of the task that it is about; null if it is about none. */
  readonly co: number | null
  /** What looks wrong, and what to do. */
  readonly msg: string
}
