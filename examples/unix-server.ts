// A server behind a Unix socket: only programs of this user can connect, and the system says which.
// A web server such as nginx passes requests on to one (`proxy_pass http://unix:/tmp/hello.sock;`).
// Run it, then, in another terminal, run curl:
//
//   node --import tsx examples/unix-server.ts
//   curl --unix-socket /tmp/hello.sock http://localhost/

import { type Connection, server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'

const path = process.env.SOCKET ?? '/tmp/hello.sock'

function* hello(conn: Connection) {
  while (true) {
    const request = yield* conn.readline()
    if (request.length === 0) return
    // The header ends with an empty line. There is no body.
    while (String(yield* conn.readline()).trim() !== '') {}
    // The `node` driver cannot ask the system.
    const body = `hello, ${conn.peer === undefined ? 'user' : `user ${conn.peer.uid}`}\n`
    yield* conn.sendall(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  }
}

await run(
  // 0o660 would let the programs of a group connect as well.
  server({ path, mode: 0o600 }, hello, {
    onListening: ({ address }) => console.log(`hello server at ${address.path}`),
    onDrop: (reason, address) => console.log(`${address}: dropped (${reason})`),
  }),
)
