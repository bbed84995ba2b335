// A chat server: each line goes to all the others. Run it: node --import tsx examples/learn/17-chat.ts
// Then, in two or more other terminals: nc 127.0.0.1 4915

import { type Connection, server } from '@bluelet/net'
import { Channel, type Coroutine, race, run } from '@bluelet/scheduler'

const members = new Map<string, Channel<string>>()

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu // Escape codes, invisible characters.
const printable = (text: Buffer) => text.toString().replaceAll(HIDDEN, '').trim()

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
    const name = [...printable(line)].slice(0, 20).join('') // Whole characters.
    if (!line.length || (name !== '' && !members.has(name))) return name
  }
}

function* incoming(conn: Connection, name: string): Coroutine<void> {
  while (true) {
    const line: Buffer = yield conn.readline()
    if (!line.length) return
    tell(name, `${name}: ${printable(line)}\n`)
  }
}

function* outgoing(conn: Connection, lines: Channel<string>): Coroutine<void> {
  while (true) {
    const line: string = yield lines.receive()
    yield conn.sendall(line)
  }
}

await run(
  server('', Number(process.env.PORT ?? 4915), chatter, {
    idleTimeout: Number.POSITIVE_INFINITY,
    idle: 'reader',
    onListening: ({ address: { port } }) => console.log(`chat on port ${port}; try: nc 127.0.0.1 ${port}`),
  }),
)
