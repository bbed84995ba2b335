/**
 * What a recording and the network that it records say to each other. Types only: the network is
 * that of `recordNetwork` in `@bluelet/net/trace`.
 */

import type { IoCause, IoEvent, PacketEvent, ResourceEvent } from './schema.js'

/** A network that can be recorded. */
export interface RecordedNetwork {
  /**
   * Writes what happens on the network into a recording from now on.
   *
   * @returns ends that
   */
  attach(log: NetworkLog): () => void
  /**
   * The id of the socket of an object that events wait for, such as a connection or a listener;
   * undefined if the object has none.
   */
  resourceOf(object: object): number | undefined
}

/** Where a network writes what happens. Each event is given its number. */
export interface NetworkLog {
  /** Gives a new id to a socket; ids of other resources come from the same sequence. */
  newResource(): number
  /**
   * Writes an `io` event.
   *
   * @param bytes their number; 0 where none were moved
   * @param value the bytes, or the error; undefined if there is neither
   * @param cause the number of the event that is the origin; null if it is outside
   * @param made the id of the connection that was accepted
   */
  io(
    op: IoEvent['op'],
    res: number,
    bytes: number,
    value: unknown,
    cause: number | null,
    made?: number,
  ): number
  /** Writes a `res` event. */
  resource(op: ResourceEvent['op'], res: number, at?: string): number
  /** Writes a `packet` event. */
  packet(op: PacketEvent['op'], id: number, from: string, to: string, bytes: number): number
  /**
   * The driver begins to say that something happened to a socket: what is woken until `over()` is
   * woken by it. A read or an accept meanwhile makes the cause more exact.
   */
  ready(res: number, op: IoCause['op']): void
  /** The driver has said it. */
  over(): void
}
