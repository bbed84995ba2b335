// Our echo server, by `yield`.
import { server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'
import { listening } from './control.js'

function* echoer(conn) {
  while (true) {
    const data = yield conn.recv(1024)
    if (!data.length) break
    yield conn.sendall(data)
  }
}

await run(
  server('127.0.0.1', 0, echoer, {
    driver: process.argv[2],
    maxConnections: 50_000,
    onListening: ({ address }) => listening(address.port),
  }),
)
