/**
 * A socket that is recorded: it does what the driver's own socket does, and writes what that gave.
 * Whether something is recorded changes no answer and no order of calls.
 */

import type { IoCause, NetworkLog } from '@bluelet/scheduler/trace'
import type { Address } from '../driver/address.js'
import { addressOf, type ConnectTarget } from '../driver/endpoint.js'
import {
  CLOSED,
  type DriverSocket,
  FAILED,
  LINGERING,
  type Observer,
  type PeerCredentials,
  READABLE,
  WRITABLE,
} from '../driver/protocol.js'
import type { TlsState } from '../driver/tls.js'
import type { End } from './ends.js'
import type { Recorder, Resource } from './recorder.js'
import { SentBytes } from './sent-bytes.js'

/** A socket of a simulated network says which one is at its other end. */
interface WithPeer {
  readonly peer?: object | null
}

/** A socket of any driver, recorded. */
export class RecordedSocket implements DriverSocket, Observer, Resource, End {
  /** Left out if the driver leaves it out. */
  declare readInto?: (target: Uint8Array) => number | null
  /** Left out if the driver leaves it out. */
  declare writePart?: (bytes: Uint8Array, start: number, end: number) => number
  /** Left out if the driver leaves it out. */
  declare readonly tls?: TlsState
  id = 0
  epoch = 0
  peer: RecordedSocket | null = null
  outside = false
  /** The event that began the connection: the connect of a client. */
  origin: number | null = null
  readonly #recorder: Recorder
  readonly #inner: DriverSocket
  #observer: Observer | null = null
  /** Of a client, until it is connected. */
  #connecting: boolean
  readonly #sent = new SentBytes()
  /** The number of these bytes that the driver has not got. */
  #collected = 0
  /** The number of bytes that were read, recorded or not. */
  #received = 0
  /** The event that ended our side; null while there is none. */
  #end: number | null = null
  /** Whether the end of what can be read, or the failure of a read, has been recorded. */
  #inputOver = false
  /** Whether the failure of a write has been recorded. */
  #outputOver = false
  #closed = false

  /** @param to what it connects to; undefined if it was accepted */
  constructor(recorder: Recorder, inner: DriverSocket, to?: ConnectTarget) {
    this.#recorder = recorder
    this.#inner = inner
    this.#connecting = to !== undefined
    if (inner.tls !== undefined) this.tls = inner.tls
    if (inner.readInto !== undefined) this.readInto = readInto
    if (inner.writePart !== undefined) this.writePart = writePart
    recorder.add(this, this)
    if (to === undefined) recorder.ends.accepted(this, inner)
    else recorder.ends.connects(this, inner, to)
  }

  get observer(): Observer | null {
    return this.#observer
  }

  set observer(observer: Observer | null) {
    this.#observer = observer
    this.#inner.observer = observer === null ? null : this
  }

  get localAddress(): Address | undefined {
    return this.#inner.localAddress
  }

  get remoteAddress(): Address | undefined {
    return this.#inner.remoteAddress
  }

  get unsent(): number {
    return this.#inner.unsent
  }

  get unacknowledged(): number {
    return this.#inner.unacknowledged as number // Undefined, as it is in a driver that cannot see it.
  }

  get credentials(): PeerCredentials | undefined {
    return this.#inner.credentials
  }

  get driversPeer(): object | null {
    return (this.#inner as WithPeer).peer ?? null
  }

  get at(): string {
    const { localAddress: local, remoteAddress: remote } = this
    return `${local ?? '?'} - ${remote ?? '?'}`
  }

  /** The events of an earlier recording mean nothing. */
  renew(): void {
    this.origin = null
    this.#end = null
  }

  /** The event that began the connection, if it is of a recording. */
  originIn(epoch: number): number | null {
    return this.epoch === epoch ? this.origin : null
  }

  /** The event with which the peer has ended its side. */
  #causeOfEnd({ epoch }: Recorder): number | null {
    return this.peer?.epoch === epoch ? this.peer.#end : null
  }

