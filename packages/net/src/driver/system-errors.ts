/**
 * Turns errors of the system and of Node into the errors that users see, for every driver alike.
 */

import { ConnectionResetError, codeOf, DatagramError, ListenError, reasonOf } from '../errors.js'
import { Address, shownHost } from './address.js'
import { addressOf, type Endpoint } from './endpoint.js'

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

type Hints = Readonly<Record<string, string>>

const HOST_HINTS: Hints = {
  EADDRINUSE: 'the port is in use; stop the other program, choose another port, or 0 for any free port',
  EACCES: 'this port needs privileges; choose one above 1023',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the host does not exist',
  ENOTSUP: 'reusePort needs Node 22.12 or 23.1, and a system with SO_REUSEPORT, such as Linux',
}

const PATH_HINTS: Hints = {
  EADDRINUSE:
    'a program listens there; stop it, choose another path, or replace its socket: { replace: true }',
  EEXIST: 'what is there is not a socket; remove it, or choose another path',
  ENOENT: 'its directory does not exist; create it first',
  ENOTDIR: 'its directory is not a directory; choose another path',
  EACCES:
    'this process may not create a file in its directory, or may not connect to the socket that is there',
  EPERM: 'this process may not replace the file that is there',
  ENOTSUP: 'on the node driver, an abstract name needs Linux and Node 22',
  ENAMETOOLONG: 'the path is longer than this system allows; choose a shorter one',
  EROFS: 'its directory cannot be written to; choose another path',
}

const FD_HINTS: Hints = {
  EBADF: 'the descriptor is not open',
  ENOTSOCK: 'the descriptor is not a socket',
  EINVAL: 'the descriptor is not a listening socket',
  ESOCKTNOSUPPORT: 'the descriptor is a socket for datagrams; a listener needs a stream',
  EAFNOSUPPORT: 'the descriptor is a socket of another kind; a listener needs TCP or a Unix socket',
  EBUSY: 'a listener of this process has the descriptor already',
  ENOTSUP: 'a network in memory has no descriptors',
}

/** The error of a listen that failed: the address, the reason, and what to do about it. */
export function listenErrorOf(error: Error, endpoint: Endpoint): ListenError {
  const code = codeOf(error)
  const [where, hints] = placeOf(endpoint)
  const reason = code === undefined ? reasonOf(error) : `${hints[code] ?? error.message} (${code})`
  return new ListenError(`cannot listen on ${where}: ${reason}`, code, { cause: error })
}

/** A place to listen in a message, and what to do about the errors that are met there. */
function placeOf(endpoint: Endpoint): readonly [string, Hints] {
  if ('fd' in endpoint) return [`descriptor ${endpoint.fd}`, FD_HINTS]
  if ('path' in endpoint) return [shownHost(`${addressOf(endpoint)}`), PATH_HINTS]
  const { host, port } = endpoint
  return [host === '' ? `port ${port} of every address` : `${new Address(shownHost(host), port)}`, HOST_HINTS]
}

const DATAGRAM_HINTS: Hints = {
  EMSGSIZE:
    'it is too long; a datagram has at most 65,507 bytes, and fewer where the network passes no fragments',
  ECONNREFUSED: 'the peer has refused a datagram; no program receives there',
  EACCES: 'to send to a broadcast address, open the socket with { broadcast: true }',
  ENETUNREACH: 'this machine has no route to that address',
  EAFNOSUPPORT: 'the socket has the other version of IP; open it with an address of the same version',
  EINVAL: 'the socket cannot reach that address; open it with an address of the same version of IP',
}

/** The error of a datagram: the operation, the reason, and what to do about it. */
export function datagramErrorOf(error: Error, operation: string): DatagramError {
  const code = codeOf(error)
  const reason = code === undefined ? reasonOf(error) : `${DATAGRAM_HINTS[code] ?? error.message} (${code})`
  return new DatagramError(`${operation}: ${reason}`, code, { cause: error })
}

/** An error in the form that Node gives to errors of the system. */
export function systemError(code: string, operation: string): Error {
  return Object.assign(new Error(`${operation} ${code}`), { code, syscall: operation })
}
