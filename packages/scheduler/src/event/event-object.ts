/**
 * The event: an object that describes one request, and that `yield`, `yield*` and `await` all
 * understand.
 *
 * Every kind of event has this one class. With a class for each kind the trampoline would see
 * objects of many shapes, whose fields the engine reads slowly.
 */

import type { Event, EventHandler, Request } from '../core/protocol.js'
import { Task } from '../core/task.js'
import { captureCallSite, capturing, copyCallSite } from '../diagnostics/call-sites.js'
import { addFrames } from '../diagnostics/error-trace.js'
import { runtimeOf, Scheduler } from '../loop/scheduler.js'

/**
 * Makes an event for a handler of your own. The exported events are made by it, too.
 *
 * @example
 * const NOW: EventHandler<undefined, void, number> = {
 *   name: 'now',
 *   enter: (waiter) => waiter.resume(waiter.scheduler.now()),
 *   withdraw() {},
 * }
 * const now = () => event<number>(NOW, undefined)
 *
 * @typeParam T the value of the yield
 * @param handler how the event is fulfilled
 * @param argument the argument of the handler
 */
// biome-ignore lint/suspicious/noExplicitAny: the types of the argument and of the wait belong to the handler.
export function event<T, A = any>(handler: EventHandler<A, any, T>, argument: A): Event<T> {
  const made = new EventObject(handler as EventHandler, argument)
  if (capturing) captureCallSite(made)
  return made as unknown as Event<T> // Only the interface has the brand.
}

/** The promises of awaited events: an event is performed once, and its promise is shared. */
const performed = new WeakMap<EventObject, Promise<unknown>>()

/**
 * An event is its own iterator, and its own iterator result, while one `yield*` at a time iterates
 * it:
 *
 *   [Symbol.iterator]()    done = false, value = undefined     taken
 *   next()                 value = the event itself            the trampoline sees it
 *   next(v)                done = true, value = v              `yield*` gives v
 *
 * If the event is already being iterated, the caller gets a copy: two tasks that `yield*` one event
 * must not mix up their values.
 */
class EventObject implements Request {
  readonly $handler: EventHandler
  readonly $argument: unknown
  done = true
  value: unknown = undefined

  constructor(handler: EventHandler, argument: unknown) {
    this.$handler = handler
    this.$argument = argument
  }

  [Symbol.iterator](): EventObject {
    if (!this.done) return this.#copy()[Symbol.iterator]()
    this.done = false
    this.value = undefined
    return this
  }

  #copy(): EventObject {
    const copy = new EventObject(this.$handler, this.$argument)
    if (capturing) copyCallSite(this, copy)
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

  /**
   * Passes on an error at the yield. Without this method `yield*` would turn it into a TypeError.
   */
  throw(error: unknown): never {
    this.done = true
    this.value = undefined
    addFrames(error)
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
      promise = perform(this as unknown as Event) // Only the interface has the brand.
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

/**
 * Performs an event in a run of its own, which waits for anything outside it: the task that wakes
 * it may be another run's.
 *
 * An event that gives a task, as `spawn` does, gives it at once. Its run continues until the task
 * has ended, and an error that nothing has joined by then is an unhandled rejection.
 */
function perform(event: Event): Promise<unknown> {
  const scheduler = new Scheduler()
  const runtime = runtimeOf(scheduler)
  runtime.ref()
  return new Promise((resolve, reject) => {
    let given = false
    const run = scheduler.run(function* () {
      try {
        const value: unknown = yield event
        given = value instanceof Task
        if (given) resolve(value)
        return value
      } finally {
        runtime.unref()
      }
    })
    run.then(resolve, (error: unknown) => {
      if (given) throw error
      reject(error)
    })
    // At once: a promise in it may already be rejected, and needs a listener before the engine
    // reports it.
    scheduler.step()
  })
}
