import type { Connection, Listener } from '@bluelet/net'
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
