/**
 * Where a program listens, or what it connects to: a host and a port, the path of a Unix socket, or
 * a descriptor. The arguments of every operation that takes one are split and checked here. It
 * resolves no names and touches no file.
 */

import { checkFlag, shown } from '../check.js'
import { Address, hasNul, shownHost } from './address.js'

/** A host and a port. */
export interface HostEndpoint {
  /** A name or an address. To listen: `''` is every address of this machine. */
  readonly host: string
  /** The port, 0 to 65535. To listen: 0 is any free port. */
  readonly port: number
}

/** The path of a Unix socket. */
export interface PathEndpoint {
  /**
   * At most 107 bytes in UTF-8. `@name` is an abstract name (Linux; on the `node` driver since Node
   * 22), which has no file, and to which every user can connect. A file whose name begins with `@`
   * is `./@name`.
   */
  readonly path: string
  /**
   * To listen: the permissions of the socket's file, such as `0o660` for a group. A client needs
   * the permission to write. Default: `0o600`, which is the user of this process only.
   */
  readonly mode?: number
  /**
   * To listen: whether the socket of a program that still listens at the path is replaced, so that
   * new clients come to this listener. Default: false. A socket at which no program listens is
   * replaced in any case.
   */
  readonly replace?: boolean
}

/** To listen: a descriptor of a listening socket, which another program has opened. */
export interface FdEndpoint {
  /** Its number. The listener closes it. */
  readonly fd: number
}

/** Where to listen, or what to connect to, which cannot be a descriptor. */
export type Endpoint = HostEndpoint | PathEndpoint | FdEndpoint

/** What a connection can be made to. */
export type ConnectTarget = HostEndpoint | PathEndpoint

/** The permissions of a Unix socket: the user's. */
export const DEFAULT_MODE = 0o600

/**
 * The longest path of a Unix socket in bytes (unix(7)). Node cuts longer ones off, and so would
 * listen at another path.
 */
export const MAX_PATH = 107

/** Whether the first argument of an operation is an endpoint; else it is a host. */
export function isEndpoint(first: unknown): first is Endpoint {
  return typeof first === 'object' && first !== null
}

/**
 * Splits the arguments of an operation, which begin with an endpoint, or with a host and a port.
 *
 * @returns the endpoint, checked, and the other arguments
 * @throws TypeError, RangeError if it is invalid
 */
export function endpointOf(
  operation: string,
  args: readonly unknown[],
): { readonly endpoint: Endpoint; readonly rest: readonly unknown[] } {
  const [first, port, ...rest] = args
  if (!isEndpoint(first)) return { endpoint: hostEndpoint(operation, first, port), rest }
  return { endpoint: checkEndpoint(operation, first), rest: args.slice(1) }
}

function checkEndpoint(operation: string, given: object): Endpoint {
  const { host, port, path, fd, mode, replace } = partsOf(given)
  if ([host ?? port, path, fd].filter((part) => part !== undefined).length !== 1) {
    throw new TypeError(
      `${operation}(endpoint): expected { host, port }, { path } or { fd }, got ${shownKeys(given)}`,
    )
  }
  if (fd !== undefined) return { fd: checkFd(operation, fd) }
  if (path === undefined) return hostEndpoint(operation, host, port)
  checkPath(operation, path)
  if (mode !== undefined) checkMode(operation, mode)
  if (replace !== undefined) checkFlag(replace, `${operation}: replace`)
  if (isAbstract(path) && (mode !== undefined || replace !== undefined)) {
    throw new RangeError(
      `${operation}({ path }): mode, replace: an abstract name has no file, so every user can connect to it`,
    )
  }
  return { path, ...(mode === undefined ? {} : { mode }), ...(replace === undefined ? {} : { replace }) }
}

/** An address is an endpoint, too: that of a Unix socket has a host that is empty. */
function partsOf(given: object): Record<string, unknown> {
  if (given instanceof Address && given.path !== undefined) return { path: given.path }
  return given as Record<string, unknown>
}

function shownKeys(given: object): string {
  const keys = Object.keys(given)
  return keys.length === 0 ? '{}' : `{ ${keys.slice(0, 8).map(shownHost).join(', ')} }`
}

function hostEndpoint(operation: string, host: unknown, port: unknown): HostEndpoint {
  if (typeof host !== 'string') {
    throw new TypeError(
      `${operation}(host, port): expected a host name or address as a string, got ${shown(host)}`,
    )
  }
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return { host, port }
  throw new RangeError(`${operation}(host, port): expected a port from 0 to 65535, got ${shown(port)}`)
}

function checkPath(operation: string, path: unknown): asserts path is string {
  const what = `${operation}({ path })`
  if (typeof path !== 'string')
    throw new TypeError(`${what}: expected a path as a string, got ${shown(path)}`)
  if (hasNul(path)) {
    const fix = path.startsWith('\0') ? "; an abstract name is written '@name'" : ''
    throw new TypeError(`${what}: a path cannot contain a NUL byte, got ${shown(path)}${fix}`)
  }
  if (path === '' || path === '@') throw new TypeError(`${what}: expected a path, got ${shown(path)}`)
  const bytes = Buffer.byteLength(path)
  if (bytes > MAX_PATH) {
    throw new RangeError(
      `${what}: expected a path of at most ${MAX_PATH} bytes, got ${bytes}; choose a shorter one`,
    )
  }
}

/** Whether a path is an abstract name: `@name`. */
export function isAbstract(path: string): boolean {
  return path.startsWith('@')
}

function checkMode(operation: string, mode: unknown): asserts mode is number {
  if (typeof mode === 'number' && Number.isInteger(mode) && mode >= 0 && mode <= 0o777) return
  throw new RangeError(`${operation}: mode: expected permissions from 0 to 0o777, got ${shown(mode)}`)
}

function checkFd(operation: string, fd: unknown): number {
  if (typeof fd === 'number' && Number.isInteger(fd) && fd >= 0 && fd <= 0x7fffffff) return fd
  throw new RangeError(`${operation}({ fd }): expected a descriptor, 0 or more, got ${shown(fd)}`)
}

/**
 * Refuses options that have no meaning for an endpoint.
 *
 * @param options the options that were given
 * @throws RangeError if one of them is set
 */
export function refuseOptions(
  operation: string,
  endpoint: Endpoint,
  options: Readonly<Partial<Record<string, unknown>>>,
): void {
  const kind = 'path' in endpoint ? 'path' : 'fd' in endpoint ? 'fd' : undefined
  if (kind === undefined) return
  const name = MEANINGLESS[kind].find((name) => options[name] !== undefined)
  if (name === undefined) return
  const reason = kind === 'path' ? 'a Unix socket does not have it' : 'the program that opened it has set it'
  throw new RangeError(`${operation}({ ${kind} }): ${name}: ${reason}; leave it out`)
}

const MEANINGLESS = {
  path: ['noDelay', 'keepAlive', 'ipv6Only', 'reusePort'],
  fd: ['backlog', 'ipv6Only', 'reusePort'],
} as const

/** An endpoint as it is written in a call: `'localhost', 80` or `{ path: '/run/x.sock' }`. */
export function shownEndpoint(endpoint: Endpoint): string {
  if ('fd' in endpoint) return `{ fd: ${endpoint.fd} }`
  if ('path' in endpoint) return `{ path: '${shownHost(endpoint.path)}' }`
  return `'${shownHost(endpoint.host)}', ${endpoint.port}`
}

/** The address of what a connection is made to. */
export function addressOf(target: ConnectTarget): Address {
  return 'path' in target ? new Address('', 0, target.path) : new Address(target.host, target.port)
}
