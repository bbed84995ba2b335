/** The class Channel: values from task to task. */

import { inspect } from '../check.js'
import type { Event, EventHandler, Waiter } from '../core/protocol.js'
import { ClosedError } from '../errors.js'
import { event } from '../event/event-object.js'
import { RingQueue } from '../stores/ring-queue.js'
import { type Place, WaitQueue } from '../stores/wait-queue.js'

/** Options of a {@link Channel}. */
export interface ChannelOptions {
  /**
   * The number of values that it holds before `send` waits: an integer of 0 or more. By default
   * there is no bound. With 0 every `send` waits for its receiver.
   */
  readonly capacity?: number
  /**
   * Whether values come from outside the scheduler, by `trySend`. A task that waits for this
   * channel then holds the run open, and is never part of a deadlock. The default is false.
   */
  readonly external?: boolean
}

/**
 * A queue of values between tasks, first in, first out on both sides. A task that is killed while
 * it waits loses no value. A value that a combination has received and cannot give to its task,
 * such as an `all` that fails, is put back in front.
 *
 * @typeParam T the type of its values
 *
 * @example
 * const lines = new Channel<string>({ capacity: 16 })
 * yield* lines.send('hello')
 * const line = yield* lines.receive()
 */
export class Channel<T> {
  readonly #capacity: number
  readonly #values = new RingQueue<T>()
  readonly #senders = new WaitQueue<Waiter<void>, T>()
  readonly #receivers = new WaitQueue<Waiter<T>>()
  #closed = false
  readonly #send: EventHandler<T, Place<Waiter<void>, T> | undefined, void>
  readonly #receive: EventHandler<undefined, Place<Waiter<T>> | undefined, T>

  /**
   * Creates an empty channel.
   *
   * @throws RangeError if the capacity is not an integer of 0 or more
   */
  constructor(options: ChannelOptions = {}) {
    const { capacity = Number.POSITIVE_INFINITY, external = false } = options
    if (!(capacity >= 0) || (!Number.isInteger(capacity) && capacity !== Number.POSITIVE_INFINITY)) {
      throw new RangeError(
        `new Channel({ capacity }): expected an integer >= 0 or Infinity, got ${inspect(capacity)}`,
      )
    }
    this.#capacity = capacity
    const source = external ? { external: 'channel' } : {}
    this.#send = {
      name: 'channel.send',
      ...source,
      on: () => this,
      enter: (waiter, value) => {
        if (!this.#offer(value, waiter)) return this.#senders.join(waiter, value)
        waiter.resume()
        return undefined
      },
      withdraw: (_waiter, _value, place) => {
        if (place !== undefined) this.#senders.leave(place)
      },
    }
    this.#receive = {
      name: 'channel.receive',
      ...source,
      on: () => this,
      enter: (waiter) => {
        if (this.#values.size > 0 || this.#senders.first(waiter) !== undefined) {
          waiter.resume(this.#take(waiter))
          return undefined
        }
        this.#assertOpen('receive')
        return this.#receivers.join(waiter, undefined)
      },
      withdraw: (_waiter, _argument, place) => {
        if (place !== undefined) this.#receivers.leave(place)
      },
      // In front, over the capacity if need be. A closed channel keeps it for the next receiver.
      discard: (_argument, value) => {
        const receiver = this.#receivers.take()
        if (receiver !== undefined) receiver.waiter.resume(value)
        else this.#values.unshift(value)
      },
    }
  }

  /** Whether the channel is closed. */
  get closed(): boolean {
    return this.#closed
  }

  /** The number of values that have not been received. */
  get size(): number {
    return this.#values.size
  }

  /**
   * Event: sends a value, and waits while the channel is full. It throws {@link ClosedError} once
   * the channel is closed.
   */
  send(value: T): Event<void> {
    return event(this.#send, value)
  }

  /**
   * Event: receives the value that was sent first, and waits for one if there is none. It throws
   * {@link ClosedError} once the channel is closed and empty.
   */
  receive(): Event<T> {
    return event(this.#receive, undefined)
  }

  /**
   * Sends a value without waiting: a plain call for callbacks outside the scheduler.
   *
   * @returns whether the value was sent; false if the channel is full
   * @throws ClosedError if the channel is closed
   */
  trySend(value: T): boolean {
    return this.#offer(value, undefined)
  }

  /** Gives a value to a receiver, or else stores it, unless the channel is full. */
  #offer(value: T, by: Waiter<void> | undefined): boolean {
    this.#assertOpen('send')
    const receiver = this.#receivers.take(by)
    if (receiver !== undefined) receiver.waiter.resume(value)
    else if (this.#values.size < this.#capacity) this.#values.push(value)
    else return false
    return true
  }

  /**
   * Closes the channel: a plain call. The values that it holds can still be received. Tasks that
   * wait to send or to receive get a {@link ClosedError}. Closing it again does nothing.
   */
  close(): void {
    this.#closed = true
    for (let place = this.#receivers.take(); place !== undefined; place = this.#receivers.take()) {
      place.waiter.throw(new ClosedError('receive(): the channel has been closed'))
    }
    for (let place = this.#senders.take(); place !== undefined; place = this.#senders.take()) {
      place.waiter.throw(new ClosedError('send(value): the channel has been closed'))
    }
  }

  /**
   * Takes the first value, and lets the first waiting sender fill its place. There must be a value
   * or a sender.
   */
  #take(by: Waiter<T>): T {
    const sender = this.#values.size > this.#capacity ? undefined : this.#senders.take(by)
    if (sender !== undefined) {
      this.#values.push(sender.value)
      sender.waiter.resume()
    }
    const value = this.#values.shift()
    this.#values.trim()
    return value
  }

  #assertOpen(operation: string): void {
    if (this.#closed) throw new ClosedError(`${operation}: the channel is closed`)
  }
}
