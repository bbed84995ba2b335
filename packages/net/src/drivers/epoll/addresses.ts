/**
 * What the native part says of the two ends of a socket, as text.
 */

import { Address } from '../../driver/address.js'
import type { PeerCredentials } from '../../driver/protocol.js'

/** What the address of a Unix socket begins with; its path follows. */
export const UNIX = 'unix:'

/** Whether the text is the address of a Unix socket. */
export function isUnix(text: string): boolean {
  return text.startsWith(UNIX)
}

/** The address in `host port` or `unix:path`; undefined if the text is empty. */
export function parse(text: string): Address | undefined {
  if (isUnix(text)) return new Address('', 0, text.slice(UNIX.length))
  const space = text.lastIndexOf(' ')
  return space < 0 ? undefined : new Address(text.slice(0, space), Number(text.slice(space + 1)))
}

/** The credentials in `pid uid gid`. */
export function credentialsIn(text: string): PeerCredentials {
  const [pid = 0, uid = 0, gid = 0] = text.split(' ').map(Number)
  return { pid, uid, gid }
}
