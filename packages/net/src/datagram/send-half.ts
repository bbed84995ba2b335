/**
 * The sending half of a socket for datagrams: sends queue in the order in which they came, and the
 * driver has one of them at a time.
 */

import { ClosedError } from '@bluelet/scheduler'
import { type EventHandler, LATER, type Waiter } from '@bluelet/scheduler/lowlevel'
import type { DriverDatagrams, OutgoingDatagram } from '../driver/protocol.js'
import { datagramErrorOf, systemError } from '../driver/system-errors.js'
import { codeOf } from '../errors.js'
import { MAX_DATAGRAM } from './arguments.js'

/** What a task sends. */
export interface SendRequest {
  readonly batch: readonly OutgoingDatagram[]
  /** Whether it is a `sendMany`, which gives a number. */
  readonly many: boolean
}

/** What a send gives: its request alone has the type. */
type Answer = never

/** One send that is not done. */
interface PendingSend {
  readonly request: SendRequest
  /** Null until it is entered. */
  waiter: Waiter<Answer> | null
}

/** The outcome of a send. */
interface Sent {
  readonly count: number
  readonly error: Error | null
}

/** The handler of `send` and `sendMany`. */
export class SendHalf implements EventHandler<SendRequest, PendingSend | undefined, Answer> {
  readonly name = 'send'
  readonly external = 'datagram'
  /** Whether `connect` has been called, so that datagrams have no address of their own. */
  connected = false
  readonly #socket: DriverDatagrams
  readonly #owner: object
  /** The first one is with the driver. */
  readonly #queue: PendingSend[] = []
  /** Withdraws the first one. */
  #withdraw: (() => void) | null = null
  /** The first one, between the attempt that began it and its `enter`. */
  #attempted: PendingSend | null = null
  /** The outcome of a send that is done within the call of the driver. */
  #sent: Sent | null = null
  /** What the peer has caused, and no send has thrown. */
  #refusal: Error | null = null
  #closed = false

  constructor(socket: DriverDatagrams, owner: object) {
    this.#socket = socket
    this.#owner = owner
  }

  on(): object {
    return this.#owner
  }

  describe({ batch, many }: SendRequest): string {
    if (many) return `sendMany(${batch.length} datagrams)`
    const [{ data, to }] = batch as readonly [OutgoingDatagram]
    return `send(${data.length} bytes${to === undefined ? '' : ` to ${to}`})`
  }

  attempt(_waiter: Waiter<Answer>, request: SendRequest): Answer | typeof LATER {
    this.#check(request)
    if (this.#queue.length > 0) return LATER
    const pending: PendingSend = { request, waiter: null }
    this.#queue.push(pending)
    const sent = this.#begin(pending)
    if (sent === null) {
      this.#attempted = pending
      return LATER
    }
    this.#queue.shift()
    return this.#answer(request, sent)
  }

  enter(waiter: Waiter<Answer>, request: SendRequest): PendingSend | undefined {
    let pending = this.#attempted
    this.#attempted = null
    if (pending?.request === request) {
      pending.waiter = waiter
      return pending
    }
    this.#check(request)
    pending = { request, waiter }
    this.#queue.push(pending)
    if (this.#queue.length === 1) this.#advance()
    return pending
  }

  withdraw(_waiter: Waiter<Answer>, _request: SendRequest, pending: PendingSend | undefined): void {
    const index = this.#queue.indexOf(pending as PendingSend) // Not found: it is done.
    if (index < 0) return
    this.#queue.splice(index, 1)
    if (index > 0) return
    this.#withdraw?.()
    this.#advance()
  }

  /** Fails the pending sends and all later ones. */
  close(): void {
    this.#closed = true
    for (const { waiter, request } of this.#queue.splice(0)) {
      waiter?.throw(new ClosedError(`${this.describe(request)}: the socket has been closed`))
    }
  }

  /** @throws TypeError, ClosedError, DatagramError if the request cannot be sent now */
  #check(request: SendRequest): void {
    const operation = this.describe(request)
    if (this.#closed) throw new ClosedError(`${operation}: the socket is closed`)
    for (const { data, to } of request.batch) {
      if (to === undefined && !this.connected) {
        throw new TypeError(`${operation}: give the address to send to, or connect the socket first`)
      }
      if (to !== undefined && this.connected) {
        throw new TypeError(`${operation}: the socket is connected; leave the address out`)
      }
      if (data.length > MAX_DATAGRAM) throw datagramErrorOf(systemError('EMSGSIZE', 'send'), operation)
    }
  }

  /** Begins with the first of the queue, and goes on as long as the driver is done at once. */
  #advance(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const sent = this.#begin(first)
      if (sent === null) return
      this.#settle(first, sent)
    }
  }

  /** Gives the first one to the driver. @returns the outcome, if it is done at once */
  #begin({ request }: PendingSend): Sent | null {
    const refusal = this.#refusal
    this.#refusal = null
    if (refusal !== null) return { count: 0, error: refusal }
    let within = true
    this.#sent = null
    this.#withdraw = this.#socket.send(request.batch, (count, error) => {
      if (within) this.#sent = { count, error }
      else this.#done({ count, error })
    })
    within = false
    return this.#sent
  }

  /** The driver is done with the first one, later. */
  #done(sent: Sent): void {
    this.#settle(this.#queue[0] as PendingSend, sent) // It is the driver's until this call.
    this.#advance()
  }

  #settle(pending: PendingSend, sent: Sent): void {
    this.#queue.shift()
    try {
      const answer = this.#answer(pending.request, sent)
      pending.waiter?.resume(answer)
    } catch (error) {
      pending.waiter?.throw(error)
    }
  }

  #answer(request: SendRequest, { count, error }: Sent): Answer {
    // A datagram that cannot be sent fails again; what the peer has caused comes only once.
    if (count > 0 && error !== null && codeOf(error) === 'ECONNREFUSED') this.#refusal = error
    if (count === 0 && error !== null) throw datagramErrorOf(error, this.describe(request))
    return (request.many ? count : undefined) as Answer // The type of the event.
  }
}
