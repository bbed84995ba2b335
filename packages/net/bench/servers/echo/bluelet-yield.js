// Our echo server with `yield`, on the given driver. Without the file that our others share: the
// start of this one is measured.
import { server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'
import { BACKLOG, bufferBytes, listening } from '../control.js'

function* echoer(conn) {
  while (true) {
    const data = yield conn.recv(bufferBytes)
    if (!data.length) break
    yield conn.sendall(data)
  }
}

await run(
  server('127.0.0.1', 0, echoer, {
    driver: process.argv[3],
    maxConnections: 50_000,
    backlog: BACKLOG,
    onListening: ({ address }) => listening(address.port),
  }),
)
