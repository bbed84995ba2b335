/**
 * The timeouts of a server's connections.
 *
 * There is no timer for each wait, which would cost every receive. Instead, a sweep looks at all
 * connections from time to time, as long as one of them waits for its client. A wait that the sweep
 * has seen for too long fails. It never fails early, and at most a quarter late.
 */

import { TimeoutError } from '@bluelet/scheduler'
import type { Runtime, Timer } from '@bluelet/scheduler/lowlevel'
import type { Connection } from '../socket/connection.js'
import type { Timeouts } from './options.js'
import type { TimeoutKind } from './stats.js'

/**
 * Once a server ends, a handler that has received nothing for so long has nothing in progress: some
 * round trips.
 */
const DRAIN_IDLE_TIMEOUT = 250

/**
 * Sweeps within the shortest timeout: a wait is first seen within one period, and failed within
 * another.
 */
const SWEEPS_PER_TIMEOUT = 8

/** A send that was in flight in a sweep. */
interface Stall {
  /** How many bytes the client had taken. */
  readonly bytes: number
  /** When the sweep first saw that. */
  readonly since: number
}

/** A connection, and what the last sweep has seen of it. */
export interface SweptConnection {
  readonly conn: Connection
  /** Whether it does nothing but wait for its client. */
  readonly idle: boolean
  /** The timeout of the pending read; undefined if there is none. */
  awaited: TimeoutKind | undefined
  /** How many bytes had been transferred when the sweep first saw that read. */
  readBytes: number
  /** When that was, in whole milliseconds, which take no memory. */
  readSince: number
  /** The client has exceeded a timeout: the read or the send is about to fail. */
  timedOut(kind: TimeoutKind): void
  /** The server ends, and the connection has nothing in progress. */
  cancel(): void
}

/** Looks at connections, and fails waits that last too long. */
export class TimeoutSweep {
  readonly #scheduler: Runtime
  /** All connections. They may leave during a sweep. */
  readonly #connections: () => Iterable<SweptConnection>
  readonly #timeouts: Timeouts
  /** The sends in flight. Few connections have one. */
  readonly #stalls = new WeakMap<SweptConnection, Stall>()
  /** Milliseconds between two sweeps. */
  #period: number
  /** Whether the server is ending. */
  #draining = false
  #timer: Timer | null = null

  constructor(scheduler: Runtime, timeouts: Timeouts, connections: () => Iterable<SweptConnection>) {
    this.#scheduler = scheduler
    this.#connections = connections
    this.#timeouts = timeouts
    this.#period = periodOf(timeouts)
  }

  /** Arranges for a sweep, because a connection waits. Does nothing if one is arranged. */
  start(): void {
    if (this.#timer !== null || this.#period === Number.POSITIVE_INFINITY) return
    const { timers } = this.#scheduler
    this.#timer = timers.add(this.#scheduler.now() + this.#period, sweep, this)
  }

  stop(): void {
    if (this.#timer !== null) this.#scheduler.timers.remove(this.#timer)
    this.#timer = null
  }

  /** From now on, cancels connections soon that wait for a message to begin. */
  startDrain(): void {
    this.#period = Math.min(this.#period, DRAIN_IDLE_TIMEOUT / SWEEPS_PER_TIMEOUT)
    this.#draining = true
    this.stop()
    this.sweep()
  }

  /** Looks at all connections once. */
  sweep(): void {
    this.#timer = null
    const now = this.#scheduler.now()
    let waiting = false
    for (const swept of this.#connections()) {
      this.#checkRead(swept, now)
      this.#checkWrite(swept, now)
      // Also a reader of a session that is not idle: it may become so without another read.
      waiting ||= swept.conn.readHalf.busy || this.#stalls.has(swept)
    }
    if (waiting) this.start()
  }

  #checkRead(swept: SweptConnection, now: number): void {
    const { readHalf, writeHalf } = swept.conn
    let awaited = awaitedBy(readHalf)
    let ending = this.#draining && awaited !== 'message'
    if ((awaited === 'idle' || (ending && awaited !== undefined)) && !swept.idle) {
      if (awaited === 'idle') awaited = undefined
      ending = false
    }
    // A part of a message has not been delivered, so it does not count: slow bytes extend no
    // timeout.
    const bytes = awaited === 'message' ? readHalf.received : readHalf.received + (writeHalf?.sent ?? 0)
    if (awaited !== swept.awaited || bytes !== swept.readBytes) {
      swept.awaited = awaited
      swept.readBytes = bytes
      swept.readSince = Math.ceil(now)
    } else if (awaited !== undefined && now - swept.readSince >= this.#limit(awaited, ending)) {
      swept.awaited = undefined
      if (ending) swept.cancel()
      else {
        swept.timedOut(awaited)
        readHalf.fail(this.#error(readHalf.request, awaited))
      }
    }
  }

  #limit(awaited: TimeoutKind, ending: boolean): number {
    return ending ? Math.min(this.#timeouts[awaited], DRAIN_IDLE_TIMEOUT) : this.#timeouts[awaited]
  }

  #checkWrite(swept: SweptConnection, now: number): void {
    const { writeHalf } = swept.conn
    const stall = this.#stalls.get(swept)
    if (!writeHalf?.waiting) {
      this.#stalls.delete(swept)
      return
    }
    const bytes = writeHalf.acknowledged
    if (stall?.bytes !== bytes) this.#stalls.set(swept, { bytes, since: now })
    else if (now - stall.since >= this.#timeouts.stall) {
      this.#stalls.delete(swept)
      swept.timedOut('stall')
      writeHalf.fail(this.#error(writeHalf.request, 'stall'))
    }
  }

  #error(request: string, kind: TimeoutKind): TimeoutError {
    const reason = {
      firstByte: 'nothing arrived',
      idle: 'nothing arrived',
      message: 'the rest did not arrive',
      stall: 'the client accepted nothing',
    }
    return new TimeoutError(
      `${request}: ${reason[kind]} within ${this.#timeouts[kind]} ms (the server's ${kind}Timeout)`,
    )
  }
}

function sweep(timeoutSweep: TimeoutSweep): void {
  timeoutSweep.sweep()
}

function awaitedBy({ busy, partial, received }: Connection['readHalf']): TimeoutKind | undefined {
  if (!busy) return undefined
  if (partial) return 'message'
  return received === 0 ? 'firstByte' : 'idle'
}

function periodOf({ firstByte, idle, message, stall }: Timeouts): number {
  return Math.min(firstByte, idle, message, stall) / SWEEPS_PER_TIMEOUT
}
