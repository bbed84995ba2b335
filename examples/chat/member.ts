// One member of the chat: a name, a connection, and the lines that wait for it, which are bounded. The room tells, and waits for nobody;
// who does not keep up is to be dropped. Part of the chat server:
//
//   node --import tsx examples/chat/server.ts

import type { Connection } from '@bluelet/net'
import { Channel, type Coroutine, Latch } from '@bluelet/scheduler'

/** In bytes, as a terminal has it (termios(3)). */
export const LONGEST_LINE = 4096

/** How many characters may wait, many lines: a member who reads at all has them within a turn or two. */
const MOST_WAITING = 65_536

export class Member {
  readonly name: string
  readonly #conn: Connection
  #waiting: string
  readonly #news: Channel<null>
  readonly #overflow: Latch

  constructor(name: string, conn: Connection) {
    this.name = name
    this.#conn = conn
    this.#waiting = ''
    this.#news = new Channel({ capacity: 1 })
    this.#overflow = new Latch()
  }

  /** Leaves a line for it; a plain call. */
  tell(line: string): void {
    if (this.#waiting.length + line.length > MOST_WAITING) {
      this.#overflow.open()
      return
    }
    this.#waiting += `${line}\n`
    this.#news.trySend(null)
  }

  /** Waits until more is told than it takes. */
  *overflowing(): Coroutine<string> {
    yield* this.#overflow.wait()
    return 'was dropped: too slow'
  }

  /** Sends what waits, all at once, again and again. */
  *sending(): Coroutine<never> {
    while (true) {
      yield* this.#news.receive()
      const lines = this.#waiting
      this.#waiting = ''
      yield* this.#conn.sendall(lines)
    }
  }
}
