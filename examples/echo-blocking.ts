// An echo server as one loop: simple, but for one client at a time. It accepts the next client only when the current one has
// left; until then the others are connected but get no answer. A client that resets ends the server.
// Compare it with echo-callbacks.ts and echo.ts. Run it with `node --import tsx examples/echo-blocking.ts`, then, in two terminals:
//
//   nc 127.0.0.1 4915

import { listen } from '@bluelet/net'
import { run } from '@bluelet/scheduler'

const port = Number(process.env.PORT ?? 4915)

await run(function* blocking() {
  const listener = yield* listen('127.0.0.1', port)
  console.log(`echo server on port ${listener.address.port}; try: nc 127.0.0.1 ${listener.address.port}`)
  while (true) {
    const conn = yield* listener.accept()
    while (true) {
      const data = yield* conn.recv(1024)
      if (!data.length) break
      yield* conn.sendall(data)
    }
    conn.close()
  }
})
