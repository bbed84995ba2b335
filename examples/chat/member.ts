// One member of the chat: a name, a connection, and a bounded number of waiting lines. The room never waits for a member; a
// member that does not keep up is dropped. Part of the chat server:
//
//   node --import tsx examples/chat/server.ts

import type { Connection } from '@bluelet/net'
import { Channel, type Coroutine, Latch } from '@bluelet/scheduler'

/** In bytes, the limit of a terminal (termios(3)). */
export const MAX_LINE = 4096

/** Maximum number of waiting characters, many lines: a member that reads gets them within a turn or two. */
const MAX_WAITING = 65_536

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

  /** Adds a line to those that wait; a plain call. */
  tell(line: string): void {
    if (this.#waiting.length + line.length > MAX_WAITING) {
      this.#overflow.open()
      return
    }
    this.#waiting += `${line}\n`
    this.#news.trySend(null)
  }

  /** Waits until more lines wait than are allowed. */
  *overflowing(): Coroutine<string> {
    yield* this.#overflow.wait()
    return 'was dropped: too slow'
  }

  /** Sends all waiting lines at once, again and again. */
  *sending(): Coroutine<never> {
    while (true) {
      yield* this.#news.receive()
      const lines = this.#waiting
      this.#waiting = ''
      yield* this.#conn.sendall(lines)
    }
  }
}
