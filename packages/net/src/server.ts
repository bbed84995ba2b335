/**
 * The server: accepts connections and runs a handler for each, isolated from the others.
 */

import {
  addTrace,
  Cancelled,
  ClosedError,
  type Coroutine,
  Latch,
  Stragglers,
  type Supervisor,
  sleep,
  type Task,
} from '@bluelet/scheduler'
import type { Connection } from './connection.js'
import { ConnectionResetError } from './errors.js'
import { type Listener, type ListenOptions, listen } from './listener.js'

/** After an accept that failed, such as for want of descriptors: long enough to idle, short enough to recover soon. */
const ACCEPT_BACKOFF_MS = 100

/** What is run for each connection; the connection is closed when it ends. */
export type Handler = (conn: Connection) => Coroutine<unknown>

/** Options of {@link server}. */
export interface ServerOptions extends ListenOptions {
  /** Called once, when the server listens: says where. */
  readonly onListening?: (listener: Listener) => void
  /** Called for each error of a handler, with its connection and the task that failed; by default the error is printed. */
  readonly onError?: (error: unknown, conn: Connection, task: Task) => void
}

/**
 * A coroutine that serves: it listens, accepts connections, and runs a handler for each, until it is killed.
 *
 * The handlers are isolated from each other: an error in one, or in a task that it spawned, closes its connection, cancels
 * its tasks and is reported once, and the server goes on. A peer that disconnects in the middle is no error.
 *
 * When the server is killed it stops listening, kills the handlers and waits for their clean-up.
 *
 * Bluelet: an error in a handler ends the program.
 *
 * @example
 * await run(server('', 4915, echoer))
 *
 * @param host a name or an address; `''` is every address of this machine
 * @param port 0 to 65535; 0 is any that is free
 * @param handler makes the coroutine that talks to one client
 * @throws RangeError, TypeError for what can be no host, port or handler
 */
export function server(
  host: string,
  port: number,
  handler: Handler,
  options: ServerOptions = {},
): Coroutine<void> {
  if (typeof handler !== 'function') {
    throw new TypeError(
      `server(host, port, handler): expected a function that makes a coroutine, got ${typeof handler}`,
    )
  }
  const listening = listen(host, port, options)
  return serving()

  function* serving(): Coroutine<void> {
    const listener = yield* listening
    const conversations = new Conversations(options.onError)
    try {
      options.onListening?.(listener)
      while (true) {
        for (const conn of yield* accepting(listener)) new Conversation(conn, conversations).begin(handler)
      }
    } finally {
      listener.close()
      yield* conversations.end()
    }
  }
}

/** Accepts what has come. An accept that fails is no reason to stop serving; that the listener is closed is one. */
function* accepting(listener: Listener): Coroutine<Connection[]> {
  while (true) {
    try {
      return yield* listener.acceptAll()
    } catch (error) {
      if (error instanceof Cancelled || error instanceof ClosedError) throw error
      yield* sleep(ACCEPT_BACKOFF_MS)
    }
  }
}

// biome-ignore lint/correctness/useYield: it fails at its first step.
function* failing(error: unknown): Coroutine<never> {
  throw error
}

/** The connections of one server. */
class Conversations {
  readonly onError: ServerOptions['onError']
  /** The latest, which is linked to the others: cheaper for each than a place in a set. */
  #latest: Conversation | null
  /** Open once the server ends and the last of them is over. */
  readonly #over: Latch
  #ending: boolean

  constructor(onError: ServerOptions['onError']) {
    this.onError = onError
    this.#latest = null
    this.#over = new Latch()
    this.#ending = false
  }

  add(conversation: Conversation): void {
    conversation.older = this.#latest
    if (this.#latest !== null) this.#latest.newer = conversation
    this.#latest = conversation
  }

  delete(conversation: Conversation): void {
    const { older, newer } = conversation
    if (newer !== null) newer.older = older
    else if (this.#latest === conversation) this.#latest = older
    else return // It has left before.
    if (older !== null) older.newer = newer
    conversation.older = null
    conversation.newer = null
    if (this.#ending && this.#latest === null) this.#over.open()
  }

  /** Kills all handlers at once, and waits for their clean-up. */
  *end(): Coroutine<void> {
    this.#ending = true
    for (let conversation = this.#latest; conversation !== null; ) {
      const { older }: Conversation = conversation
      conversation.cancel()
      conversation = older
    }
    if (this.#latest !== null) yield* this.#over.wait()
  }
}

/** One connection's handler and what that has spawned: their supervisor. */
class Conversation implements Supervisor {
  /** Its neighbours among the conversations. */
  older: Conversation | null
  newer: Conversation | null
  readonly #conn: Connection
  readonly #conversations: Conversations
  /** The handler's task; null before it is spawned. */
  #main: Task | null
  /** What the handler has spawned and has not ended; null until it does. */
  #others: Set<Task> | null
  /** What its clean-ups have spawned; null until there is something. */
  #stragglers: Stragglers | null
  #cancelled: boolean
  /** What it has failed with: both who reads and who writes see a broken connection. */
  #failure: unknown

  constructor(conn: Connection, conversations: Conversations) {
    this.older = null
    this.newer = null
    this.#conn = conn
    this.#conversations = conversations
    this.#main = null
    this.#others = null
    this.#stragglers = null
    this.#cancelled = false
    this.#failure = undefined
    conversations.add(this)
  }

  begin(handler: Handler): void {
    const { scheduler } = this.#conn
    try {
      scheduler.spawnUnder(this, handler, this.#conn)
    } catch (error) {
      // It threw before it was a coroutine, or makes none.
      scheduler.spawnUnder(this, failing, error)
    }
  }

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
    const first = !this.#cancelled
    const again = !first && (error === this.#failure || error instanceof ClosedError)
    this.#failure = error
    this.#conn.close()
    this.cancel()
    if (!isDisconnect(error) && !again) this.#report(error, task)
  }

  disown(task: Task): void {
    if (task === this.#main) this.#conn.close()
    this.#others?.delete(task)
    this.#stragglers?.delete(task)
    if (this.#tasks().length === 0) this.#conversations.delete(this)
  }

  /** Begins to kill the handler and what it has spawned. */
  cancel(): void {
    this.#cancelled = true
    for (const task of this.#tasks()) task.scheduler.cancel(task)
  }

  #tasks(): Task[] {
    const main = this.#main === null || this.#main.outcome !== undefined ? [] : [this.#main]
    return this.#others === null ? main : [...main, ...this.#others]
  }

  #report(error: unknown, task: Task): void {
    addTrace(error, task)
    const { host } = task.scheduler
    const { onError } = this.#conversations
    if (onError === undefined) {
      host.report(error)
      return
    }
    try {
      onError(error, this.#conn, task)
    } catch (failure) {
      host.report(failure)
    }
  }
}

/** The peer went away, or had gone away before. */
function isDisconnect(error: unknown): boolean {
  if (error instanceof ClosedError) return error.cause instanceof ConnectionResetError
  return error instanceof ConnectionResetError
}
