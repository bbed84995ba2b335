/**
 * Which send of this process a datagram came from: the oldest that was sent from its sender's
 * address to its receiver's, has the same bytes, and has not arrived. Datagrams that are lost, or
 * arrive twice, so leave the others as they are.
 */

import { type Address, isMulticast, isWildcard } from '../driver/address.js'
import type { Datagram, OutgoingDatagram } from '../driver/protocol.js'

/** So many of the latest datagrams are remembered, and of their bytes. */
const MAX_REMEMBERED = 1024
const MAX_BYTES = 1 << 20

/** One that was sent. */
interface SentDatagram {
  /** The socket's address at the time. */
  readonly from: Address
  readonly to: Address
  readonly bytes: Uint8Array
  readonly event: number
  arrived: boolean
}

/** The datagrams that this process has sent lately. */
export class SentDatagrams {
  /** The latest last. */
  #sent: SentDatagram[] = []
  #bytes = 0

  /** Remembers a datagram. */
  add(from: Address, to: Address, { data }: OutgoingDatagram, event: number): void {
    this.#sent.push({ from, to, bytes: Uint8Array.from(data), event, arrived: false })
    this.#bytes += data.length
    while (this.#sent.length > MAX_REMEMBERED || this.#bytes > MAX_BYTES) {
      this.#bytes -= this.#sent.shift()?.bytes.length ?? this.#bytes
    }
  }

  /** The event that sent a datagram; null if it came from outside. */
  originOf({ data, from, truncated }: Datagram, receiver: Address): number | null {
    const candidates = this.#sent.filter(
      (sent) =>
        isAt(sent.from, from) &&
        (isAt(receiver, sent.to) || (isForMany(sent.to) && sent.to.port === receiver.port)) &&
        (truncated ? data.equals(sent.bytes.subarray(0, data.length)) : data.equals(sent.bytes)),
    )
    const origin = candidates.find(({ arrived }) => !arrived) ?? candidates.at(-1)
    if (origin === undefined) return null
    origin.arrived = true
    return origin.event
  }

  /** Forgets them: the events of an earlier recording mean nothing. */
  clear(): void {
    this.#sent = []
    this.#bytes = 0
  }
}

/** Whether a socket with an address has another one, too. */
function isAt(address: Address, other: Address): boolean {
  return address.port === other.port && (isWildcard(address) || address.host === other.host)
}

function isForMany({ host }: Address): boolean {
  return host === '255.255.255.255' || isMulticast(host)
}
