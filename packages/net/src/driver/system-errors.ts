/**
 * Turns errors of the system and of Node into the errors that users see, for every driver alike.
 */

import { ConnectionResetError, codeOf, ListenError, reasonOf } from '../errors.js'
import { Address, shownHost } from './address.js'
import type { ListenTarget } from './protocol.js'

/** The codes by which systems and Node report that the connection no longer exists. */
const DISCONNECTED = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'ERR_STREAM_DESTROYED',
  'ERR_SOCKET_CLOSED',
  'ENOTCONN',
])

/** The error for users of a connection: a disconnected peer has a class of its own. */
export function resetOf(error: Error): Error {
  const code = codeOf(error)
  if (code === undefined || !DISCONNECTED.has(code)) return error
  return new ConnectionResetError(`the peer has disconnected (${code})`, code, { cause: error })
}

/**
 * The error of a try on a socket that is closed. It is made at the try and not at the close: most
 * connections end without such a try, and an error costs more than the rest of the connection.
 */
export function closedSocketError(): Error {
  return new ConnectionResetError('the connection is closed', 'ERR_STREAM_DESTROYED')
}

const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; stop the other program, choose another port, or 0 for any free port',
  EACCES: 'this port needs privileges; choose one above 1023',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the host does not exist',
  ENOTSUP: 'reusePort needs Node 22.12 or 23.1, and a system with SO_REUSEPORT, such as Linux',
}

/** The error of a listen that failed: the address, the reason, and what to do about it. */
export function listenErrorOf(error: Error, { host, port }: ListenTarget): ListenError {
  const code = codeOf(error)
  const reason = code === undefined ? reasonOf(error) : `${LISTEN_HINTS[code] ?? error.message} (${code})`
  const where = host === '' ? `port ${port} of every address` : `${new Address(shownHost(host), port)}`
  return new ListenError(`cannot listen on ${where}: ${reason}`, code, { cause: error })
}

/** An error in the form that Node gives to errors of the system. */
export function systemError(code: string, operation: string): Error {
  return Object.assign(new Error(`${operation} ${code}`), { code, syscall: operation })
}
