import type { Connection, Listener, TextOptions } from '@bluelet/net'
import type { Coroutine } from '@bluelet/scheduler'

export function* waits(conn: Connection, listener: Listener): Coroutine<void> {
  // error: is not assignable to type 'Yieldable'
  yield conn.closed
  // error: is not assignable to type 'Yieldable'
  yield conn.whenClosed
  // error: is not assignable to type 'Yieldable'
  yield conn.recv
  // error: is not assignable to type 'Yieldable'
  yield listener.closed
}

export function* reads(
  conn: Connection,
  terminator: string | Uint8Array,
  text: TextOptions,
): Coroutine<void> {
  // error: No overload matches this call
  yield* conn.readline('\n', { encoding: 'utf16le' })
  // error: No overload matches this call
  yield* conn.readline(terminator, text)
  // error: Argument of type 'TextOptions' is not assignable to parameter of type
  yield* conn.readline(text)
  // error: 'encoding' does not exist in type
  yield* conn.readuntil('\n', { encoding: 'utf8' })
  // error: Type '"none"' is not assignable to type
  yield* conn.readexactly(4, { end: 'none' })
  // error: 'ArrayBuffer' is
  yield* conn.recvInto(new ArrayBuffer(9))
  // error: Argument of type 'number' is not assignable
  yield* conn.recvInto(9)
  const line = yield* conn.readline('\n', text)
  // error: 'line' is possibly 'null'
  yield* conn.sendall(line.toUpperCase())
}
