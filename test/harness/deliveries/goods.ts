// What is delivered, and the books of it.
import { Channel, type Event, Semaphore } from '@bluelet/scheduler'
import { type EventHandler, event, type Timer, type Waiter } from '@bluelet/scheduler/lowlevel'

/** An error of the program's own. */
export class Failure extends Error {}

/** A message of a channel. */
export class Message {
  /** How often a task has received it. */
  received = 0
}

/** A value that was made for its waiter: some task has it, or it was disposed of. */
export class Made {
  taken = 0
  disposed = 0
}

const PERMITS = 2

/** The channels, the permits and the made values of a program. */
export class Goods {
  readonly channels: readonly Channel<Message>[] = [new Channel(), new Channel({ capacity: 1 })]
  readonly semaphore: Semaphore = new Semaphore(PERMITS)
  readonly sent: Message[] = []
  readonly made: Made[] = []
  readonly complaints: string[] = []

  channel(n: number): Channel<Message> {
    return this.channels[n % this.channels.length] as Channel<Message>
  }

  /** Event: makes a value after some time. */
  make(ms: number): Event<Made> {
    const handler: EventHandler<number, Timer, Made> = {
      name: 'make',
      enter: (waiter, ms) =>
        waiter.scheduler.timers.add(
          waiter.scheduler.now() + ms,
          (waiter: Waiter<Made>) => {
            const made = new Made()
            this.made.push(made)
            waiter.resume(made)
          },
          waiter,
        ),
      withdraw: (waiter, _ms, timer) => waiter.scheduler.timers.remove(timer),
      discard: (_ms, made) => void made.disposed++,
    }
    return event(handler, ms)
  }

  /** Event: gives nothing, or fails, after some time. */
  after(ms: number, fails: boolean): Event<'nothing'> {
    const handler: EventHandler<number, Timer, 'nothing'> = {
      name: 'after',
      enter: (waiter, ms) =>
        waiter.scheduler.timers.add(
          waiter.scheduler.now() + ms,
          (waiter: Waiter<'nothing'>) => (fails ? waiter.throw(new Failure()) : waiter.resume('nothing')),
          waiter,
        ),
      withdraw: (waiter, _ms, timer) => waiter.scheduler.timers.remove(timer),
    }
    return event(handler, ms)
  }

  /** Keeps what a task was given, and gives the permits in it back. */
  keep(value: unknown): void {
    for (const each of contents(value)) {
      if (each instanceof Message) each.received++
      else if (each instanceof Made) each.taken++
      else this.#release()
    }
  }

  /** What a coroutine returns: it keeps what it holds once it is opened, or else disposes of it. */
  box(value: unknown): Box {
    return new Box(value, (contents) => {
      for (const each of contents) {
        if (each instanceof Message)
          each.received++ // The coroutine has received it.
        else if (each instanceof Made) each.disposed++
        else this.#release()
      }
    })
  }

  #release(): void {
    try {
      this.semaphore.release()
    } catch (error) {
      this.complaints.push(`${error}`)
    }
  }

  /** What is wrong once every task has ended. */
  check(): string[] {
    const found = [...this.complaints]
    const { permits } = this.semaphore
    if (permits !== PERMITS) found.push(`${PERMITS - permits} permits were lost`)
    for (const { taken, disposed } of this.made)
      if (taken + disposed !== 1)
        found.push(`a made value was taken ${taken} times and disposed of ${disposed} times`)
    for (const { received } of this.sent)
      if (received > 1) found.push(`a message was received ${received} times`)
    const there = this.channels.reduce((sum, channel) => sum + channel.size, 0)
    const received = this.sent.filter((message) => message.received > 0).length
    if (received + there !== this.sent.length)
      found.push(`${this.sent.length} messages were sent, ${received} received, and ${there} are left`)
    return found
  }
}

/** A value that a coroutine returns, with what it holds. */
export class Box {
  readonly value: unknown
  readonly #dispose: (contents: Iterable<unknown>) => void
  #open = false

  constructor(value: unknown, dispose: (contents: Iterable<unknown>) => void) {
    this.value = value
    this.#dispose = dispose
  }

  /** Takes what it holds. */
  open(): unknown {
    if (this.#open) throw new Error('a box was opened twice, or after its disposal')
    this.#open = true
    return this.value
  }

  [Symbol.dispose](): void {
    this.#dispose(contents(this.open()))
  }
}

/** The messages, permits (undefined) and made values in what a tree has given. */
function* contents(value: unknown): Generator<unknown, void> {
  if (Array.isArray(value)) for (const each of value) yield* contents(each)
  else if (value instanceof Box) yield* contents(value.open())
  else if (typeof value === 'object' && value !== null && 'status' in value) {
    if (value.status === 'fulfilled') yield* contents((value as PromiseFulfilledResult<unknown>).value)
  } else if (value !== 'nothing') yield value
}
