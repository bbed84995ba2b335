// An echo server: it sends back whatever a client sends. Run it with `npx -y pnpm@12 start`, then, in another terminal:
//
//   nc 127.0.0.1 4915

import { type Connection, server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'

function* echoer(conn: Connection) {
  while (true) {
    const data: Buffer = yield conn.recv(1024)
    if (!data.length) break
    yield conn.sendall(data)
  }
}

const port = Number(process.env.PORT ?? 4915)

await run(
  server('', port, echoer, {
    onListening: ({ address }) => {
      console.log(`echo server on port ${address.port}; try: nc 127.0.0.1 ${address.port}   (Ctrl+C ends it)`)
    },
  }),
)
