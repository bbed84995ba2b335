/**
 * What the errors of the system come to: for every driver the same.
 */

import { ConnectionResetError, codeOf, ListenError } from '../errors.js'
import { Address } from './address.js'
import type { ListenTarget } from './protocol.js'

/** What systems and Node say, in different words, when the peer is gone. */
const GONE = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'ERR_STREAM_DESTROYED',
  'ERR_SOCKET_CLOSED',
  'ENOTCONN',
])

/** The error that a connection's user sees: that the peer is gone has a class of its own. */
export function resetOf(error: Error): Error {
  const code = codeOf(error)
  if (!GONE.has(code)) return error
  return new ConnectionResetError(`the peer has gone (${code})`, code, { cause: error })
}

/** What a try on a connection that is over meets. Most connections end without one, and an error costs more than all else of them. */
export function overError(): Error {
  return new ConnectionResetError('the connection is closed', 'ERR_STREAM_DESTROYED')
}

const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use; stop the other program, choose another port, or 0 for any that is free',
  EACCES: 'this port needs privileges; choose one above 1023',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
  ENOTSUP: 'reusePort needs Node 22.12 or 23.1 and a system that has SO_REUSEPORT, such as Linux',
}

/** The error of a listen that failed: what it was about, and what to do. */
export function listenErrorOf(error: Error, { host, port }: ListenTarget): ListenError {
  const code = codeOf(error)
  const hint = LISTEN_HINTS[code] ?? error.message
  const where = host === '' ? `port ${port} of every address` : `${new Address(host, port)}`
  return new ListenError(`cannot listen on ${where}: ${hint} (${code})`, code, { cause: error })
}

/** An error as the system would give it. */
export function systemError(code: string, operation: string): Error {
  return Object.assign(new Error(`${operation} ${code}`), { code, syscall: operation })
}
