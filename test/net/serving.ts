// A server under way, in the real world or in a simulation, and what it has told so far.
import {
  type Address,
  type Connection,
  connect,
  type DropReason,
  type Listener,
  type ServerOptions,
  type ServerStats,
  server,
  type TimeoutKind,
} from '@bluelet/net'
import { type Coroutine, Latch, spawn, type Task } from '@bluelet/scheduler'
import { LOOPBACK } from './world.js'

/** An error that a server has reported. */
export interface Report {
  readonly error: unknown
  /** The peer's address, as it was known then. */
  readonly from: string
  readonly task: Task
}

/** A server under way. */
export interface Served {
  readonly task: Task<void>
  readonly listener: Listener
  readonly counts: ServerStats
  readonly port: number
  /** What `onError` was told. */
  readonly reports: Report[]
  /** The errors among that. */
  readonly errors: unknown[]
  /** What `onDrop` was told. */
  readonly drops: (readonly [reason: DropReason | TimeoutKind, address: Address | undefined])[]
}

/** Starts a server, and gives it once it listens. */
export function* serve(
  handler: (conn: Connection) => Coroutine<unknown>,
  options: ServerOptions = {},
  host = LOOPBACK,
): Coroutine<Served> {
  const reports: Report[] = []
  const errors: unknown[] = []
  const drops: [DropReason | TimeoutKind, Address | undefined][] = []
  const listening = new Latch()
  let opened: [Listener, ServerStats] | undefined
  const task = yield* spawn.with(
    { name: 'server' },
    server(host, 0, handler, {
      onListening: (...told) => {
        opened = told
        listening.open()
      },
      onError: (error, conn, task) => {
        reports.push({ error, from: `${conn.remoteAddress}`, task })
        errors.push(error)
      },
      onDrop: (...told) => void drops.push(told),
      ...options,
    }),
  )
  yield* listening.wait()
  const [listener, counts] = opened!
  return { task, listener, counts, port: listener.address.port, reports, errors, drops }
}

/** What has become of a connection, up to its end: what came, and how it ended. */
export function* fateOf(conn: Connection): Coroutine<string> {
  let text = ''
  try {
    for (let data = yield* conn.recv(); data.length > 0; data = yield* conn.recv()) text += data
    return `${text}|end`
  } catch (error) {
    return `${text}|${(error as Error).name}`
  } finally {
    conn.close()
  }
}

/** Connects, sends, and gives what becomes of it. */
export function* visit(port: number, text = '', host = LOOPBACK): Coroutine<string> {
  const conn = yield* connect(host, port)
  if (text !== '') yield* conn.sendall(text)
  return yield* fateOf(conn)
}
