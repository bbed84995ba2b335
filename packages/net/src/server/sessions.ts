/**
 * The sessions of one server: which connections are served, where their errors go, and how all of
 * them end together. Accepting is the business of `accept-loop`.
 */

import type { Event, Task } from '@bluelet/scheduler'
import { type EventHandler, event, type Runtime, type Timer, type Waiter } from '@bluelet/scheduler/lowlevel'
import { CLOSED, type DriverSocket } from '../driver/protocol.js'
import type { Connection } from '../socket/connection.js'
import type { Handler } from './handler.js'
import type { ConnectionLimiter } from './limiter.js'
import type { Limits, ServerOptions } from './options.js'
import { Session, type SessionOwner } from './session.js'
import type { DropReason, EndReason, StatsCounters, TimeoutKind } from './stats.js'
import { TimeoutSweep } from './timeout-sweep.js'

/** How the sessions are to end. */
interface DrainOptions {
  /** How long they may go on, in milliseconds. */
  readonly grace: number
  /** Whether the server is being killed, so that its killer's grace period counts as well. */
  readonly killed: boolean
}

/** A `drain` that waits. */
interface PendingDrain {
  readonly waiter: Waiter<void>
  /** Cancels what has not ended by then. */
  timer: Timer
  /** That time has come. */
  cancelled: boolean
  /** How long the clean-up of a cancelled task may take; undefined: as long as the run says. */
  cleanUpMs: number | undefined
}

/** Milliseconds that a dropped connection may linger: some round trips. */
const MAX_LINGER = 1000

type Callbacks = Pick<ServerOptions, 'onError' | 'onDrop' | 'onAccept' | 'onOpen' | 'onClose'>

/** The sessions of one server. */
export class Sessions implements SessionOwner {
  readonly sweep: TimeoutSweep
  readonly limits: Limits
  ending = false
  readonly #stats: StatsCounters
  readonly #limiter: ConnectionLimiter
  readonly #callbacks: Callbacks
  readonly #handler: Handler
  readonly #scheduler: Runtime
  /** The latest session, linked to the others: each costs less than its place in a set. */
  #latest: Session | null = null
  /** How many sessions have tasks. */
  #active = 0
  #drain: PendingDrain | null = null
  /** Dropped connections whose clients have not ended their side, and the timers of their reset. */
  readonly #lingering = new Map<DriverSocket, Timer>()

  constructor(
    scheduler: Runtime,
    handler: Handler,
    limits: Limits,
    stats: StatsCounters,
    limiter: ConnectionLimiter,
    callbacks: Callbacks,
  ) {
    this.limits = limits
    this.#stats = stats
    this.#limiter = limiter
    this.#callbacks = callbacks
    this.#handler = handler
    this.#scheduler = scheduler
    this.sweep = new TimeoutSweep(scheduler, limits.timeouts, () => this.#all())
  }

  /** Serves a connection, or drops it if there are too many. */
  admit(conn: Connection): void {
    const reason = this.#limiter.refusal(conn, () => this.#all())
    if (reason !== undefined) this.#drop(conn, reason)
    else if (this.#refused(conn)) this.#refuse(conn)
    else this.#add(new Session(++this.#stats.served, conn, this))
  }

  /** The server begins to end: aborts the signals of the sessions. */
  announceEnd(): void {
    if (this.ending) return
    this.ending = true
    for (const session of this.#all()) session.announceEnd()
  }

  /**
   * Event: waits until all sessions have ended. After the grace period it cancels them, and waits
   * for their clean-up.
   */
  drain(options: DrainOptions): Event<void> {
    return event(DRAIN, { sessions: this, options })
  }

  // Called by the sessions.

  timedOut({ conn }: Session, kind: TimeoutKind): void {
    this.#stats.missed[kind]++
    this.#callBack(() => this.#callbacks.onDrop?.(kind, conn.remoteAddress))
  }

  endedQuietly({ conn }: Session, reason: EndReason): void {
    this.#stats.ended[reason]++
    this.#callBack(() => this.#callbacks.onDrop?.(reason, conn.remoteAddress))
  }

  failed(error: unknown, { conn }: Session, task: Task): void {
    this.#stats.failed++
    const { onError } = this.#callbacks
    if (onError === undefined) this.#scheduler.host.report(error)
    else this.#callBack(() => onError(error, conn, task))
  }

  get cleanUpMs(): number | undefined {
    return this.#drain?.cleanUpMs
  }

  tasksEnded(): void {
    if (--this.#active > 0) return
    this.sweep.stop()
    this.#drained()
  }

  lingers(session: Session): void {
    this.#limiter.offer(session)
  }

  finished(session: Session): void {
    const { older, newer } = session
    if (newer !== null) newer.older = older
    else if (this.#latest === session) this.#latest = older
    if (older !== null) older.newer = newer
    session.older = null
    session.newer = null
    this.#limiter.release(session)
    const { onClose } = this.#callbacks
    if (onClose === undefined) return
    const { conn, closeReason, since, bytesRead, bytesWritten } = session
    const ms = this.#scheduler.now() - since
    this.#callBack(() => onClose(conn, { reason: closeReason ?? 'cancelled', ms, bytesRead, bytesWritten }))
  }

  // Admission.

  #drop({ socket }: Connection, reason: DropReason): void {
    this.#stats.dropped[reason]++
    this.#reject(socket, reason)
  }

  #refused({ socket }: Connection): boolean {
    const { onAccept } = this.#callbacks
    if (onAccept === undefined) return false
    let accepted = false
    this.#callBack(() => {
      accepted = onAccept(socket.remoteAddress) !== false
    })
    return !accepted
  }

  #refuse({ socket }: Connection): void {
    this.#stats.refused++
    this.#reject(socket, 'refused')
  }

