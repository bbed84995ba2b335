/**
 * The sessions of one server: whom it serves, who hears of them, and how they end together.
 */

import type { Event, Scheduler, Task } from '@bluelet/scheduler'
import type { EventHandler, Timer, Waiter } from '@bluelet/scheduler/lowlevel'
import { event } from '@bluelet/scheduler/lowlevel'
import type { Connection } from '../socket/connection.js'
import type { ConnectionLimiter } from './limiter.js'
import type { Limits } from './limits.js'
import type { ServerOptions } from './server.js'
import { type Handler, Session, type SessionOwner } from './session.js'
import type { DropReason, StatsCounters, TimeoutKind } from './stats.js'
import { TimeoutSweep } from './timeout-sweep.js'

/** How the sessions are to end. */
interface Ending {
  /** How long they may go on, in milliseconds. */
  readonly graceMs: number
  /** The server is being killed: how long they may go on is for its killer to say. */
  readonly killed: boolean
}

/** One end under way. */
interface Wait {
  readonly sessions: Sessions
  readonly waiter: Waiter<void>
  readonly timer: Timer
  /** How long what is killed may take to clean up; undefined: as long as the run says. */
  readonly cleanUpMs: number | undefined
}

/** The sessions of one server. */
export class Sessions implements SessionOwner {
  readonly #limits: Limits
  readonly #stats: StatsCounters
  readonly #limiter: ConnectionLimiter
  readonly #listener: Pick<ServerOptions, 'onError' | 'onDrop'>
  readonly #handler: Handler
  readonly #scheduler: Scheduler
  readonly #sweep: TimeoutSweep
  /** The latest, which is linked to the others: cheaper for each than a place in a set. */
  #latest: Session | null
  /** Who waits for all to be over. */
  #ending: Wait | null

  constructor(
    scheduler: Scheduler,
    handler: Handler,
    limits: Limits,
    stats: StatsCounters,
    limiter: ConnectionLimiter,
    listener: Pick<ServerOptions, 'onError' | 'onDrop'>,
  ) {
    this.#limits = limits
    this.#stats = stats
    this.#limiter = limiter
    this.#listener = listener
    this.#handler = handler
    this.#scheduler = scheduler
    this.#sweep = new TimeoutSweep(scheduler, limits.timeouts, () => this.#all())
    this.#latest = null
    this.#ending = null
  }

  /** Serves a connection, or drops it, if there are too many. */
  admit(conn: Connection): void {
    const reason = this.#limiter.refusal(conn)
    if (reason !== undefined) this.#drop(conn, reason)
    else this.#add(new Session(conn, this))
  }

  /**
   * Event: waits until all are over. They may go on for a while; then they are killed, and their clean-up waited for.
   */
  end(ending: Ending): Event<void> {
    return event(END, { sessions: this, ending })
  }

  // For the sessions.

  waits(): void {
    this.#sweep.start()
  }

  missed({ conn }: Session, deadline: TimeoutKind): void {
    this.#stats.missed[deadline]++
    this.#tell(() => this.#listener.onDrop?.(deadline, conn.remoteAddress))
  }

  failed(error: unknown, { conn }: Session, task: Task): void {
    this.#stats.failed++
    const { onError } = this.#listener
    if (onError === undefined) this.#scheduler.host.report(error)
    else this.#tell(() => onError(error, conn, task))
  }

  get cleanUpMs(): number | undefined {
    return this.#ending?.cleanUpMs
  }

  over(session: Session): void {
    const { older, newer } = session
    if (newer !== null) newer.older = older
    else if (this.#latest === session) this.#latest = older
    if (older !== null) older.newer = newer
    session.older = null
    session.newer = null
    if (this.#latest !== null) return
    this.#sweep.stop()
    this.#allOver()
  }

  left(session: Session): void {
    this.#limiter.release(session)
  }

  // Who is served.

  /** It does not linger: that is how a flood would be let in after all. */
  #drop({ socket }: Connection, reason: DropReason): void {
    this.#stats.dropped[reason]++
    const address = this.#listener.onDrop === undefined ? undefined : socket.remoteAddress
    if (this.#limits.overload === 'reset') socket.reset()
    else socket.close(false)
    this.#tell(() => this.#listener.onDrop?.(reason, address))
  }

  #add(session: Session): void {
    session.older = this.#latest
    if (this.#latest !== null) this.#latest.newer = session
    this.#latest = session
    this.#limiter.acquire(session)
    this.#stats.served++
    session.begin(this.#handler)
  }

  /** What a user wants to hear must not harm the server. */
  #tell(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#scheduler.host.report(error)
    }
  }

  // How they end.

  /** @internal */
  beginEnd(waiter: Waiter<void>, { graceMs, killed }: Ending): Wait | undefined {
    if (this.#latest === null) {
      waiter.resume()
      return undefined
    }
    const killMs = killed ? waiter.task.graceMs / 2 : Number.POSITIVE_INFINITY
    const wait: Wait = {
      sessions: this,
      waiter,
      timer: this.#scheduler.timers.add(this.#scheduler.now() + Math.min(graceMs, killMs), cancelAll, this),
      cleanUpMs: killed ? killMs : undefined,
    }
    this.#ending = wait
    this.#sweep.startDrain()
    return wait
  }

  /** @internal */
  withdrawEnd(wait: Wait): void {
    this.#scheduler.timers.remove(wait.timer)
    this.#ending = null
  }

  cancelAll(): void {
    for (const session of this.#all()) session.cancel()
  }

  #allOver(): void {
    const ending = this.#ending
    if (ending === null) return
    this.withdrawEnd(ending)
    ending.waiter.resume()
  }

  /** All of them, the latest first; they may leave meanwhile. */
  *#all(): Iterable<Session> {
    for (let session = this.#latest; session !== null; ) {
      const { older }: Session = session
      yield session
      session = older
    }
  }
}

const END: EventHandler<{ sessions: Sessions; ending: Ending }, Wait | undefined, void> = {
  name: 'server.end',
  enter: (waiter, { sessions, ending }) => sessions.beginEnd(waiter, ending),
  withdraw(_waiter, { sessions }, wait) {
    if (wait !== undefined) sessions.withdrawEnd(wait)
  },
}

function cancelAll(sessions: Sessions): void {
  sessions.cancelAll()
}
