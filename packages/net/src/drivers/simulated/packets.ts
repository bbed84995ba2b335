/** The packets of a simulated network: their numbers, and the listeners that are told of them. */

import type { Address } from '../../driver/address.js'
import type { Packet, PacketChange } from '../../driver/packets.js'

/** Is told what happens to each packet. */
export type PacketListener = (event: PacketChange, packet: Packet) => void

/** All packets of one network. */
export class Packets {
  #lastId = 0
  readonly #listeners = new Set<PacketListener>()

  /** @returns stops calling back */
  listen(listener: PacketListener): () => void {
    const own: PacketListener = (event, packet) => listener(event, packet) // One for each call.
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** A packet is sent. */
  sent(from: Address, to: Address, bytes: number, sent: number, due: number): Packet {
    const packet: Packet = { id: ++this.#lastId, from, to, bytes, sent, due }
    this.tell('sent', packet)
    return packet
  }

  /** It has arrived, or is lost. */
  tell(event: PacketChange, packet: Packet): void {
    for (const listener of this.#listeners) listener(event, packet)
  }
}
