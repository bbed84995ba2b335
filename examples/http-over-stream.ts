// A library of Node over a connection of ours: `node:http` serves what `server` has accepted, with its limits and its orderly
// end. Run it, then, in another terminal, curl http://127.0.0.1:4917/some/path
//
//   node --import tsx examples/http-over-stream.ts

import { createServer } from 'node:http'
import { type Connection, server, toStream } from '@bluelet/net'
import { run } from '@bluelet/scheduler'

const web = createServer((request, response) => {
  response.end(`${request.method} ${request.url} from ${request.socket.remoteAddress}\n`)
})

function* handler(conn: Connection) {
  web.emit(
    'connection',
    toStream(conn).on('error', () => {}),
  ) // Such as a reset of the client.
  yield* conn.whenClosed() // The end of a handler closes its connection.
}

await run(
  server('', Number(process.env.PORT ?? 4917), handler, {
    maxConnections: 1000,
    onListening: ({ address }) => console.log(`web server on port ${address.port}`),
    onClose: (conn, { ms, bytesWritten }) =>
      console.log(`${conn.remoteAddress}: ${bytesWritten} bytes in ${Math.ceil(ms)} ms`),
  }),
)
