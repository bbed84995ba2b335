/**
 * A session: one connection of a server, its handler, and the tasks that the handler has spawned.
 * It supervises those tasks; it knows nothing of other sessions.
 */

import { ClosedError, type Coroutine, type Task, TimeoutError } from '@bluelet/scheduler'
import {
  abortedWithin,
  addTrace,
  everyWait,
  type ScopeOwner,
  type TaskHandle,
  TaskScope,
  type Timer,
} from '@bluelet/scheduler/lowlevel'
import { IncompleteReadError, LimitError } from '../errors.js'
import type { Connection } from '../socket/connection.js'
import type { ConnectionObserver, EndTimes } from '../socket/connection-observer.js'
import { Relaying } from '../socket/relay.js'
import { hasThrown } from '../socket/thrown.js'
import type { CloseReason, Handler, Session as PublicSession } from './handler.js'
import type { Limits } from './options.js'
import { SessionEnd } from './session-end.js'
import type { EndReason, TimeoutKind } from './stats.js'
import type { SweptConnection, TimeoutSweep } from './timeout-sweep.js'

/** What a session belongs to. */
export interface SessionOwner {
  readonly limits: Pick<Limits, 'cancelOnDisconnect' | 'endTimes' | 'idle' | 'maxAge' | 'onFailure'>
  /** Whether the server has begun to end. */
  readonly ending: boolean
  /** Watches over the session's waits. */
  readonly sweep: TimeoutSweep
  /**
   * How long the clean-up of a cancelled task may take, in milliseconds; undefined: as long as the
   * run says.
   */
  readonly cleanUpMs: number | undefined
  /** The session's client has exceeded a timeout. */
  timedOut(session: Session, kind: TimeoutKind): void
  /** The session ends because of an error of its own connection. */
  endedQuietly(session: Session, reason: EndReason): void
  /** A task has failed, and not by an error of the session's own connection. */
  failed(error: unknown, session: Session, task: Task): void
  /** All tasks have ended. */
  tasksEnded(): void
  /** All tasks have ended, and the connection lingers. */
  lingers(session: Session): void
  /** All tasks have ended and the descriptor is free. */
  finished(session: Session): void
}

/** Supervises the handler of one connection and the tasks that it spawned. */
export class Session implements PublicSession, ScopeOwner, ConnectionObserver, SweptConnection {
  readonly id: number
  readonly since: number
  readonly conn: Connection
  /** The neighbours in the owner's list. */
  older: Session | null = null
  newer: Session | null = null
  // What the last sweep has seen.
  awaited: TimeoutKind | undefined = undefined
  readBytes = 0
  readSince = 0
  readonly #owner: SessionOwner
  /** Supervises the handler's task and those that it spawns. */
  readonly #scope = new TaskScope(this)
  /** The handler's task; null before it is spawned. */
  #main: TaskHandle | null = null
  /** Null while the session has not begun to end. */
  #end: SessionEnd | null = null
  /** Made when it is first needed. */
  #controller: AbortController | null = null
  /** The timer of `maxAge`. */
  #ageTimer: Timer | null = null

  constructor(id: number, conn: Connection, owner: SessionOwner) {
    this.id = id
    this.since = conn.scheduler.now()
    this.conn = conn
    this.#owner = owner
  }

  get sweep(): TimeoutSweep {
    return this.#owner.sweep
  }

  /** How the session ends, as far as it is known; null while it has not begun to end. */
  get closeReason(): CloseReason | null {
    return this.#end?.reason ?? null
  }

  get bytesRead(): number {
    return this.conn.readHalf.received
  }

