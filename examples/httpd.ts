// A web server for the files of a folder: GET and HEAD of HTTP/1.1, many requests per connection. It is for learning, not for
// the Internet. httpd/request.ts reads a request, httpd/file.ts finds its file, and httpd/response.ts sends the response.
//
// Run it with `node --import tsx examples/httpd.ts FOLDER` (by default the current one), then, in another terminal:
//
//   curl -i http://127.0.0.1:8000/README.md

import { type Connection, server } from '@bluelet/net'
import { run, wait } from '@bluelet/scheduler'
import { findFile } from './httpd/file.js'
import { receiveRequest } from './httpd/request.js'
import { sendResponse } from './httpd/response.js'

const root = process.argv[2] ?? '.'

function* visitor(conn: Connection) {
  while (true) {
    const request = yield* receiveRequest(conn)
    if (request === null) break
    const file = request.status === 200 ? yield* wait(findFile(root, request.target)) : null
    const status = yield* sendResponse(conn, request, file)
    console.log(`${conn.remoteAddress} ${request.method} ${request.target} ${status}`)
    if (!request.keepAlive) break
  }
}

await run(
  server('127.0.0.1', Number(process.env.PORT ?? 8000), visitor, {
    maxConnections: 200, // Each may take a second descriptor, for its file.
    idleTimeout: 15_000,
    messageTimeout: 10_000,
    onListening: ({ address }) => console.log(`http://${address}/`),
  }),
)
