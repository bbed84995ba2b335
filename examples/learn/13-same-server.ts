// The echo server of 12-sixty-lines-echo.ts on @bluelet/net: node --import tsx examples/learn/13-same-server.ts
//
// then, in another terminal: nc 127.0.0.1 4915

import { type Connection, server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'

function* echoer(conn: Connection) {
  while (true) {
    const data: Buffer = yield conn.recv(1024)
    if (!data.length) break
    console.log(`${data.length} bytes`)
    yield conn.sendall(data)
  }
  console.log('a client has gone')
}

const port = Number(process.env.PORT ?? 4915)

await run(
  server('127.0.0.1', port, echoer, {
    onListening: ({ address }) => console.log(`listening on port ${address.port}`),
  }),
)
