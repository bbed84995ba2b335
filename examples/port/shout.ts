// The program beside it, shout.py, ported from Bluelet. Run it: node --import tsx examples/port/shout.ts

import { type Connection, connect, type Listener, listen } from '@bluelet/net'
import { join, kill, run, sleep, spawn } from '@bluelet/scheduler'

function* shouter(conn: Connection) {
  try {
    while (true) {
      const line: Buffer = yield conn.readline()
      if (!line.length) break
      yield conn.sendall(line.toString().toUpperCase())
    }
  } finally {
    conn.close()
  }
}

function* serving(listener: Listener) {
  while (true) {
    const conn: Connection = yield listener.accept()
    yield spawn(shouter(conn))
  }
}

function* shout(port: number, word: string) {
  const conn: Connection = yield connect('127.0.0.1', port)
  try {
    yield conn.sendall(`${word}\n`)
    const line: Buffer = yield conn.readline()
    return line.toString().trim()
  } finally {
    conn.close()
  }
}

function* client(port: number, word: string, ms: number) {
  yield sleep(ms)
  const reply: string = yield shout(port, word)
  console.log(reply)
}

function* main() {
  const listener: Listener = yield listen('127.0.0.1', 0)
  const { port } = listener.address
  const server = serving(listener)
  yield spawn(server)
  const clients = [client(port, 'hello', 0), client(port, 'goodbye', 100)]
  for (const task of clients) yield spawn(task)
  for (const task of clients) yield join(task)
  yield kill(server)
  listener.close()
}

await run(main())
