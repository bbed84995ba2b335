/**
 * The part of a recording that a network writes: bytes, connections, packets, and which socket the
 * driver tells of right now.
 */

import { IO, IO_CAUSES, IO_OPS, PACKET, PACKET_OPS, RESOURCE, RESOURCE_OPS } from './entries.js'
import type { NetworkLog } from './network.js'
import type { Ring } from './ring.js'
import type { IoCause, IoEvent, PacketEvent, ResourceEvent } from './schema.js'

/** What happens to a socket, of which the driver tells right now. */
export interface Ready {
  readonly res: number
  op: IoCause['op']
  bytes: number
  io: number | null
}

/** What the sockets need of their recording. */
export interface SocketsOwner {
  readonly ring: Ring
  /** The time now. */
  time(): number
  /** The number of the `resume` that began the step that is under way; null between steps. */
  step(): number | null
  /** A value for people; undefined if values are not recorded. */
  shown(value: unknown): string | undefined
}

/** Writes what happens to sockets into a ring. */
export class Sockets implements NetworkLog {
  readonly #owner: SocketsOwner
  #lastResource = 0
  /** The number of the latest read of each socket. */
  readonly #reads = new Map<number, number>()
  /** What the driver tells of, innermost last. */
  readonly #ready: Ready[] = []

  constructor(owner: SocketsOwner) {
    this.#owner = owner
  }

  /** What the driver tells of right now, if it does. */
  get telling(): Ready | undefined {
    return this.#ready.at(-1)
  }

  /** The number of the latest read of a socket. */
  latestRead(res: number): number | undefined {
    return this.#reads.get(res)
  }

  newResource(): number {
    return ++this.#lastResource
  }

  io(
    op: IoEvent['op'],
    res: number,
    bytes: number,
    value: unknown,
    cause: number | null,
    made?: number,
  ): number {
    const { ring } = this.#owner
    const step = this.#step()
    const n = ring.add(
      IO,
      IO_OPS.indexOf(op),
      this.#owner.time(),
      res,
      cause,
      step === null ? 0 : ring.next - step,
      bytes,
      value === undefined ? undefined : this.#owner.shown(value),
    )
    if (made !== undefined) ring.extend({ made })
    if (op === 'read') this.#reads.set(res, n)
    const telling = this.telling
    if (telling?.res === res && op !== 'write' && op !== 'shutdown') {
      telling.op = op
      telling.bytes = bytes
      telling.io = n
    }
    return n
  }

  resource(op: ResourceEvent['op'], res: number, at?: string): number {
    if (op === 'close' || op === 'reset') this.#reads.delete(res)
    const { ring } = this.#owner
    return ring.add(RESOURCE, RESOURCE_OPS.indexOf(op), this.#owner.time(), res, this.#step(), 0, 0, at)
  }

  packet(op: PacketEvent['op'], id: number, from: string, to: string, bytes: number): number {
    return this.#owner.ring.add(
      PACKET,
      PACKET_OPS.indexOf(op),
      this.#owner.time(),
      id,
      null,
      0,
      bytes,
      from,
      to,
    )
  }

  ready(res: number, op: IoCause['op']): void {
    this.#ready.push({ res, op, bytes: 0, io: null })
  }

  over(): void {
    this.#ready.pop()
  }

  /** What the driver tells is no part of a step. */
  #step(): number | null {
    return this.#ready.length > 0 ? null : this.#owner.step()
  }
}

/** The index of what happened to a socket. */
export function ioCause(op: IoCause['op']): number {
  return IO_CAUSES.indexOf(op)
}
