/**
 * What the running version of Node can do here. Others do not say that they cannot.
 */

import { isAbstract } from '../../driver/endpoint.js'

/** Node supports `reusePort` since 22.12 and 23.1; earlier versions ignore it silently. */
export const REUSES_PORTS: boolean =
  isAtLeast(process.versions.node, [22, 12]) && !/^23\.0\./.test(process.versions.node)

/**
 * A socket of Node keeps the address of its peer once it has been read. Bun and Deno claim to be
 * Node, and may forget it.
 */
export const KEEPS_PEERS: boolean = process.versions.bun === undefined && process.versions.deno === undefined

/** Before 22, Node fills an abstract name with NUL bytes, so that no other program finds it. */
const NAMES_ABSTRACT_SOCKETS = isAtLeast(process.versions.node, [22, 0]) && process.platform === 'linux'

/** The longest path in bytes. Node cuts off a longer one, and so would use another file. */
const MAX_PATH = process.platform === 'linux' ? 107 : 103

/** The code of the error with which a path of a Unix socket is refused; undefined if it is fine. */
export function refusalOf(path: string): string | undefined {
  if (isAbstract(path) && !NAMES_ABSTRACT_SOCKETS) return 'ENOTSUP'
  return Buffer.byteLength(path) > MAX_PATH ? 'ENAMETOOLONG' : undefined
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
