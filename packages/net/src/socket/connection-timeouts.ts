/**
 * The timeouts of one connection that belongs to no server, as options of `connect`. They work as
 * those of a server: a check now and then in place of a timer for each wait, never early and at
 * most a quarter late.
 */

import { TimeoutError } from '@bluelet/scheduler'
import type { Timer } from '@bluelet/scheduler/lowlevel'
import type { Connection } from './connection.js'
import type { ConnectionObserver, EndTimes } from './connection-observer.js'

/**
 * Checks within the shorter timeout: a wait is first seen within one period, and failed within
 * another.
 */
const CHECKS_PER_TIMEOUT = 8

/** The timeouts, in milliseconds; `Infinity` means no limit. */
export interface Timeouts {
  /** While a read waits and nothing is transferred in either direction. */
  readonly idle: number
  /** While a send waits and the peer takes nothing. */
  readonly stall: number
  readonly end: EndTimes
}

/** A wait that a check has seen. */
interface Seen {
  /** How many bytes had been transferred by then. */
  readonly bytes: number
  /** When that was. */
  readonly since: number
}

/** Fails the waits of one connection that last too long. */
export class ConnectionTimeouts implements ConnectionObserver {
  readonly #conn: Connection
  readonly #timeouts: Timeouts
  /** Milliseconds between two checks. */
  readonly #period: number
  #timer: Timer | null = null
  #read: Seen | null = null
  #send: Seen | null = null

  constructor(conn: Connection, timeouts: Timeouts) {
    this.#conn = conn
    this.#timeouts = timeouts
    this.#period = Math.min(timeouts.idle, timeouts.stall) / CHECKS_PER_TIMEOUT
  }

  get sweep(): this {
    return this
  }

  get endTimes(): EndTimes {
    return this.#timeouts.end
  }

  /** A read or a send waits. Does nothing if a check is arranged. */
  start(): void {
    if (this.#timer !== null || this.#period === Number.POSITIVE_INFINITY) return
    const { scheduler } = this.#conn
    this.#timer = scheduler.timers.add(scheduler.now() + this.#period, check, this)
  }

  lingers(): void {}

  descriptorClosed(): void {
    if (this.#timer !== null) this.#conn.scheduler.timers.remove(this.#timer)
    this.#timer = null
  }

  /** Looks at both directions once. */
  check(): void {
    this.#timer = null
    const { readHalf, writeHalf, scheduler } = this.#conn
    const { idle, stall } = this.#timeouts
    const now = Math.ceil(scheduler.now())
    const received = readHalf.arrived + (writeHalf?.sent ?? 0)
    this.#read = readHalf.busy ? seen(this.#read, received, now) : null
    this.#send = writeHalf?.waiting ? seen(this.#send, writeHalf.acknowledged, now) : null
    if (this.#read !== null && scheduler.now() - this.#read.since >= idle) {
      this.#read = null
      readHalf.fail(timedOut(readHalf.request, 'nothing arrived', idle, 'idleTimeout'))
    }
    if (writeHalf !== null && this.#send !== null && scheduler.now() - this.#send.since >= stall) {
      this.#send = null
      writeHalf.fail(timedOut(writeHalf.request, 'the peer accepted nothing', stall, 'stallTimeout'))
    }
    if (readHalf.busy || writeHalf?.waiting) this.start()
  }
}

function check(timeouts: ConnectionTimeouts): void {
  timeouts.check()
}

function seen(last: Seen | null, bytes: number, now: number): Seen {
  return last?.bytes === bytes ? last : { bytes, since: now }
}

function timedOut(request: string, reason: string, ms: number, option: string): TimeoutError {
  return new TimeoutError(`${request}: ${reason} within ${ms} ms (the connection's ${option})`)
}
