// The handlers that the scenarios of several sweeps serve with.
import type { Connection } from '@bluelet/net'
import type { Coroutine } from '@bluelet/scheduler'

/** Makes a handler that sends back what it receives, in pieces of at most so many bytes. */
export function echo(max: number): (conn: Connection) => Coroutine<void> {
  return function* echo(conn) {
    for (let data = yield* conn.recv(max); data.length > 0; data = yield* conn.recv(max))
      yield* conn.sendall(data)
  }
}

/** Answers each line with the same line in capitals. */
export function* upcase(conn: Connection): Coroutine<void> {
  for (let line = yield* conn.readline(); line.length > 0; line = yield* conn.readline())
    yield* conn.sendall(String(line).toUpperCase())
}
