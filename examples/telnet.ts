// A line client: it sends your input to a server and shows the server's output at the same time. The end of the input (Ctrl+D)
// ends our side of the connection. When the server ends its side, as most servers then do, the program ends.
//
// Run it with `node --import tsx examples/telnet.ts HOST PORT`, for example, while examples/echo.ts runs:
//
//   node --import tsx examples/telnet.ts 127.0.0.1 4915

import { type Connection, connect, read, write } from '@bluelet/net'
import { kill, run, spawn } from '@bluelet/scheduler'

function* keyboard(conn: Connection) {
  while (true) {
    const typed: Buffer = yield read(process.stdin, 65_536)
    if (!typed.length) break
    yield conn.sendall(typed)
  }
  conn.shutdown()
}

function* screen(conn: Connection) {
  while (true) {
    const data: Buffer = yield conn.recv()
    if (!data.length) break
    yield write(process.stdout, data)
  }
}

function* telnet(host: string, port: number) {
  const conn = yield* connect(host, port)
  const typing = yield* spawn(keyboard, conn)
  yield* screen(conn)
  yield* kill(typing)
  conn.close()
}

const [host, port] = process.argv.slice(2)
if (host === undefined || port === undefined) {
  console.error('usage: telnet.ts HOST PORT')
  process.exitCode = 2
} else await run(telnet(host, Number(port)))
