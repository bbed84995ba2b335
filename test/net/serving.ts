// A running server, over real sockets or in a simulation, and everything that it has reported.
import {
  type Address,
  type Connection,
  connect,
  type DropReason,
  type EndReason,
  type Handler,
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
  /** The peer's address at that time. */
  readonly from: string
  readonly task: Task
}

/** A running server. */
export interface Served {
  readonly task: Task<void>
  readonly listener: Listener
  readonly counts: ServerStats
  readonly port: number
  /** The calls of `onError`. */
  readonly reports: Report[]
  /** The errors of these calls. */
  readonly errors: unknown[]
  /** The calls of `onDrop`. */
  readonly drops: (readonly [
    reason: DropReason | 'refused' | EndReason | TimeoutKind,
    address: Address | undefined,
  ])[]
}

/** Starts a server, and waits until it listens. */
export function* serve(handler: Handler, options: ServerOptions = {}, host = LOOPBACK): Coroutine<Served> {
  const reports: Report[] = []
  const errors: unknown[] = []
  const drops: [DropReason | 'refused' | EndReason | TimeoutKind, Address | undefined][] = []
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

/** Reads a connection up to its end; gives its bytes, and how it ended. */
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

/** Connects and sends; gives what {@link fateOf} gives. */
export function* visit(port: number, text = '', host = LOOPBACK): Coroutine<string> {
  const conn = yield* connect(host, port)
  if (text !== '') yield* conn.sendall(text)
  return yield* fateOf(conn)
}
