// One member of the chat: a name, a connection, and the lines that wait for it. The room never waits for a member; a member that
// takes nothing is dropped. Part of the chat server: node --import tsx examples/chat/server.ts

import type { Connection } from '@bluelet/net'
import { Channel, type Coroutine, sleep } from '@bluelet/scheduler'

/** In bytes, the limit of a terminal (termios(3)). */
export const MAX_LINE = 4096

/** How many milliseconds a member may take for the lines that wait for it. One that reads takes a turn or two. */
const PATIENCE = Number(process.env.PATIENCE ?? 5000)

/** A line, and what is called once it has been sent, or its member has left. */
export interface Line {
  readonly text: string
  readonly done: () => void
}

export class Member {
  readonly name: string
  readonly #conn: Connection
  readonly #news = new Channel<null>({ capacity: 1 })
  #waiting: Line[] = []
  #sending: Line[] = []

  constructor(name: string, conn: Connection) {
    this.name = name
    this.#conn = conn
  }

  /** Adds a line to those that wait; a plain call. */
  tell(line: Line): void {
    this.#waiting.push(line)
    this.#news.trySend(null)
  }

  /** Sends all waiting lines at once, again and again. */
  *sending(): Coroutine<never> {
    while (true) {
      yield* this.#news.receive()
      this.#sending = this.#waiting.splice(0)
      yield* this.#conn.sendall(this.#sending.map(({ text }) => `${text}\n`).join(''))
      for (const { done } of this.#sending.splice(0)) done()
    }
  }

  /** Waits until the member has not taken in time what it was sent. */
  *lagging(): Coroutine<string> {
    for (let before: Line[] = []; ; before = this.#sending) {
      yield* sleep(PATIENCE)
      if (this.#sending.length > 0 && this.#sending === before) return 'was dropped: too slow'
    }
  }

  /** Gives up the lines that the member did not get. */
  leave(): void {
    for (const { done } of [...this.#sending, ...this.#waiting]) done()
  }
}
