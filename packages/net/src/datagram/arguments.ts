/**
 * The arguments of sockets for datagrams, checked at the call.
 */

import { bytesOf, checkFlag, isCount, shown } from '../check.js'
import { Address, isMulticast, isNumeric, shownHost } from '../driver/address.js'
import type { DatagramSettings, GroupMembership, OutgoingDatagram } from '../driver/protocol.js'

/** The most bytes that a datagram of IPv4 carries: 65,535 less the headers of IP and UDP. */
export const MAX_DATAGRAM = 65_507

const MAX_PORT = 65_535
const MAX_TTL = 255
/** The system takes the size as a signed number of 32 bits. */
const MAX_BUFFER = 0x7fff_ffff
const DEFAULT_MAX_SIZE = 65_536
const DEFAULT_QUEUE = 256

/** Where a datagram goes: a numeric host and a port, such as the {@link Address} of a sender. */
export interface DatagramTarget {
  /** A numeric host: `127.0.0.1`, `::1`. A name is not looked up. */
  readonly host: string
  /** The port, 1 to 65535. */
  readonly port: number
}

/** A datagram for `sendMany`. */
export interface DatagramToSend {
  /** Its bytes; a string in UTF-8. */
  readonly data: string | Uint8Array
  /** Where it goes; left out on a connected socket. */
  readonly to?: DatagramTarget
}

/** How to take part in a multicast group. */
export interface GroupOptions {
  /**
   * The address of the interface: its IPv4 address for a group of IPv4; `::%eth0` for a group of
   * IPv6 and the interface `eth0`. Default: the system's choice.
   */
  readonly interface?: string
  /** The address of the only sender to receive from. Default: every sender. */
  readonly source?: string
}

/** What a socket is opened with, apart from its driver. */
export type SocketTarget = Partial<DatagramSettings>

/** @throws TypeError, RangeError if one of the settings is invalid */
export function settingsOf(options: SocketTarget): DatagramSettings {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`udp(options): expected an object, got ${shown(options)}`)
  }
  const { host = '', port = 0, reuseAddress = false, reusePort = false, broadcast = false } = options
  const { receiveBuffer, maxSize = DEFAULT_MAX_SIZE, queue = DEFAULT_QUEUE } = options
  if (typeof host !== 'string') throw new TypeError(`udp: host: expected a string, got ${shown(host)}`)
  checkPort(port, 0, 'udp: port')
  checkFlag(reuseAddress, 'udp: reuseAddress')
  checkFlag(reusePort, 'udp: reusePort')
  checkFlag(broadcast, 'udp: broadcast')
  if (receiveBuffer !== undefined) checkInteger(receiveBuffer, 1, MAX_BUFFER, 'udp: receiveBuffer')
  checkInteger(maxSize, 1, DEFAULT_MAX_SIZE, 'udp: maxSize')
  checkInteger(queue, 1, Number.MAX_SAFE_INTEGER, 'udp: queue')
  return { host, port, reuseAddress, reusePort, broadcast, receiveBuffer, maxSize, queue }
}

/** @throws TypeError, RangeError if the data or the address is invalid */
export function outgoing(data: unknown, to: unknown, operation: string): OutgoingDatagram {
  const bytes = bytesOf(data as string, operation) // It checks the type.
  return { data: bytes, to: to === undefined ? undefined : targetOf(to, operation) }
}

/** @throws TypeError, RangeError if the list or one of its datagrams is invalid */
export function outgoingList(list: unknown): OutgoingDatagram[] {
  if (!Array.isArray(list)) throw new TypeError(`sendMany(list): expected an array, got ${shown(list)}`)
  return list.map((datagram, i) => {
    if (typeof datagram !== 'object' || datagram === null) {
      throw new TypeError(`sendMany(list)[${i}]: expected { data, to }, got ${shown(datagram)}`)
    }
    return outgoing(datagram.data, datagram.to, `sendMany(list)[${i}]`)
  })
}

function targetOf(to: unknown, operation: string): Address {
  const { host, port } = (typeof to === 'object' && to !== null ? to : {}) as Partial<Address>
  if (typeof host !== 'string') {
    throw new TypeError(`${operation}: to: expected an Address, or { host, port }, got ${shown(to)}`)
  }
  if (!isNumeric(host)) {
    throw new TypeError(
      `${operation}: to: expected a numeric host, got '${shownHost(host)}'; connect the socket to look a name up`,
    )
  }
  checkPort(port, 1, `${operation}: to: port`)
  return to instanceof Address ? to : new Address(host, port)
}

/** @throws TypeError if the group or one of the options is not a numeric address */
export function membershipOf(operation: string, group: unknown, options: GroupOptions): GroupMembership {
  if (typeof group !== 'string' || !isMulticast(group)) {
    throw new TypeError(
      `${operation}(group): expected a multicast address (224.0.0.0 to 239.255.255.255, or ff00::/8), got ${shown(group)}`,
    )
  }
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${operation}(group, options): expected an object, got ${shown(options)}`)
  }
  const { interface: by, source } = options
  checkNumeric(by, `${operation}: interface`)
  checkNumeric(source, `${operation}: source`)
  return { group, interface: by, source }
}

function checkNumeric(host: unknown, what: string): void {
  if (host === undefined || (typeof host === 'string' && isNumeric(host))) return
  throw new TypeError(`${what}: expected a numeric address, got ${shown(host)}`)
}

/** @throws RangeError if it is not a number of hops, from `min` to 255 */
export function checkTtl(ttl: unknown, min: number, what: string): number {
  return checkInteger(ttl, min, MAX_TTL, what)
}

/** @throws RangeError if it is not a positive number of datagrams */
export function checkMaxDatagrams(max: unknown): number {
  if (isCount(max) && max > 0 && Number.isFinite(max)) return max
  throw new RangeError(`recvMany(max): expected a positive number of datagrams, got ${shown(max)}`)
}

function checkPort(port: unknown, min: number, what: string): asserts port is number {
  checkInteger(port, min, MAX_PORT, what)
}

function checkInteger(value: unknown, min: number, max: number, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`
  throw new RangeError(`${what}: expected an integer, ${range}, got ${shown(value)}`)
}
