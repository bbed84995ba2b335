// What was sent through a channel, and what came out.
import { Channel } from '@bluelet/scheduler'

/** A value that is sent. */
export interface Message {
  readonly channelRecord: ChannelRecord
  /** Counted up as the messages of a channel are sent. */
  readonly n: number
}

/** One channel, and what the tasks know of its messages. */
export class ChannelRecord {
  readonly channel: Channel<Message>
  readonly capacity: number
  readonly #sent: Message[] = []
  /** Those whose `send` has come back, so that a task must get them. */
  readonly #taken = new Set<Message>()
  /** Those of which the sender cannot know. */
  readonly #doubtful = new Set<Message>()
  readonly #received = new Set<Message>()
  /** The number of messages that combinations may receive, and give back. */
  #returned = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.channel = new Channel({ capacity })
  }

  next(): Message {
    const message = { channelRecord: this, n: this.#sent.length }
    this.#sent.push(message)
    return message
  }

  taken(message: Message): void {
    this.#taken.add(message)
  }

  doubt(message: Message): void {
    if (!this.#taken.has(message)) this.#doubtful.add(message)
  }

  mayReturn(): void {
    this.#returned++
  }

  /**
   * The largest number of messages that the channel may hold: what is given back goes in front,
   * over the capacity.
   */
  get max(): number {
    return this.capacity + this.#returned
  }

  /** @returns what is wrong with it */
  received(message: Message, last: number): string | undefined {
    if (this.#received.has(message)) return `message ${message.n} was received twice`
    this.#received.add(message)
    return message.n > last ? undefined : `message ${message.n} was received after ${last}`
  }

  /**
   * What is wrong when every task has ended: each message is with a receiver, or in the channel, or
   * was never sent.
   */
  complaint(): string | undefined {
    const there = this.#received.size + this.channel.size
    const least = this.#taken.size
    const most = this.#taken.size + this.#doubtful.size
    const unsent = [...this.#received].find((each) => !this.#taken.has(each) && !this.#doubtful.has(each))
    if (unsent !== undefined) return `message ${unsent.n} was received, although its send was withdrawn`
    if (there >= least && there <= most) return undefined
    return `${this.#taken.size} messages were sent (${this.#doubtful.size} doubtful), and ${there} are there`
  }
}