  /** It is being connected. */
  begins(to: ConnectTarget): void {
    const { log } = this.#recorder
    if (log !== null)
      this.origin = log.resource('connect', this.#recorder.begin(this, log), `${addressOf(to)}`)
  }

  read(max: number): Buffer | null {
    try {
      const bytes = this.#inner.read(max)
      if (bytes !== null) this.received(bytes.length, bytes)
      return bytes
    } catch (error) {
      throw this.readFailed(error)
    }
  }

  write(bytes: Uint8Array): number {
    try {
      const taken = this.#inner.write(bytes)
      if (taken > 0) this.wrote(bytes, 0, taken)
      return taken
    } catch (error) {
      throw this.writeFailed(error)
    }
  }

  /** It is written now, in the step that sends it, and not when the driver gets it. */
  collected(data: string | Uint8Array, length: number): void {
    this.#collected += length
    this.#wrote(data, length)
  }

  shutdown(): void {
    this.#inner.shutdown()
    const { log } = this.#recorder
    if (log !== null && this.#end === null) {
      this.#end = log.io('shutdown', this.#recorder.idOf(this, log), 0, undefined, null)
    }
  }

  close(linger: boolean, unread?: boolean): void {
    this.#ends('close')
    this.#inner.close(linger, unread)
  }

  reset(): void {
    this.#ends('reset')
    this.#inner.reset()
  }

  #ends(op: 'close' | 'reset'): void {
    if (this.#closed) return
    this.#closed = true
    this.#recorder.ends.closed(this)
    const { log } = this.#recorder
    if (log !== null) this.#end = log.resource(op, this.#recorder.idOf(this, log))
  }

  // Called by the driver's socket.

  ready(what: number): void {
    const { log } = this.#recorder
    if (log === null) {
      this.#noticeConnection(what, null)
      this.#observer?.ready(what)
      return
    }
    log.ready(this.#recorder.idOf(this, log), causeOf(what))
    try {
      this.#noticeConnection(what, log)
      this.#observer?.ready(what)
    } finally {
      log.over()
    }
  }

  #noticeConnection(what: number, log: NetworkLog | null): void {
    if (!this.#connecting) return
    this.#connecting = false
    if ((what & (FAILED | CLOSED)) !== 0) this.#recorder.ends.gaveUp(this)
    else {
      this.#recorder.ends.connected(this)
      if (log !== null) log.io('connected', this.id, 0, undefined, this.origin)
    }
  }

  // For the methods that a driver may leave out.

  /** @internal */
  get inner(): DriverSocket {
    return this.#inner
  }

  /** A read has given bytes, or none at the end. @internal */
  received(count: number, bytes: Uint8Array): void {
    this.#received += count
    const recorder = this.#recorder
    const { log } = recorder
    if (log === null) return
    const id = recorder.idOf(this, log)
    if (count > 0) {
      const cause = this.peer === null ? null : this.peer.#sent.originOf(this.#received, recorder.epoch)
      log.io('read', id, count, bytes, cause)
    } else if (!this.#inputOver) {
      this.#inputOver = true
      log.io('end', id, 0, undefined, this.#causeOfEnd(recorder))
    }
  }

  /** A write has taken bytes. @internal */
  wrote(bytes: Uint8Array, start: number, count: number): void {
    const known = Math.min(count, this.#collected)
    this.#collected -= known
    if (known === count) return
    const first = start + known
    const whole = first === 0 && count === bytes.length
    this.#wrote(whole ? bytes : bytes.subarray(first, start + count), count - known)
  }

  #wrote(data: string | Uint8Array, count: number): void {
    const recorder = this.#recorder
    const { log } = recorder
    this.#sent.total += count
    if (log === null) return
    const event = log.io('write', recorder.idOf(this, log), count, data, null)
    if (!this.outside) this.#sent.add(count, event, recorder.epoch)
  }

  /** A read has thrown. @returns the error @internal */
  readFailed(error: unknown): unknown {
    if (!this.#inputOver) this.#inputOver = this.#failed(error)
    return error
  }

  /** A write has thrown. @returns the error @internal */
  writeFailed(error: unknown): unknown {
    if (!this.#outputOver) this.#outputOver = this.#failed(error)
    return error
  }

  /** @returns whether it was recorded */
  #failed(error: unknown): boolean {
    const recorder = this.#recorder
    const { log } = recorder
    if (log === null || this.#closed) return false
    log.io('failed', recorder.idOf(this, log), 0, error, this.#causeOfEnd(recorder))
    return true
  }
}

function readInto(this: RecordedSocket, target: Uint8Array): number | null {
  try {
    const count = this.inner.readInto?.(target) ?? null
    if (count !== null) this.received(count, count === target.length ? target : target.subarray(0, count))
    return count
  } catch (error) {
    throw this.readFailed(error)
  }
}

function writePart(this: RecordedSocket, bytes: Uint8Array, start: number, end: number): number {
  try {
    const taken = this.inner.writePart?.(bytes, start, end) ?? 0
    if (taken > 0) this.wrote(bytes, start, taken)
    return taken
  } catch (error) {
    throw this.writeFailed(error)
  }
}

/** What a driver says, as a cause. */
function causeOf(what: number): IoCause['op'] {
  if ((what & FAILED) !== 0) return 'failed'
  if ((what & READABLE) !== 0) return 'read'
  if ((what & WRITABLE) !== 0) return 'writable'
  return (what & (CLOSED | LINGERING)) !== 0 ? 'closed' : 'writable'
}
