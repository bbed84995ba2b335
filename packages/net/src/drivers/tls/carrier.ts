/**
 * The stream under a TLS socket of Node: a Duplex over a driver's socket, which carries ciphertext.
 *
 * It reads when it is told to, since its owner decides how much is read ahead. It writes what Node
 * gives it, one piece at a time, until the socket takes no more.
 */

import type { Duplex } from 'node:stream'
import type { DriverSocket } from '../../driver/protocol.js'
import { builtin } from '../builtin.js'
import type { NodeTurns } from './turns.js'

/** How many bytes of ciphertext are read at a time: what one try may hold beyond a request. */
const MAX_READ = 65_536

/** What a carrier tells its owner. */
export interface CarrierOwner {
  /** Whether more ciphertext is to be read. */
  readonly wantsMore: boolean
  /** The transport has ended, orderly or not. */
  transportEnded(): void
  /** Node has no more use for the stream. */
  carrierDestroyed(): void
}

/** What Node has written and the socket has not taken. */
interface Pending {
  readonly bytes: Buffer
  taken: number
  readonly done: (error?: Error | null) => void
}

export class Carrier {
  /** What Node reads and writes. */
  readonly stream: Duplex
  readonly #inner: DriverSocket
  readonly #owner: CarrierOwner
  #pending: Pending | null = null
  /** Why the socket takes nothing more; null while it may. */
  failure: Error | null = null
  /** Whether anything has arrived. */
  heard = false
  /** Whether the transport has ended. */
  #ended = false
  readonly #turns: NodeTurns
  /** How many of the two ends of TLS send nothing more. */
  #silent = 0

  constructor(inner: DriverSocket, owner: CarrierOwner, turns: NodeTurns) {
    this.#inner = inner
    this.#owner = owner
    this.#turns = turns
    const { Duplex } = builtin('node:stream', 'tls')
    this.stream = new Duplex({
      autoDestroy: false,
      read() {},
      write: (bytes: Buffer, _encoding, done) => this.#write(bytes, done),
      writev: (chunks, done) => this.#write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done),
      final: (done) => {
        this.#oneEnded()
        done()
      },
      destroy: (_error, done) => {
        done(null)
        owner.carrierDestroyed()
      },
    })
  }

  /** How many bytes of ciphertext wait here, or in the socket. */
  get held(): number {
    const pending = this.#pending
    try {
      return (pending === null ? 0 : pending.bytes.length - pending.taken) + this.#inner.unsent
    } catch (error) {
      this.failure = error as Error // A driver throws nothing else.
      return 0
    }
  }

  /** The peer sends nothing more. */
  peerEnded(): void {
    this.#oneEnded()
  }

  /**
   * Gives Node what has arrived, as far as the owner wants more.
   *
   * @throws the error of the socket
   */
  pump(): void {
    const { stream } = this
    while (!this.#ended && !stream.destroyed && this.#owner.wantsMore) {
      const bytes = this.#inner.read(MAX_READ)
      if (bytes === null) break
      if (bytes.length > 0) {
        this.heard = true
        // The end may be part of it, which Node tells in a later turn.
        this.#turns.begin()
        stream.push(bytes)
      } else {
        this.#ended = true
        this.#owner.transportEnded()
      }
    }
  }

  /**
   * Goes on with what the socket has not taken. If it fails, the rest is lost without an error for
   * Node, which would then decrypt nothing more of what has arrived before.
   *
   * @returns whether nothing of it waits any longer
   */
  flush(): boolean {
    const pending = this.#pending
    if (pending === null) return false
    try {
      if (!this.#hasTaken(pending)) return false
    } catch (error) {
      this.failure = error as Error
    }
    this.#pending = null
    pending.done()
    this.#turns.begin()
    return true
  }

  /** The memory is the socket's until then, and Node writes nothing else. */
  #hasTaken(pending: Pending): boolean {
    while (pending.taken < pending.bytes.length) {
      const taken = this.#inner.write(pending.bytes.subarray(pending.taken))
      if (taken === 0) return false
      pending.taken += taken
    }
    return this.#inner.unsent === 0
  }

  /**
   * The end of one side of TLS is a message, and the transport goes on for the other one. When both
   * have ended it ends, too, since the peer may await that.
   */
  #oneEnded(): void {
    if (++this.#silent === 2 && this.failure === null) this.#inner.shutdown()
  }

  #write(bytes: Buffer, done: Pending['done']): void {
    this.#pending = { bytes, taken: 0, done }
    this.flush()
  }
}
