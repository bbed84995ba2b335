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
import type { Missed } from './stats.js'

/** Once a server ends, a handler to which nothing has come for so long has nothing under way: some round trips. */
const NOTHING_UNDER_WAY_MS = 250

/** How often it looks within the shortest deadline: a wait is first seen within one of these, and ended within another. */
const LOOKS = 8

/** How many bytes had gone out when a writer was first seen to wait, and when that was. */
export interface Stall {
  readonly bytes: number
  readonly since: number
}

/** What was seen of a connection. */
export interface Watched {
  readonly conn: Connection
  /** What the reader waits for; undefined: nothing. */
  awaited: Missed | undefined
  /** How many bytes had gone when that was first seen, and when that was: in whole milliseconds, which take no memory. */
  readBytes: number
  readSince: number
  /** The same of the writer; null while it waits for nothing, as it mostly does. */
  stall: Stall | null
  /** It has waited for too long. */
  missed(deadline: Missed, error: TimeoutError): void
  /** It ends with its server. */
  cancel(): void
}

/** Looks at connections, and ends waits that last too long. */
export class Deadlines {
  readonly #scheduler: Scheduler
  /** All that there are; they may leave while they are looked at. */
  readonly #watched: () => Iterable<Watched>
  #timeouts: Timeouts
  /** How often it looks. */
  #everyMs: number
  /** The server ends. */
  #ending: boolean
  #timer: Timer | null

  constructor(scheduler: Scheduler, timeouts: Timeouts, watched: () => Iterable<Watched>) {
    this.#scheduler = scheduler
    this.#watched = watched
    this.#timeouts = timeouts
    this.#everyMs = periodOf(timeouts)
    this.#ending = false
    this.#timer = null
  }

  /** Somebody waits. */
  begin(): void {
    if (this.#timer === null && this.#everyMs < Number.POSITIVE_INFINITY) this.#arm()
  }

  /** From now on, who waits for a message to begin is ended soon. */
  hasten(): void {
    const { firstByte, idle } = this.#timeouts
    this.#timeouts = {
      ...this.#timeouts,
      firstByte: Math.min(firstByte, NOTHING_UNDER_WAY_MS),
      idle: Math.min(idle, NOTHING_UNDER_WAY_MS),
    }
    this.#everyMs = periodOf(this.#timeouts)
    this.#ending = true
    this.end()
    this.#look()
  }

  end(): void {
    if (this.#timer !== null) this.#scheduler.timers.remove(this.#timer)
    this.#timer = null
  }

  #arm(): void {
    const { timers } = this.#scheduler
    this.#timer = timers.add(this.#scheduler.now() + this.#everyMs, look, this)
  }

  /** @internal */
  looks(): void {
    this.#timer = null
    this.#look()
  }

  #look(): void {
    const now = this.#scheduler.now()
    let waiting = false
    for (const watched of this.#watched()) {
      this.#lookAtReader(watched, now)
      this.#lookAtWriter(watched, now)
      waiting ||= watched.awaited !== undefined || watched.stall !== null
    }
    if (waiting) this.begin()
  }

  #lookAtReader(watched: Watched, now: number): void {
    const { reader, writer } = watched.conn
    const awaited = awaitedBy(reader)
    // A part of a message is nobody's yet, so that it counts for nothing here: a drip does not extend its deadline.
    const bytes = awaited === 'message' ? reader.received : reader.received + (writer?.sent ?? 0)
    if (awaited !== watched.awaited || bytes !== watched.readBytes) {
      watched.awaited = awaited
      watched.readBytes = bytes
      watched.readSince = Math.ceil(now)
    } else if (awaited !== undefined && now - watched.readSince >= this.#timeouts[awaited]) {
      watched.awaited = undefined
      if (this.#ending && awaited !== 'message') watched.cancel()
      else {
        const error = this.#error(reader.request, awaited)
        watched.missed(awaited, error)
        reader.expire(error)
      }
    }
  }

  #lookAtWriter(watched: Watched, now: number): void {
    const { writer } = watched.conn
    const { stall } = watched
    if (!writer?.busy) watched.stall = null
    else if (stall?.bytes !== writer.sent) watched.stall = { bytes: writer.sent, since: now }
    else if (now - stall.since >= this.#timeouts.stall) {
      watched.stall = null
      const error = this.#error(writer.request, 'stall')
      watched.missed('stall', error)
      writer.expire(error)
    }
  }

  #error(request: string, deadline: Missed): TimeoutError {
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

function look(deadlines: Deadlines): void {
  deadlines.looks()
}

function awaitedBy({ busy, partial, received }: Connection['reader']): Missed | undefined {
  if (!busy) return undefined
  if (partial) return 'message'
  return received === 0 ? 'firstByte' : 'idle'
}

function periodOf({ firstByte, idle, message, stall }: Timeouts): number {
  return Math.min(firstByte, idle, message, stall) / LOOKS
}
