// A chat server: each line goes to all the others. Run it: node --import tsx examples/learn/17-chat.ts
//
// then, in two or more other terminals: nc 127.0.0.1 4915

import { type Connection, server } from '@bluelet/net'
import { Channel, type Coroutine, race, run } from '@bluelet/scheduler'

const members = new Map<string, Channel<string>>()

function tell(others: string, line: string) {
  for (const [name, lines] of members) if (name !== others) lines.trySend(line)
}

function* chatter(conn: Connection): Coroutine<void> {
  const name: string = yield* askName(conn)
  if (name === '') return
  const lines = new Channel<string>({ capacity: 100 })
  members.set(name, lines)
  tell(name, `* ${name} has come\n`)
  try {
    yield race([incoming(conn, name), outgoing(conn, lines)])
  } finally {
    members.delete(name)
    tell(name, `* ${name} has gone\n`)
  }
}

function* askName(conn: Connection): Coroutine<string> {
  while (true) {
    yield conn.sendall('Your name? ')
    const line: Buffer = yield conn.readline()
    const name = line.toString().trim()
    if (!line.length || (name !== '' && !members.has(name))) return name
  }
}

function* incoming(conn: Connection, name: string): Coroutine<void> {
  while (true) {
    const line: Buffer = yield conn.readline()
    if (!line.length) return
    tell(name, `${name}: ${line}`)
  }
}

function* outgoing(conn: Connection, lines: Channel<string>): Coroutine<void> {
  while (true) {
    const line: string = yield lines.receive()
    yield conn.sendall(line)
  }
}

const port = Number(process.env.PORT ?? 4915)

await run(
  server('', port, chatter, {
    idleTimeout: Number.POSITIVE_INFINITY,
    idle: 'reader',
    onListening: ({ address }) =>
      console.log(`chat on port ${address.port}; try: nc 127.0.0.1 ${address.port}`),
  }),
)
