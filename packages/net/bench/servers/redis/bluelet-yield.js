// A subset of Redis with `yield`: one command at a time, as the documents teach it.
import { serve } from '../bluelet.js'
import { replyTo } from './commands.js'

function* session(conn) {
  while (true) {
    const head = yield conn.readline()
    if (!head.length) break
    const words = []
    for (let n = Number(head.toString('latin1', 1)); n > 0; n--) {
      const size = Number((yield conn.readline()).toString('latin1', 1))
      words.push((yield conn.readexactly(size + 2)).toString('latin1', 0, size))
    }
    yield conn.sendall(replyTo(words))
  }
}

await serve(session)
