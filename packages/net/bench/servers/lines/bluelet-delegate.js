// Our line server with `yield*`, as the documents teach it.
import { serve } from '../bluelet.js'

function* liner(conn) {
  while (true) {
    const line = yield* conn.readline()
    if (!line.length) break
    yield* conn.sendall(line)
  }
}

await serve(liner)
