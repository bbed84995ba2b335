// A connection: the values of its events, and `closed` beside `whenClosed()`.
import { BusyError, type Connection, IncompleteReadError, LimitError, type Listener } from '@bluelet/net'
import { assertType, type Same } from './support.js'

export function* untilClosed(conn: Connection, listener: Listener) {
  while (!conn.closed) {
    const data = yield* conn.recv(1024)
    assertType<Same<typeof data, Buffer>>()
    yield* conn.sendall(data)
  }
  assertType<Same<Connection['closed'], boolean>>()
  assertType<Same<Listener['closed'], boolean>>()
  const nothing = yield* conn.whenClosed()
  assertType<Same<typeof nothing, void>>()
  yield listener.whenClosed()
}

export async function inAsyncCode(conn: Connection) {
  await using open = conn
  await open.sendall('hello')
  await open.whenClosed()
}

export function codeOf(error: BusyError | LimitError | IncompleteReadError) {
  assertType<
    Same<typeof error.code, 'ERR_BLUELET_BUSY' | 'ERR_BLUELET_LIMIT' | 'ERR_BLUELET_INCOMPLETE_READ'>
  >()
  if (error.code === 'ERR_BLUELET_INCOMPLETE_READ') assertType<Same<typeof error.partial, Buffer>>()
  return [BusyError, LimitError, IncompleteReadError].some((known) => error instanceof known)
}
