/**
 * The server: accepts connections and runs a handler for each, isolated from the others.
 */

import {
  addTrace,
  type Coroutine,
  kill,
  type Scheduler,
  type Supervisor,
  spawnUnder,
  type Task,
} from '@bluelet/scheduler'
import type { Connection } from './connection.js'
import { ConnectionResetError } from './errors.js'
import { type Listener, type ListenOptions, listen } from './listener.js'

/** What is run for each connection; the connection is closed when it ends. */
export type Handler = (conn: Connection) => Coroutine

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
    const conversations = new Set<Conversation>()
    try {
      options.onListening?.(listener)
      while (true) {
        const conn = yield* listener.accept()
        const conversation = new Conversation(conn, conversations, options.onError)
        yield* spawnUnder(conversation)(handler, conn)
      }
    } finally {
      listener.close()
      for (const conversation of [...conversations]) yield* conversation.end()
    }
  }
}

/** One connection's handler and what that has spawned: their supervisor. */
class Conversation implements Supervisor {
  readonly #conn: Connection
  readonly #conversations: Set<Conversation>
  readonly #onError: ServerOptions['onError']
  /** The handler's task. */
  #main: Task | null
  /** What the handler has spawned; null until it does. */
  #others: Set<Task> | null
  #failed: boolean

  constructor(conn: Connection, conversations: Set<Conversation>, onError: ServerOptions['onError']) {
    this.#conn = conn
    this.#conversations = conversations
    this.#onError = onError
    this.#main = null
    this.#others = null
    this.#failed = false
    conversations.add(this)
  }

  adopt(task: Task): void {
    if (this.#main === null) {
      this.#main = task
      return
    }
    this.#others ??= new Set()
    this.#others.add(task)
  }

  fail(task: Task, error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#conn.close()
    for (const other of this.#tasks()) other.scheduler.cancel(other)
    if (!(error instanceof ConnectionResetError)) this.#report(error, task)
  }

  disown(task: Task): void {
    if (task === this.#main) this.#conn.close()
    this.#others?.delete(task)
    if (this.#tasks().length === 0) this.#conversations.delete(this)
  }

  /** Kills the handler and what it has spawned, and waits for their clean-up. */
  *end(): Coroutine<void> {
    for (const task of this.#tasks()) task.scheduler.cancel(task)
    for (const task of this.#tasks()) yield* kill(task)
  }

  #tasks(): Task[] {
    const tasks = this.#others === null ? [] : [...this.#others]
    if (this.#main !== null && this.#main.outcome === undefined) tasks.unshift(this.#main)
    return tasks
  }

  #report(error: unknown, task: Task): void {
    addTrace(error, task)
    const { host }: Scheduler = task.scheduler
    if (this.#onError === undefined) {
      host.report(error)
      return
    }
    try {
      this.#onError(error, this.#conn, task)
    } catch (failure) {
      host.report(failure)
    }
  }
}
