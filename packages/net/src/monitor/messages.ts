/**
 * What the thread of the monitor and the monitored thread say to each other.
 */

import type { ConnectTarget } from '../driver/endpoint.js'

/** What the thread of the monitor begins with. */
export interface Beginning {
  /** Where to listen. */
  readonly target: ConnectTarget
  /** Whether locals are shown and tasks can be cancelled. */
  readonly control: boolean
  /** See counters.ts. */
  readonly counters: Float64Array
  /** `performance.timeOrigin` of the monitored thread. */
  readonly origin: number
  /** The expression by which the inspector reaches a {@link Reachable}; null in other threads. */
  readonly reachable: string | null
}

/** What the inspector calls in the monitored thread. Both only read. */
export interface Reachable {
  /** As `answer` in commands.ts. */
  answer(command: string): string
  /** As `coroutinePairs` in answers.ts. */
  coroutinePairs(argument: string): unknown[]
}

/** The monitored thread is given a command. */
export interface Question {
  readonly kind: 'question'
  /** The answer has the same. */
  readonly id: number
  readonly command: string
}

/** The command that gives a recording for a browser. */
export const LIVE = 'live'

/** The thread of the monitor listens, or cannot. */
export type Listening =
  | { readonly kind: 'listening'; readonly address: string; readonly file: SocketFileId | null }
  | { readonly kind: 'failed'; readonly error: Error }

/** Which file a socket has, so that it is removed only if it is still that one. */
export interface SocketFileId {
  readonly path: string
  readonly dev: number
  readonly ino: number
}

/** A part of an answer; the last one, unless there is more. */
export interface Answer {
  readonly kind: 'answer'
  readonly id: number
  readonly text: string
  readonly more: boolean
}

/** What the thread of the monitor is told. */
export type ToMonitor = Answer | { readonly kind: 'close' }

/** What the monitored thread is told. */
export type ToMonitored = Question | Listening