  get bytesWritten(): number {
    return this.conn.writeHalf?.sent ?? 0
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      abortedWithin(this.#controller.signal)
      if (this.#owner.ending) this.#controller.abort()
    }
    return this.#controller.signal
  }

  /**
   * Whether the session does nothing but wait for its client: each of its tasks does, one of them
   * in a read. Waiting for the end of the server or of the connection is no work.
   */
  get idle(): boolean {
    if (this.#owner.limits.idle === 'reader') return true
    const { conn } = this
    const signal = this.#controller?.signal
    let reads = false
    const waits = everyWait(this.#scope, (handler: object, argument, entered) => {
      const read = handler === conn.readHalf || (entered instanceof Relaying && entered.waitsFor(conn))
      if (!read)
        return (
          handler === conn.writeHalf ||
          conn.endsBy(handler) ||
          (argument !== undefined && argument === signal)
        )
      reads = true
      return true
    })
    const streams = conn.readHalf.owner !== null && conn.readHalf.busy && conn.unsent === 0
    return waits && (reads || streams)
  }

  /** The server begins to end. */
  announceEnd(): void {
    this.#controller?.abort()
  }

  /** Spawns the handler. */
  start(handler: Handler): void {
    const { conn } = this
    conn.observer = this
    const { scheduler } = conn
    const { maxAge, cancelOnDisconnect } = this.#owner.limits
    if (maxAge !== Number.POSITIVE_INFINITY)
      this.#ageTimer = scheduler.timers.add(scheduler.now() + maxAge, expire, this)
    try {
      const main = conn.socket.tls === undefined ? handler : afterHandshake(handler)
      this.#main = scheduler.spawnUnder(this.#scope, main, conn, this as PublicSession)
    } catch (error) {
      // The handler threw before it returned a coroutine, or returned something else.
      this.#main = scheduler.spawnUnder(this.#scope, failing, error)
    }
    if (cancelOnDisconnect !== undefined) {
      // A read that is about to fail comes first.
      conn.onGone(cancelOnDisconnect === 'end', (why) =>
        scheduler.host.soon(() => this.#cancelDisconnected(why)),
      )
    }
  }

  /** Cancels the handler, because the session has exceeded `maxAge`. */
  expire(): void {
    this.#ageTimer = null
    if (this.#scope.cancelling) return
    this.#reachEnd().reason ??= 'age'
    this.#owner.endedQuietly(this, 'age')
    this.cancel()
  }

  /** Starts to cancel the handler and the tasks that it spawned, or hastens that. */
  cancel(): void {
    this.#reachEnd().reason ??= 'cancelled'
    this.#cancelTasks()
  }

  #cancelTasks(): void {
    this.#reachEnd().sentBeforeCancel ??= this.conn.writeHalf?.accepted ?? 0
    this.#scope.cancel(this.#owner.cleanUpMs)
  }

  /** A handler that is about to return nevertheless has not been disturbed: see `ended`. */
  #cancelDisconnected(why: 'reset' | 'end'): void {
    if (this.#tasksEnded || this.#scope.cancelling) return
    this.#reachEnd().disconnected = why
    this.#cancelTasks()
  }

  #reachEnd(): SessionEnd {
    this.#end ??= new SessionEnd()
    return this.#end
  }

  get #tasksEnded(): boolean {
    return this.#end?.tasksEnded === true
  }

  // Called by the connection.

  get endTimes(): EndTimes {
    return this.#owner.limits.endTimes
  }

