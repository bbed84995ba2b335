// What the scenarios of the network have in common: a server with its clients, and two ends of one connection.
import assert from 'node:assert/strict'
import {
  ConnectError,
  type Connection,
  ConnectionResetError,
  connect,
  IncompleteReadError,
  listen,
  type ServerOptions,
  server,
} from '@bluelet/net'
import { ClosedError, type Coroutine, KilledError, TimeoutError, timeout } from '@bluelet/scheduler'
import { ended, type Stage } from './harness.js'

export const HOST = '127.0.0.1'
export const PORT = 4915

/** The stream has ended early. */
class EarlyEnd extends Error {}

/** What the others may notice of a kill: that whom they talk to has gone. */
export const GONE = [
  ClosedError,
  ConnectError,
  ConnectionResetError,
  EarlyEnd,
  IncompleteReadError,
  TimeoutError,
]

/** That nobody listens any more. */
export function portIsFree(stage: Stage): void {
  stage.afterwards(function* () {
    const listener = yield* listen('', PORT)
    listener.close()
  })
}

/** A server that is ended when its clients have ended. */
export function serving(
  stage: Stage,
  handler: (conn: Connection) => Coroutine,
  clients: readonly (() => Coroutine)[],
  options: ServerOptions = {},
): Coroutine {
  portIsFree(stage)
  return main()

  function* main(): Coroutine<void> {
    const watched = (conn: Connection) => stage.guarded('handler', handler(conn))
    const serving = yield* stage.start('server', server('', PORT, watched, options))
    try {
      const tasks = []
      for (const [i, client] of clients.entries()) tasks.push(yield* stage.start(`client ${i}`, client()))
      for (const task of tasks) yield* ended(task)
    } finally {
      // A plain call: a yield here could be cut off by a kill.
      stage.scheduler.cancel(serving)
    }
  }
}

/** A client that connects, and closes whatever happens. */
export function* dialing(talk: (conn: Connection) => Coroutine, host = HOST): Coroutine<void> {
  const conn = yield* connect(host, PORT)
  try {
    yield* talk(conn)
  } finally {
    conn.close()
  }
}

/** Two ends of one connection, each with a task. */
export function pairing(
  stage: Stage,
  dialer: (conn: Connection) => Coroutine,
  listener: (conn: Connection) => Coroutine,
): Coroutine {
  portIsFree(stage)
  return main()

  function* main(): Coroutine<void> {
    const listening = yield* listen(HOST, PORT)
    try {
      const task = yield* stage.start('dialer', dialing(dialer))
      const conn = yield* timeout(1000, listening.accept())
      try {
        yield* stage.guarded('listener', listener(conn))
      } finally {
        conn.close()
      }
      yield* ended(task)
    } finally {
      listening.close()
    }
  }
}

/** Bytes that are all different from their neighbours. */
export function bytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => 33 + (i % 89)))
}

/** Waits for what may fail because somebody was killed; then there is nothing more to do. */
export function* unlessGone(body: Coroutine): Coroutine<boolean> {
  try {
    yield* body
    return true
  } catch (error) {
    if ([KilledError, ...GONE].some((known) => error instanceof known)) return false
    throw error
  }
}

/** Checks what has arrived: what was expected, or as much of it as came before somebody was killed. */
export function arrived(data: Buffer, expected: string | Buffer): void {
  const whole = Buffer.from(expected)
  assert.deepEqual(data, whole.subarray(0, data.length))
  if (data.length < whole.length) throw new EarlyEnd(`${data.length} of ${whole.length} bytes`)
}
