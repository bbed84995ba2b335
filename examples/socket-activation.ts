// A server started by socket activation: systemd opens the socket, starts the program with the
// first client, and keeps the socket while the program is restarted, so that no client is refused.
// Without systemd it listens on a port of its own.
//
//   systemd-socket-activate -l 4915 node --import tsx examples/socket-activation.ts
//   nc 127.0.0.1 4915
//
// As units: `ListenStream=4915` in echo.socket, and `ExecStart=node echo.js` in echo.service.

import { type Connection, listenFds, server } from '@bluelet/net'
import { run } from '@bluelet/scheduler'

/** Without a client for so long, the program ends. The next client starts it again. */
const idle = Number(process.env.IDLE_MS ?? 60_000)

const [socket] = listenFds()
const quiet = new AbortController()
let clients = 0
let timer: NodeJS.Timeout | undefined

function* echoer(conn: Connection) {
  while (true) {
    const data: Buffer = yield* conn.recv(1024)
    if (data.length === 0) break
    yield* conn.sendall(data)
  }
}

/** Starts to wait for the next client, if there is none, and if it can start the program again. */
function wait() {
  if (clients === 0 && socket !== undefined) timer = setTimeout(() => quiet.abort(), idle)
}

await run(
  server(socket ?? { host: '', port: Number(process.env.PORT ?? 4915) }, echoer, {
    signal: quiet.signal,
    onListening: ({ address }) => {
      const where = socket === undefined ? `port ${address.port}` : `the socket ${socket.name}: ${address}`
      console.log(`echo server on ${where}`)
      wait()
    },
    onOpen: () => {
      clients++
      clearTimeout(timer)
    },
    onClose: () => {
      clients--
      wait()
    },
  }),
)
clearTimeout(timer)
