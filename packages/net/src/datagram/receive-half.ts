/**
 * The receiving half of a socket for datagrams: its one reader, and the datagrams that came in the
 * same batch as one that was requested.
 */

import { ClosedError } from '@bluelet/scheduler'
import { type EventHandler, LATER, type Waiter } from '@bluelet/scheduler/lowlevel'
import type { Datagram, DriverDatagrams, Observer } from '../driver/protocol.js'
import { datagramErrorOf } from '../driver/system-errors.js'
import { BusyError } from '../errors.js'

/** The argument of `recv`. Any other number is that of `recvMany`, which gives an array. */
export const ONE = 0

/**
 * How many datagrams a `recv` takes from the driver: a call of the system costs more than a
 * datagram.
 */
const BATCH = 64

/** What a receive gives: a datagram, or an array of them. Its argument alone has the type. */
type Answer = never

/** The handler of `recv` and `recvMany`. The argument is the maximum, or ONE. */
export class ReceiveHalf implements EventHandler<number, undefined, Answer>, Observer {
  readonly name = 'recv'
  readonly external = 'datagram'
  readonly receives = true
  readonly #socket: DriverDatagrams
  readonly #owner: object
  /** Datagrams that no task has received. */
  #unread: Datagram[] = []
  #waiter: Waiter<Answer> | null = null
  /** The waiter's maximum. */
  #max = ONE
  #closed = false

  constructor(socket: DriverDatagrams, owner: object) {
    this.#socket = socket
    this.#owner = owner
  }

  on(): object {
    return this.#owner
  }

  describe(max: number): string {
    return max === ONE ? 'recv()' : `recvMany(${max})`
  }

  attempt(_waiter: Waiter<Answer>, max: number): Answer | typeof LATER {
    if (this.#waiter !== null) throw this.#busyError(max)
    return this.#try(max)
  }

  enter(waiter: Waiter<Answer>, max: number): undefined {
    const answer: Answer | typeof LATER = this.attempt(waiter, max)
    if (answer !== LATER) {
      waiter.resume(answer)
      return
    }
    this.#waiter = waiter
    this.#max = max
  }

  withdraw(): void {
    this.#waiter = null
  }

  /** Puts datagrams back in front that their reader cannot receive. */
  discard(_max: number, answer: Datagram | Datagram[]): void {
    if (this.#closed) return
    this.#unread = Array.isArray(answer) ? [...answer, ...this.#unread] : [answer, ...this.#unread]
    this.ready()
  }

  ready(): void {
    const waiter = this.#waiter
    if (waiter === null) return
    let answer: Answer | typeof LATER
    try {
      answer = this.#try(this.#max)
    } catch (error) {
      this.#waiter = null
      waiter.throw(error)
      return
    }
    if (answer === LATER) return
    this.#waiter = null
    waiter.resume(answer)
  }

  /** Fails the pending receive and all later ones. */
  close(): void {
    this.#closed = true
    this.#unread = []
    const waiter = this.#waiter
    this.#waiter = null
    waiter?.throw(new ClosedError(`${this.describe(this.#max)}: the socket has been closed`))
  }

  #try(max: number): Answer | typeof LATER {
    return this.#take(max) as Answer | typeof LATER // The type of the event.
  }

  #take(max: number): Datagram | Datagram[] | typeof LATER {
    if (this.#closed) throw new ClosedError(`${this.describe(max)}: the socket is closed`)
    if (this.#unread.length === 0) {
      const received = this.#receive(max)
      if (received === null) return LATER
      if (max !== ONE) return received
      this.#unread = received
    }
    if (max !== ONE) return this.#unread.splice(0, max)
    return this.#unread.shift() as Datagram // There is one.
  }

  #receive(max: number): Datagram[] | null {
    try {
      return this.#socket.receive(max === ONE ? BATCH : max)
    } catch (error) {
      throw datagramErrorOf(error as Error, this.describe(max)) // Made by the driver.
    }
  }

  #busyError(max: number): BusyError {
    return new BusyError(
      `${this.describe(max)}: ${this.#waiter?.task} is receiving from this socket, in ${this.describe(this.#max)}; only one task at a time can receive`,
    )
  }
}
