/**
 * The deadlines of a server's connections.
 *
 * No timer for each wait: that would cost every receive. Now and then all connections are looked at, while there is one that
 * waits for its peer; one that has been seen in the same wait for too long has missed its deadline. It is never early, and
 * late by a quarter at the most.
 */

import { type Scheduler, TimeoutError } from '@bluelet/scheduler'
import type { Timer } from '@bluelet/scheduler/lowlevel'
import type { Connection } from '../socket/connection.js'
import type { Timeouts } from './limits.js'
import type { TimeoutKind } from './stats.js'

/** Once a server ends, a handler to which nothing has come for so long has nothing under way: some round trips. */
const DRAIN_IDLE_TIMEOUT = 250

/** How often it looks within the shortest deadline: a wait is first seen within one of these, and ended within another. */
const SWEEPS_PER_TIMEOUT = 8

/** How many bytes had gone out when a writer was first seen to wait, and when that was. */
export interface Stall {
  readonly bytes: number
  readonly since: number
}

/** What was seen of a connection. */
export interface SweptConnection {
  readonly conn: Connection
  /** What the reader waits for; undefined: nothing. */
  awaited: TimeoutKind | undefined
  /** How many bytes had gone when that was first seen, and when that was: in whole milliseconds, which take no memory. */
  readBytes: number
  readSince: number
  /** The same of the writer; null while it waits for nothing, as it mostly does. */
  stall: Stall | null
  /** It has waited for too long. */
  missed(deadline: TimeoutKind, error: TimeoutError): void
  /** It ends with its server. */
  cancel(): void
}

/** Looks at connections, and ends waits that last too long. */
export class TimeoutSweep {
  readonly #scheduler: Scheduler
  /** All that there are; they may leave while they are looked at. */
  readonly #swept: () => Iterable<SweptConnection>
  #timeouts: Timeouts
  /** How often it looks. */
  #period: number
  /** The server ends. */
  #draining: boolean
  #timer: Timer | null

  constructor(scheduler: Scheduler, timeouts: Timeouts, swept: () => Iterable<SweptConnection>) {
    this.#scheduler = scheduler
    this.#swept = swept
    this.#timeouts = timeouts
    this.#period = periodOf(timeouts)
    this.#draining = false
    this.#timer = null
  }

  /** Somebody waits. */
  start(): void {
    if (this.#timer === null && this.#period < Number.POSITIVE_INFINITY) this.#arm()
  }

  /** From now on, who waits for a message to begin is ended soon. */
  startDrain(): void {
    const { firstByte, idle } = this.#timeouts
    this.#timeouts = {
      ...this.#timeouts,
      firstByte: Math.min(firstByte, DRAIN_IDLE_TIMEOUT),
      idle: Math.min(idle, DRAIN_IDLE_TIMEOUT),
    }
    this.#period = periodOf(this.#timeouts)
    this.#draining = true
    this.stop()
    this.#sweep()
  }

  stop(): void {
    if (this.#timer !== null) this.#scheduler.timers.remove(this.#timer)
    this.#timer = null
  }

  #arm(): void {
    const { timers } = this.#scheduler
    this.#timer = timers.add(this.#scheduler.now() + this.#period, sweep, this)
  }

  /** @internal */
  run(): void {
    this.#timer = null
    this.#sweep()
  }

  #sweep(): void {
    const now = this.#scheduler.now()
    let waiting = false
    for (const swept of this.#swept()) {
      this.#checkRead(swept, now)
      this.#checkWrite(swept, now)
      waiting ||= swept.awaited !== undefined || swept.stall !== null
    }
    if (waiting) this.start()
  }

  #checkRead(swept: SweptConnection, now: number): void {
    const { reader, writer } = swept.conn
    const awaited = awaitedBy(reader)
    // A part of a message is nobody's yet, so that it counts for nothing here: a drip does not extend its deadline.
    const bytes = awaited === 'message' ? reader.received : reader.received + (writer?.sent ?? 0)
    if (awaited !== swept.awaited || bytes !== swept.readBytes) {
      swept.awaited = awaited
      swept.readBytes = bytes
      swept.readSince = Math.ceil(now)
    } else if (awaited !== undefined && now - swept.readSince >= this.#timeouts[awaited]) {
      swept.awaited = undefined
      if (this.#draining && awaited !== 'message') swept.cancel()
      else {
        const error = this.#error(reader.request, awaited)
        swept.missed(awaited, error)
        reader.expire(error)
      }
    }
  }

  #checkWrite(swept: SweptConnection, now: number): void {
    const { writer } = swept.conn
    const { stall } = swept
    if (!writer?.busy) swept.stall = null
    else if (stall?.bytes !== writer.sent) swept.stall = { bytes: writer.sent, since: now }
    else if (now - stall.since >= this.#timeouts.stall) {
      swept.stall = null
      const error = this.#error(writer.request, 'stall')
      swept.missed('stall', error)
      writer.expire(error)
    }
  }

  #error(request: string, deadline: TimeoutKind): TimeoutError {
    const why = {
      firstByte: 'nothing came',
      idle: 'nothing came',
      message: 'the rest did not come',
      stall: 'nothing was taken',
    }
    return new TimeoutError(
      `${request}: ${why[deadline]} within ${this.#timeouts[deadline]} ms (the server's ${deadline}Timeout)`,
    )
  }
}

function sweep(timeoutSweep: TimeoutSweep): void {
  timeoutSweep.run()
}

function awaitedBy({ busy, partial, received }: Connection['reader']): TimeoutKind | undefined {
  if (!busy) return undefined
  if (partial) return 'message'
  return received === 0 ? 'firstByte' : 'idle'
}

function periodOf({ firstByte, idle, message, stall }: Timeouts): number {
  return Math.min(firstByte, idle, message, stall) / SWEEPS_PER_TIMEOUT
}
