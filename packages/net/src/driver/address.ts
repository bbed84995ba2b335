/**
 * The address of one end of a connection, as a user would print it. It resolves no names; what to
 * connect to is in `endpoint`.
 */

const IPV6_GROUPS = 8

/** A host and a port, or one end of a Unix socket. */
export class Address {
  /**
   * The numeric host: `127.0.0.1`, `::1`. An IPv4 address is never written as `::ffff:127.0.0.1`.
   * Empty for a Unix socket.
   */
  readonly host: string
  /** The port, 0 to 65535; 0 for a Unix socket. */
  readonly port: number
  /**
   * The path of a Unix socket; `@name` is an abstract name, `''` an end without a name, such as
   * most clients have. Undefined for a host and a port.
   */
  declare readonly path?: string

  /**
   * Makes an address.
   *
   * @param host the numeric host
   * @param port the port
   * @param path the path of a Unix socket, whose host is `''` and whose port is 0
   */
  constructor(host: string, port: number, path?: string) {
    this.host = host.replace(/^::ffff:(?=\d+\.)/i, '')
    this.port = port
    if (path !== undefined) this.path = path
  }

  /** The version of IP: 4 or 6; undefined for a Unix socket. */
  get family(): 4 | 6 | undefined {
    if (this.path !== undefined) return undefined
    return this.host.includes(':') ? 6 : 4
  }

  /**
   * The client that the address stands for, as far as an address can tell: an IPv4 address stands
   * for itself, an IPv6 address for its /64 network, all of which belongs to one subscriber.
   * Undefined for a Unix socket: all its clients look alike.
   */
  get owner(): string | undefined {
    if (this.family !== 6) return this.path === undefined ? this.host : undefined
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

  /** `127.0.0.1:4915`, `[::1]:4915`, `unix:/run/echo.sock`, `unix:` for an end without a name. */
  toString(): string {
    if (this.path !== undefined) return `unix:${this.path}`
    return this.family === 6 ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`
  }
}

/** Whether it stands for every address of the machine. */
export function isWildcard({ host }: Address): boolean {
  return host === '0.0.0.0' || host === '::'
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/
/** Its letters; the system checks the rest. */
const IPV6 = /^[\da-f]*:[\da-f:]*:?[\da-f:.]*(?:%[^%\s]+)?$/i

/** Whether a host is an address in numbers, and no name. */
export function isNumeric(host: string): boolean {
  return IPV4.test(host) || IPV6.test(host)
}

/** Whether an address is that of a multicast group. */
export function isMulticast(host: string): boolean {
  return IPV4.test(host) ? /^2(?:2[4-9]|3\d)\./.test(host) : IPV6.test(host) && /^ff[\da-f]{2}:/i.test(host)
}

/** The address of an end of a Unix socket without a name. */
export const UNNAMED: Address = new Address('', 0, '')

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
 * A host or a path in a message. It may come from a client: a message is bounded, stays on its
 * line, and contains nothing that a terminal would obey.
 */
export function shownHost(host: string): string {
  const start = host.length > MAX_NAME ? `${host.slice(0, MAX_NAME)}...` : host
  return start.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character === '\0' ? '\\0' : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}
