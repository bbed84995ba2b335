/**
 * One connection of a server: its handler, and what that has spawned.
 */

import { ClosedError, type Coroutine, type Task, type TimeoutError } from '@bluelet/scheduler'
import { addTrace, Stragglers, type Supervisor } from '@bluelet/scheduler/lowlevel'
import { ConnectionResetError, codeOf } from '../errors.js'
import type { Connection, Keeper } from '../socket/connection.js'
import type { TimeoutKind } from './stats.js'
import type { Stall, SweptConnection } from './timeout-sweep.js'

/** What is run for each connection; the connection is closed when it ends. */
export type Handler = (conn: Connection) => Coroutine<unknown>

/** What a session belongs to. */
export interface SessionOwner {
  /** Somebody waits for the peer. */
  waits(): void
  /** The peer has missed a deadline. */
  missed(session: Session, deadline: TimeoutKind): void
  /** It has failed, and not because the peer has gone. */
  failed(error: unknown, session: Session, task: Task): void
  /** How long the clean-up of what is killed may take, in milliseconds; undefined: as long as the run says. */
  readonly cleanUpMs: number | undefined
  /** Its tasks have ended. */
  over(session: Session): void
  /** Its descriptor is free as well. */
  left(session: Session): void
}

/** One connection's handler and what that has spawned: their supervisor. */
export class Session implements Supervisor, Keeper, SweptConnection {
  readonly conn: Connection
  /** Its neighbours among the sessions. */
  older: Session | null
  newer: Session | null
  // What was seen of it.
  awaited: TimeoutKind | undefined
  readBytes: number
  readSince: number
  stall: Stall | null
  readonly #owner: SessionOwner
  /** The handler's task; null before it is spawned. */
  #main: Task | null
  /** What the handler has spawned and has not ended; null until it does. */
  #others: Set<Task> | null
  /** What its clean-ups have spawned; null until there is something. */
  #stragglers: Stragglers | null
  #cancelled: boolean
  /** Its tasks have ended; its descriptor is free. */
  #over: boolean
  #closed: boolean
  /**
   * The errors that were dealt with already: deadlines that the peer has missed, and failures; both who reads and who writes see a
   * broken connection. Null until there is one.
   */
  #known: Set<unknown> | null
  /** It was reset for a stall: whoever else waits on it sees it closed. */
  #stalled: boolean

  constructor(conn: Connection, owner: SessionOwner) {
    this.conn = conn
    this.older = null
    this.newer = null
    this.awaited = undefined
    this.readBytes = 0
    this.readSince = 0
    this.stall = null
    this.#owner = owner
    this.#main = null
    this.#others = null
    this.#stragglers = null
    this.#cancelled = false
    this.#over = false
    this.#closed = false
    this.#known = null
    this.#stalled = false
  }

  begin(handler: Handler): void {
    const { conn } = this
    this.#closed = conn.descriptorClosed
    conn.keeper = this
    const { scheduler } = conn
    try {
      scheduler.spawnUnder(this, handler, conn)
    } catch (error) {
      // It threw before it was a coroutine, or makes none.
      scheduler.spawnUnder(this, failing, error)
    }
  }

  // For the connection.

  waits(): void {
    this.#owner.waits()
  }

  closed(): void {
    this.#closed = true
    if (this.#over) this.#owner.left(this)
  }

  // For the deadlines.

  missed(deadline: TimeoutKind, error: TimeoutError): void {
    this.#know(error)
    this.#stalled ||= deadline === 'stall'
    this.#owner.missed(this, deadline)
  }

  /** Begins to kill the handler and what it has spawned. */
  cancel(): void {
    this.#cancelled = true
    for (const task of this.#tasks()) task.scheduler.cancel(task, this.#owner.cleanUpMs)
  }

  // For the tasks.

  adopt(task: Task): void {
    if (this.#main === null) {
      this.#main = task
      return
    }
    this.#others ??= new Set()
    this.#others.add(task)
    if (!this.#cancelled) return
    this.#stragglers ??= new Stragglers()
    this.#stragglers.add(task)
  }

  fail(task: Task, error: unknown): void {
    const aftermath = (this.#cancelled || this.#stalled) && error instanceof ClosedError
    const known = aftermath || this.#known?.has(error)
    this.#know(error)
    this.conn.close()
    this.cancel()
    if (known || isDisconnect(error)) return
    addTrace(error, task)
    this.#owner.failed(error, this, task)
  }

  disown(task: Task): void {
    if (task === this.#main) this.conn.close()
    this.#others?.delete(task)
    this.#stragglers?.delete(task)
    if (this.#over || this.#tasks().length > 0) return
    this.#over = true
    this.#owner.over(this)
    // A handler whose client has gone keeps its place: clients that come and go must not make more and more of them.
    if (this.#closed) this.#owner.left(this)
  }

  #know(error: unknown): void {
    this.#known ??= new Set()
    this.#known.add(error)
  }

  #tasks(): Task[] {
    const main = this.#main === null || this.#main.outcome !== undefined ? [] : [this.#main]
    return this.#others === null ? main : [...main, ...this.#others]
  }
}

// biome-ignore lint/correctness/useYield: it fails at its first step.
function* failing(error: unknown): Coroutine<never> {
  throw error
}

/** What the system says of a peer that it has lost sight of. */
const LOST: ReadonlySet<string> = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'])

/** The peer went away, or had gone away before. */
function isDisconnect(error: unknown): boolean {
  const reason = error instanceof ClosedError ? error.cause : error
  return reason instanceof ConnectionResetError || LOST.has(codeOf(reason))
}
