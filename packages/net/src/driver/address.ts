/**
 * The address of one end of a connection, as a user would print it. It resolves no names.
 */

import { shown } from '../check.js'

const IPV6_GROUPS = 8

/** A host and a port. */
export class Address {
  /**
   * The numeric host: `127.0.0.1`, `::1`. An IPv4 address is never written as `::ffff:127.0.0.1`.
   */
  readonly host: string
  /** The port, 0 to 65535. */
  readonly port: number

  /**
   * Makes an address.
   *
   * @param host the numeric host
   * @param port the port
   */
  constructor(host: string, port: number) {
    this.host = host.replace(/^::ffff:(?=\d+\.)/i, '')
    this.port = port
  }

  /** The version of IP: 4 or 6. */
  get family(): 4 | 6 {
    return this.host.includes(':') ? 6 : 4
  }

  /**
   * The client that the address stands for, as far as an address can tell: an IPv4 address stands
   * for itself, an IPv6 address for its /64 network, all of which belongs to one subscriber.
   */
  get owner(): string {
    if (this.family === 4) return this.host
    const [head = '', tail] = this.host.split('::')
    const groups = head === '' ? [] : head.split(':')
    if (tail !== undefined) {
      const rest = tail === '' ? 0 : tail.split(':').length
      while (groups.length + rest < IPV6_GROUPS) groups.push('0')
      groups.push(...tail.split(':'))
    }
    // Normalised, since an address may be written with leading zeros or in capitals.
    const network = groups.slice(0, IPV6_GROUPS / 2)
    return network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')
  }

  /** `127.0.0.1:4915`, `[::1]:4915`. */
  toString(): string {
    return this.family === 6 ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`
  }
}

/**
 * Whether a host contains a NUL byte. The system would read only what precedes it, so
 * `evil.example\0.ours.example` would pass a check of its end and reach another host: no driver
 * looks such a host up.
 */
export function hasNul(host: unknown): boolean {
  return typeof host === 'string' && host.includes('\0')
}

/** The length of the longest name (RFC 1035). */
const MAX_NAME = 255

/**
 * A host in a message. It may come from a client: a message is bounded, stays on its line, and
 * contains nothing that a terminal would obey.
 */
export function shownHost(host: string): string {
  const start = host.length > MAX_NAME ? `${host.slice(0, MAX_NAME)}...` : host
  return start.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character === '\0' ? '\\0' : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

/**
 * Checks a port.
 *
 * @throws RangeError if it is not an integer from 0 to 65535
 */
export function checkPort(operation: string, port: unknown): asserts port is number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return
  throw new RangeError(`${operation}(host, port): expected a port from 0 to 65535, got ${shown(port)}`)
}

/**
 * Checks a host.
 *
 * @throws TypeError if it is not a string
 */
export function checkHost(operation: string, host: unknown): asserts host is string {
  if (typeof host === 'string') return
  throw new TypeError(
    `${operation}(host, port): expected a host name or address as a string, got ${shown(host)}`,
  )
}
