/**
 * The event that waits for the handshake of TLS. The socket makes it; this only waits.
 */

import { ClosedError } from '@bluelet/scheduler'
import type { EventHandler } from '@bluelet/scheduler/lowlevel'
import type { DriverSocket } from '../driver/protocol.js'
import type { TlsInfo } from '../driver/tls.js'
import { thrownBy } from './thrown.js'

/** The connection of a handshake. */
interface Whole {
  readonly socket: DriverSocket
  /** Whether it has been closed here. */
  readonly closing: boolean
}

/** Withdraws the wait. */
type Withdraw = () => void

/** The handler of `handshake`. */
export const HANDSHAKE: EventHandler<Whole, Withdraw | undefined, TlsInfo | undefined> = {
  name: 'handshake',
  external: 'socket',
  on: (conn) => conn,
  enter(waiter, conn) {
    if (conn.closing) throw closedError(conn, 'handshake()')
    const { tls } = conn.socket
    if (tls === undefined) {
      waiter.resume(undefined)
      return undefined
    }
    return tls.handshake((error) => {
      if (error === null) waiter.resume(tls.info)
      else waiter.throw(conn.closing ? closedError(conn, 'handshake()') : thrownBy(conn, error))
    })
  },
  withdraw: (_waiter, _conn, withdraw) => withdraw?.(),
}

/** The error of an operation during which the connection was closed here. */
export function closedError(conn: object, operation: string): ClosedError {
  return thrownBy(conn, new ClosedError(`${operation}: the connection is closed`))
}
