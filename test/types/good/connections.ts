// A connection: the values of its events, and `closed` beside `whenClosed()`.
import {
  BusyError,
  type Connection,
  IncompleteReadError,
  LimitError,
  type Listener,
  type ReadOptions,
  type TextOptions,
} from '@bluelet/net'
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

export function* reads(conn: Connection, options: ReadOptions & { encoding?: undefined }, text: TextOptions) {
  const line = yield* conn.readline()
  assertType<Same<typeof line, Buffer>>()
  const bounded = yield* conn.readline(Uint8Array.of(0), { limit: 9, timeout: 9 })
  assertType<Same<typeof bounded, Buffer>>()
  const chosen = yield* conn.readline('\n', options)
  assertType<Same<typeof chosen, Buffer>>()
  const asText = yield* conn.readline('\n', { encoding: 'utf8', limit: 9, timeout: 9 })
  assertType<Same<typeof asText, string | null>>()
  const byDefault = yield* conn.readline(undefined, text)
  assertType<Same<typeof byDefault, string | null>>()
  const count = yield* conn.recvInto(Buffer.alloc(9))
  assertType<Same<typeof count, number>>()
  yield* conn.recvInto(new Uint8Array(9))
  assertType<Same<Connection['buffered'], number>>()
  const message = yield* conn.readexactly(4, { end: 'empty' })
  assertType<Same<typeof message, Buffer>>()
  const head = yield* conn.readuntil('\r\n', { end: 'error', timeout: 9 })
  assertType<Same<typeof head, Buffer>>()
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
