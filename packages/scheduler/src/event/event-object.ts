/**
 * The event: an object that describes one request, and that `yield`, `yield*` and `await` all understand.
 *
 * There is one class for every kind of event: with a class for each the trampoline would see objects of many shapes, which
 * the engine looks at slowly.
 */

import type { Event, EventHandler, Request } from '../core/protocol.js'
import { capturing, copySite, noteSite } from '../diagnostics/call-sites.js'
import { addFrames } from '../diagnostics/error-trace.js'
import { Cancelled } from '../errors.js'
import { Scheduler } from '../loop/scheduler.js'

/**
 * Makes an event, for a handler of your own; the exported events are made by it too.
 *
 * @example
 * const NOW: EventHandler<undefined, void, number> = {
 *   name: 'now',
 *   enter: (waiter) => waiter.resume(waiter.scheduler.now()),
 *   withdraw() {},
 * }
 * const now = () => event<number>(NOW, undefined)
 *
 * @typeParam T what the yield gives
 * @param handler how the event is fulfilled
 * @param argument what the handler is called with
 */
// biome-ignore lint/suspicious/noExplicitAny: what a handler calls its argument and its wait is its own affair.
export function event<T, A = any>(handler: EventHandler<A, any, T>, argument: A): Event<T> {
  const made = new Description(handler as EventHandler, argument)
  if (capturing) noteSite(made)
  return made as unknown as Event<T> // The brand stands on the interface only.
}

/** What async code got for an event that it awaited: performed once, then shared. */
const performed = new WeakMap<Description, Promise<unknown>>()

/**
 * An event is its own iterator, and its own iterator result, while one `yield*` at a time iterates it:
 *
 *   [Symbol.iterator]()    done = false, value = undefined     taken
 *   next()                 value = the event itself            the trampoline sees it
 *   next(v)                done = true, value = v              `yield*` gives v
 *
 * Whoever comes while it is taken gets a fresh copy: two tasks that `yield*` one event must not mix up their values.
 */
class Description implements Request {
  readonly $handler: EventHandler
  readonly $argument: unknown
  done: boolean
  value: unknown

  constructor(handler: EventHandler, argument: unknown) {
    this.$handler = handler
    this.$argument = argument
    this.done = true
    this.value = undefined
  }

  [Symbol.iterator](): Description {
    if (!this.done) return this.#copy()[Symbol.iterator]()
    this.done = false
    this.value = undefined
    return this
  }

  #copy(): Description {
    const copy = new Description(this.$handler, this.$argument)
    if (capturing) copySite(this, copy)
    return copy
  }

  next(value: unknown): this {
    if (this.value === undefined) {
      this.value = this
    } else {
      this.done = true
      this.value = value
    }
    return this
  }

  /** An error at the yield; without this method `yield*` would turn it into a TypeError. */
  throw(error: unknown): never {
    this.done = true
    this.value = undefined
    if (!(error instanceof Cancelled)) addFrames(error)
    throw error
  }

  return(value: unknown): this {
    this.done = true
    this.value = value
    return this
  }

  // biome-ignore lint/suspicious/noThenProperty: `await event` performs it, in async code.
  then(resolved?: (value: unknown) => unknown, rejected?: (error: unknown) => unknown): Promise<unknown> {
    let promise = performed.get(this)
    if (promise === undefined) {
      promise = perform(this as unknown as Event) // The brand stands on the interface only.
      performed.set(this, promise)
    }
    return promise.then(resolved, rejected)
  }

  catch(rejected?: (error: unknown) => unknown): Promise<unknown> {
    return this.then(undefined, rejected)
  }

  finally(settled?: () => void): Promise<unknown> {
    return this.then().finally(settled)
  }

  get [Symbol.toStringTag](): string {
    return 'Event'
  }
}

/** Performs an event in a run of its own, which waits for whatever may come: what wakes it may belong to another run. */
function perform(event: Event): Promise<unknown> {
  const scheduler = new Scheduler()
  scheduler.hold()
  const promise = scheduler.run(function* () {
    try {
      return yield event
    } finally {
      scheduler.release()
    }
  })
  // At once: a promise in it may be rejected already, and somebody has to hear of that.
  scheduler.step()
  return promise
}