  lingers(): void {
    this.#reachEnd().lingering = true
    if (this.#tasksEnded) this.#owner.lingers(this)
  }

  descriptorClosed(): void {
    if (this.#tasksEnded) this.#owner.finished(this)
  }

  // Called by the sweep.

  timedOut(kind: TimeoutKind): void {
    const end = this.#reachEnd()
    end.missed = kind
    end.stalled ||= kind === 'stall'
    this.#owner.timedOut(this, kind)
  }

  // Called by the scope.

  failed(error: unknown, task: TaskHandle, known: boolean): void {
    const reason = this.#endReason(error, MAX_DEPTH)
    const first = !this.#scope.cancelling
    const end = this.#reachEnd()
    if (this.#returned) this.conn.close()
    else {
      end.reason ??= reason === 'timeout' ? (end.missed ?? 'failed') : (reason ?? 'failed')
      this.#endUnfinished()
    }
    if (first) this.cancel()
    if (reason === undefined) {
      if (known) return
      addTrace(error, task)
      this.#owner.failed(error, this, task as Task) // Every handle is a Task.
    } else if (first && reason !== 'timeout' && !end.stalled && !this.#returned) {
      this.#owner.endedQuietly(this, reason)
    }
  }

  ended(task: TaskHandle): void {
    if (task === this.#main) this.#mainEnded()
    if (this.#tasksEnded || !this.#scope.empty) return
    const end = this.#reachEnd()
    end.tasksEnded = true
    if (this.#ageTimer !== null) this.conn.scheduler.timers.remove(this.#ageTimer)
    this.#ageTimer = null
    this.#owner.tasksEnded()
    // A session counts until its tasks have ended, even if its client is gone: otherwise clients
    // that connect and disconnect could start any number of handlers.
    if (this.conn.descriptorClosed) this.#owner.finished(this)
    else if (end.lingering) this.#owner.lingers(this)
  }

  #mainEnded(): void {
    if (this.#returned) this.conn.close()
    else this.#endUnfinished()
    const end = this.#reachEnd()
    const disconnected = this.#returned ? null : end.disconnected
    end.reason ??= disconnected ?? (this.#returned ? 'returned' : 'cancelled')
    if (disconnected !== null && end.reason === disconnected) this.#owner.endedQuietly(this, disconnected)
  }

  /**
   * Ends the connection of a handler that has not returned: with a reset if the client might take
   * half a reply for a whole one.
   */
  #endUnfinished(): void {
    const { readHalf, writeHalf } = this.conn
    const sentBeforeCancel = this.#end?.sentBeforeCancel
    const whole =
      this.#owner.limits.onFailure === 'close' ||
      writeHalf === null ||
      writeHalf.shutDown ||
      writeHalf.accepted === readHalf.sentBefore ||
      (sentBeforeCancel !== undefined && writeHalf.accepted > sentBeforeCancel)
    if (whole) this.conn.close()
    else {
      writeHalf.handOverCollected()
      this.conn.abort()
    }
  }

  /** Whether the TLS handshake has not ended, so that the handler has not begun. */
  get #handshakes(): boolean {
    return this.conn.socket.tls !== undefined && this.conn.tls === undefined
  }

  /** Whether the handler has returned, so that the connection was closed in order. */
  get #returned(): boolean {
    return this.#main?.outcome?.kind === 'returned'
  }

  /**
   * Why an error ends the session quietly: this session's own connection threw this very object, or
   * a ClosedError is caused by it, or an AggregateError consists of such errors.
   *
   * @param depth how many causes and aggregates may be nested, since a user's error may be part of
   *   itself
   * @returns undefined if the error is to be reported
   */
  #endReason(error: unknown, depth: number): EndReason | 'timeout' | undefined {
    try {
      if (hasThrown(this.conn, error)) return this.#handshakes ? 'handshake' : reasonOf(error)
      if (depth === 0) return undefined
      if (error instanceof ClosedError) return this.#endReason(error.cause, depth - 1)
      if (!(error instanceof AggregateError) || error.errors.length > MAX_ERRORS) return undefined
      const reasons = error.errors.map((part) => this.#endReason(part, depth - 1))
      return reasons.includes(undefined) ? undefined : reasons[0]
    } catch {
      return undefined // An error that cannot even be looked at is not ours.
    }
  }
}

/** Causes and aggregates that are looked into, and the errors of one aggregate. */
const MAX_DEPTH = 8
const MAX_ERRORS = 1000

/** The reason of an error that a connection threw. */
function reasonOf(error: unknown): EndReason | 'timeout' {
  if (error instanceof TimeoutError) return 'timeout' // Counted when it was missed.
  if (error instanceof IncompleteReadError) return 'incomplete'
  if (error instanceof LimitError) return 'limit'
  return error instanceof ClosedError && error.cause === undefined ? 'closed' : 'reset'
}

/** The handler, under its own name, once both ends speak TLS. */
function afterHandshake(handler: Handler): Handler {
  const { name } = handler
  const main: Record<string, Handler> = {
    *[name](conn: Connection, session: PublicSession): Coroutine<unknown> {
      yield* conn.handshake()
      return yield handler(conn, session)
    },
  }
  return main[name] as Handler // It has just been defined.
}

function expire(session: Session): void {
  session.expire()
}

// biome-ignore lint/correctness/useYield: it fails at its first step.
function* failing(error: unknown): Coroutine<never> {
  throw error
}