  #reject(socket: DriverSocket, reason: DropReason | 'refused'): void {
    const address = this.#callbacks.onDrop === undefined ? undefined : socket.remoteAddress
    if (this.limits.overload === 'reset') socket.reset()
    else this.#linger(socket)
    this.#callBack(() => this.#callbacks.onDrop?.(reason, address))
  }

  /**
   * Ends our side of a dropped connection, and discards what its client sends: a close with unread
   * input would be a reset. Few may linger, and not for long; otherwise a flood would get in after
   * all.
   */
  #linger(socket: DriverSocket): void {
    const { timers } = this.#scheduler
    for (const oldest of this.#lingering.keys()) {
      if (this.#lingering.size < this.limits.lingering) break
      this.#forget(oldest)
      oldest.reset()
    }
    this.#lingering.set(socket, timers.add(this.#scheduler.now() + MAX_LINGER, resetSocket, socket))
    socket.observer = {
      ready: (what) => {
        if ((what & CLOSED) !== 0) this.#forget(socket)
      },
    }
    socket.close(true, true)
  }

  #forget(socket: DriverSocket): void {
    const timer = this.#lingering.get(socket)
    if (timer !== undefined) this.#scheduler.timers.remove(timer)
    this.#lingering.delete(socket)
  }

  /** Resets the dropped connections that linger. */
  endLingering(): void {
    for (const socket of [...this.#lingering.keys()]) {
      this.#forget(socket)
      socket.reset()
    }
  }

  #add(session: Session): void {
    session.older = this.#latest
    if (this.#latest !== null) this.#latest.newer = session
    this.#latest = session
    this.#active++
    this.#limiter.acquire(session)
    const { onOpen } = this.#callbacks
    if (onOpen !== undefined) this.#callBack(() => onOpen(session.conn, session))
    session.start(this.#handler)
  }

  /** Calls a user's callback, whose errors must not harm the server. */
  #callBack(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#scheduler.host.report(error)
    }
  }

  // The end.

  /** @internal */
  enterDrain(waiter: Waiter<void>, { grace, killed }: DrainOptions): PendingDrain | undefined {
    if (this.#active === 0) {
      waiter.resume()
      return undefined
    }
    // Half of the killer's grace period is left for the clean-up.
    const killGrace = killed ? waiter.grace / 2 : Number.POSITIVE_INFINITY
    const drain: PendingDrain = {
      waiter,
      timer: this.#cancelAfter(Math.min(grace, killGrace)),
      cancelled: false,
      cleanUpMs: killed ? killGrace : undefined,
    }
    this.#drain = drain
    this.sweep.startDrain()
    return drain
  }

  #cancelAfter(ms: number): Timer {
    return this.#scheduler.timers.add(this.#scheduler.now() + ms, cancelAll, this)
  }

  /** The killer's grace period has become shorter. @internal */
  hastenDrain(drain: PendingDrain): void {
    const { grace } = drain.waiter
    if (drain.cancelled) {
      drain.cleanUpMs = grace
      this.cancelAll()
      return
    }
    const { timers } = this.#scheduler
    drain.cleanUpMs = grace / 2
    const deadline = this.#scheduler.now() + grace / 2
    if (deadline >= drain.timer.deadline) return
    timers.remove(drain.timer)
    drain.timer = this.#cancelAfter(grace / 2)
  }

  /** @internal */
  withdrawDrain(drain: PendingDrain): void {
    this.#scheduler.timers.remove(drain.timer)
    this.#drain = null
  }

  /** @internal */
  cancelAll(): void {
    if (this.#drain !== null) this.#drain.cancelled = true
    for (const session of this.#all()) session.cancel()
  }

  #drained(): void {
    const drain = this.#drain
    if (drain === null) return
    this.withdrawDrain(drain)
    drain.waiter.resume()
  }

  /** All sessions, the latest first. They may leave during the iteration. */
  *#all(): Iterable<Session> {
    for (let session = this.#latest; session !== null; ) {
      const { older }: Session = session
      yield session
      session = older
    }
  }
}

const DRAIN: EventHandler<{ sessions: Sessions; options: DrainOptions }, PendingDrain | undefined, void> = {
  name: 'server.drain',
  on: ({ sessions }) => sessions,
  enter: (waiter, { sessions, options }) => sessions.enterDrain(waiter, options),
  withdraw(_waiter, { sessions }, drain) {
    if (drain !== undefined) sessions.withdrawDrain(drain)
  },
  // Only a kill has a grace period that can become shorter, and it has withdrawn the other drain.
  hasten(_waiter, { sessions }, drain) {
    if (drain !== undefined) sessions.hastenDrain(drain)
  },
}

function cancelAll(sessions: Sessions): void {
  sessions.cancelAll()
}

function resetSocket(socket: DriverSocket): void {
  socket.reset()
}
