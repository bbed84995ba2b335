// What the scenarios of the network have in common: a server with its clients, and two ends of one
// connection.

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
import { internals } from '../../support/internals.js'
import { ended, type KillHarness } from './harness.js'

export const HOST = '127.0.0.1'
export const PORT = 4915

/** The stream has ended early. */
class EarlyEnd extends Error {}

/** What the other tasks may notice of a kill: their peer has gone. */
export const GONE = [
  ClosedError,
  ConnectError,
  ConnectionResetError,
  EarlyEnd,
  IncompleteReadError,
  TimeoutError,
]

/** Adds the check that no task listens on the port. */
export function portIsFree(harness: KillHarness): void {
  harness.afterwards(function* () {
    const listener = yield* listen('', PORT)
    listener.close()
  })
}

/** A server that is ended when its clients have ended. */
export function serving(
  harness: KillHarness,
  handler: (conn: Connection) => Coroutine,
  clients: readonly (() => Coroutine)[],
  options: ServerOptions = {},
): Coroutine {
  portIsFree(harness)
  return main()

  function* main(): Coroutine<void> {
    const watched = (conn: Connection) => harness.guarded('handler', handler(conn))
    const serving = yield* harness.start('server', server('', PORT, watched, options))
    try {
      const tasks = []
      for (const [i, client] of clients.entries()) tasks.push(yield* harness.start(`client ${i}`, client()))
      for (const task of tasks) yield* ended(task)
    } finally {
      // A plain call: a yield here could be cut off by a kill.
      internals(harness.scheduler).cancel(serving)
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
  harness: KillHarness,
  dialer: (conn: Connection) => Coroutine,
  listener: (conn: Connection) => Coroutine,
): Coroutine {
  portIsFree(harness)
  return main()

  function* main(): Coroutine<void> {
    const listening = yield* listen(HOST, PORT)
    try {
      const task = yield* harness.start('dialer', dialing(dialer))
      const conn = yield* timeout(1000, listening.accept())
      try {
        yield* harness.guarded('listener', listener(conn))
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

/** Runs a coroutine that may fail because a task was killed. @returns whether it came to its end */
export function* unlessGone(body: Coroutine): Coroutine<boolean> {
  try {
    yield* body
    return true
  } catch (error) {
    if ([KilledError, ...GONE].some((known) => error instanceof known)) return false
    throw error
  }
}

/** Checks what has arrived: what was expected, or as much of it as came before the kill. */
export function arrived(data: Buffer, expected: string | Buffer): void {
  const whole = Buffer.from(expected)
  assert.deepEqual(data, whole.subarray(0, data.length))
  if (data.length < whole.length) throw new EarlyEnd(`${data.length} of ${whole.length} bytes`)
}
