// The room of the chat: who is in it, and what each does there. Part of a server: node --import tsx examples/chat/server.ts

import type { Connection } from '@bluelet/net'
import { type Coroutine, race } from '@bluelet/scheduler'
import { LONGEST_LINE, Member } from './member.js'

export class Room {
  readonly #members: Map<string, Member>

  constructor() {
    this.#members = new Map()
  }

  /** One client's stay: a coroutine for each. */
  *stay(conn: Connection): Coroutine<void> {
    const name = yield* this.#nameOf(conn)
    if (name === undefined) return
    const member = new Member(name, conn)
    this.#members.set(name, member)
    this.#tell(`* ${name} has joined`, member)
    let word = 'has left'
    try {
      word = yield* race([this.#listening(member, conn), member.sending(), member.overflowing()])
    } finally {
      this.#members.delete(name)
      this.#tell(`* ${name} ${word}`, member)
    }
  }

  /** Asks for a name until it is a good one; undefined: the client has gone. (By `yield` another could take it meanwhile.) */
  *#nameOf(conn: Connection): Coroutine<string | undefined> {
    while (true) {
      yield* conn.sendall('Your name: ')
      const line = yield* conn.readline()
      if (line.length === 0) return undefined
      const name = printable(line)
      if (!/^[\p{L}\p{N}_-]{1,20}$/u.test(name)) yield* conn.sendall('1 to 20 letters, digits, - or _\n')
      else if (this.#members.has(name)) yield* conn.sendall(`${name} is here already\n`)
      else return name
    }
  }

  *#listening(member: Member, conn: Connection): Coroutine<string> {
    while (true) {
      const line = yield* conn.readline('\n', { limit: LONGEST_LINE })
      if (line.length === 0) return 'has left'
      this.#tell(`${member.name}: ${printable(line)}`, member)
    }
  }

  #tell(line: string, from: Member): void {
    console.log(line)
    for (const member of this.#members.values()) if (member !== from) member.tell(line)
  }
}

/** A line without its end, and without what could move the cursor of those who read it. */
function printable(line: Buffer): string {
  return line.toString().replaceAll(/\p{Cc}/gu, '')
}
