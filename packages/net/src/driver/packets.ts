/** What a network tells of its packets, if it is one in memory: a real one has no such view. */

import type { Address } from './address.js'

/** A packet of a simulated network. */
export interface Packet {
  /** Its number among all packets of the network, from 1. */
  readonly id: number
  /** The address of the sender. */
  readonly from: Address
  /** The address of the receiver. */
  readonly to: Address
  /** The number of bytes of the stream or of the datagram; 0 if it carries none. */
  readonly bytes: number
  /** When it was sent, in milliseconds of the virtual time. */
  readonly sent: number
  /** When it is to arrive, unless an earlier packet of its direction arrives later. */
  readonly due: number
}

/** Something that happened to a packet. */
export type PacketChange = 'sent' | 'arrived' | 'lost'

/** A network whose packets can be observed. */
export interface PacketSource {
  /**
   * Calls back for each packet that is sent, that arrives or is lost.
   *
   * @returns stops calling back
   */
  onPacket(listener: (event: PacketChange, packet: Packet) => void): () => void
}
