/**
 * The memory of one batch of datagrams. All sockets of a thread share it, since a batch needs it
 * only within a call: what is received is copied to buffers of its own size.
 */

import { Address } from '../../driver/address.js'
import { EMPTY } from '../../driver/byte-queue.js'
import type { Datagram, OutgoingDatagram } from '../../driver/protocol.js'
import type { Native } from './native.js'
import { copied } from './received.js'

/** Datagrams in one batch, at most: the native part takes no more. */
export const MAX_BATCH = 64

/** The numbers of each in the table: its length, whether it was cut off, and those of its peer. */
const NUMBERS = 9
const TRUNCATED = 1
const FAMILY = 2
const PORT = 3

/** Longer datagrams are sent alone, from their own memory; shorter ones are copied, in a batch. */
const MAX_COPIED = 4096

const EINVAL = -22

/** An address that has been translated last: the next one is often the same. */
interface Translation {
  address: Address | null
  /** Those of the table, from FAMILY on. */
  readonly numbers: Int32Array
}

/** The last peers of a socket. */
export class KnownPeers {
  /** The sender of the last datagram, as the system gives it. */
  readonly sender: Translation = { address: null, numbers: new Int32Array(NUMBERS - FAMILY) }
  /** The last target that was not the sender, as the user has written it. */
  readonly target: Translation = { address: null, numbers: new Int32Array(NUMBERS - FAMILY) }
}

export class DatagramBatch {
  /** Why the last `send` has sent fewer than it was given: a negative errno; else 0. */
  failure = 0
  readonly #native: Native
  readonly #table = new Int32Array(MAX_BATCH * NUMBERS)
  /**
   * Grows to what the socket with the largest `maxSize` needs, by default 4 MiB, of which the
   * system provides only the pages that have been written to: one for each small datagram of a
   * batch.
   */
  #bytes: Buffer = EMPTY

  constructor(native: Native) {
    this.#native = native
  }

  /**
   * Receives up to `max` datagrams.
   *
   * @param size how many bytes of each
   * @returns at least one, or a negative errno
   */
  receive(fd: number, size: number, max: number, known: KnownPeers): Datagram[] | number {
    const table = this.#table
    const bytes = this.#room(MAX_BATCH * size)
    const count = this.#native.recvMany(fd, bytes, size, table, max)
    if (count < 0) return count
    const datagrams: Datagram[] = []
    for (let i = 0; i < count; i++) {
      const at = i * NUMBERS
      datagrams.push({
        data: copied(bytes, i * size, table[at] as number), // The length.
        from: this.#sender(i, known),
        truncated: table[at + TRUNCATED] === 1,
      })
    }
    return datagrams
  }

  /**
   * Sends datagrams in one call, from the index `start` on: as many as one call takes.
   *
   * @returns how many the system has taken; if it refuses one, `failure` is the reason
   */
  send(fd: number, datagrams: readonly OutgoingDatagram[], start: number, known: KnownPeers): number {
    const table = this.#table
    const { data } = datagrams[start] as OutgoingDatagram // There is one.
    const isAlone = start + 1 === datagrams.length || data.length > MAX_COPIED
    const bytes = isAlone ? data : this.#room(MAX_BATCH * MAX_COPIED)
    let count = 0
    for (let end = 0; count < (isAlone ? 1 : MAX_BATCH); count++) {
      const next = datagrams[start + count]
      if (next === undefined || (!isAlone && next.data.length > MAX_COPIED)) break
      if (!this.#enter(count, next, known)) break
      if (isAlone) continue
      bytes.set(next.data, end)
      end += next.data.length
    }
    this.failure = EINVAL
    if (count === 0) return 0
    const sent = this.#native.sendMany(fd, bytes, table, count)
    this.failure = sent < count ? (table[0] as number) : 0
    return sent
  }

  #room(size: number): Buffer {
    if (this.#bytes.length < size) this.#bytes = Buffer.allocUnsafeSlow(size)
    return this.#bytes
  }

  #sender(i: number, { sender }: KnownPeers): Address {
    const table = this.#table
    const { numbers } = sender
    const at = i * NUMBERS + FAMILY
    let isKnown = sender.address !== null
    for (let n = 0; n < numbers.length; n++) {
      if (numbers[n] === table[at + n]) continue
      numbers[n] = table[at + n] as number
      isKnown = false
    }
    if (isKnown) return sender.address as Address // It is not null.
    sender.address = new Address(this.#native.decode(table, i), table[i * NUMBERS + PORT] as number)
    return sender.address
  }

  /** Enters a datagram in the table. @returns false if its host is no address */
  #enter(i: number, { data, to }: OutgoingDatagram, { sender, target }: KnownPeers): boolean {
    const table = this.#table
    const at = i * NUMBERS
    table[at] = data.length
    if (to === undefined) {
      table[at + FAMILY] = 0
      return true
    }
    const { numbers } = isSame(sender.address, to) ? sender : target
    if (numbers === target.numbers && !isSame(target.address, to)) {
      if (this.#native.encode(to.host, table, i) < 0) return false
      table[at + PORT] = to.port
      for (let n = 0; n < numbers.length; n++) numbers[n] = table[at + FAMILY + n] as number
      target.address = to
      return true
    }
    for (let n = 0; n < numbers.length; n++) table[at + FAMILY + n] = numbers[n] as number
    return true
  }
}

function isSame(known: Address | null, { host, port }: Address): boolean {
  return known !== null && known.port === port && known.host === host
}
