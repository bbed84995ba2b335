/**
 * A client of the monitor's socket: it sends a command a line, and gets the answer. There is no
 * prompt and nothing else between the answers, so that they can be written to files.
 */

import type { Coroutine } from '@bluelet/scheduler'
import { LimitError } from '../errors.js'
import type { Connection } from '../socket/connection.js'

/** The longest command in bytes. */
const MAX_COMMAND = 200

/** Answers the commands of one client until it ends its side, or sends `quit`. */
export function* serveClient(
  conn: Connection,
  ask: (command: string) => PromiseLike<string>,
): Coroutine<void> {
  while (true) {
    const line = yield* commandFrom(conn)
    if (line === null) return
    const command = line.trim()
    if (command === 'quit' || command === 'exit') return
    if (command === '') continue
    if (/[^\x20-\x7e]/.test(command)) {
      yield* conn.sendall('a command consists of printable ASCII; help lists the commands\n')
      continue
    }
    const text = (yield ask(command)) as string // What the promise gives.
    yield* conn.sendall(text)
  }
}

/** The next line; null at the end, and after a line that is too long. */
function* commandFrom(conn: Connection): Coroutine<string | null> {
  try {
    return yield* conn.readline('\n', { encoding: 'latin1', limit: MAX_COMMAND })
  } catch (error) {
    if (!(error instanceof LimitError)) throw error
    yield* conn.sendall(`a command has at most ${MAX_COMMAND} bytes; help lists the commands\n`)
    return null
  }
}
