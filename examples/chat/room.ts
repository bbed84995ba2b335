// The room of the chat: its members, and what each of them does. A member that floods gets as slow as the slowest reader; no
// other does. Part of a server: node --import tsx examples/chat/server.ts

import type { Connection } from '@bluelet/net'
import { type Coroutine, race, Semaphore } from '@bluelet/scheduler'
import { MAX_LINE, Member } from './member.js'
import { nameIn, printable } from './text.js'

export class Room {
  readonly #members = new Map<string, Member>()

  /** Tells all others. `done` is called once each of them has been sent the line, or has left. */
  #tell(text: string, from: Member, done = () => {}): void {
    console.log(text)
    const others = [...this.#members.values()].filter((member) => member !== from)
    let left = others.length
    for (const other of others) other.tell({ text, done: () => --left || done() })
    if (left === 0) done()
  }

  /** Serves one client; a coroutine for each. */
  *stay(conn: Connection): Coroutine<void> {
    const name = yield* this.#nameOf(conn)
    if (name === undefined) return
    const member = new Member(name, conn)
    this.#members.set(name, member)
    this.#tell(`* ${name} has joined`, member)
    let word = 'has left'
    try {
      word = yield* race([this.#listening(member, conn), member.sending(), member.lagging()])
    } finally {
      this.#members.delete(name)
      member.leave()
      this.#tell(`* ${name} ${word}`, member)
    }
  }

  /** Asks for a name until it is valid; gives undefined if the client leaves. (Use `yield*`: after `yield`, it may be taken.) */
  *#nameOf(conn: Connection): Coroutine<string | undefined> {
    while (true) {
      yield* conn.sendall('Your name: ')
      const line = yield* conn.readline()
      if (line.length === 0) return undefined
      const name = nameIn(line)
      if (name === undefined) yield* conn.sendall('1 to 20 letters, digits, - or _\n')
      else if (this.#members.has(name)) yield* conn.sendall(`${name} is here already\n`)
      else return name
    }
  }

  *#listening(member: Member, conn: Connection): Coroutine<string> {
    const places = new Semaphore(4) // For its lines that wait for others: few, so that we keep little for a slow reader.
    while (true) {
      const line = yield* conn.readline('\n', { limit: MAX_LINE })
      if (line.length === 0) return 'has left'
      yield* places.acquire() // The client can send no more before we read again.
      this.#tell(`${member.name}: ${printable(line)}`, member, () => places.release())
    }
  }
}
