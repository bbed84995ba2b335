// Sends values over a socket, first between two coroutines, then between two processes. The coroutines are the same in both
// cases. Run it with `node --import tsx examples/ipc.ts`. (With a port as its argument it is the second process.)

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Connection, connect, listen } from '@bluelet/net'
import { run, spawn } from '@bluelet/scheduler'

/** One end of a channel: JSON values go in at one end and come out at the other, one per line. */
class Endpoint {
  conn: Connection

  constructor(conn: Connection) {
    this.conn = conn
  }

  *put(value: unknown) {
    yield* this.conn.sendall(`${JSON.stringify(value)}\n`)
  }

  *get() {
    const line = yield* this.conn.readuntil('\n')
    return JSON.parse(line.toString())
  }
}

function* squarer(port: number) {
  const endpoint = new Endpoint(yield* connect('127.0.0.1', port))
  while (true) {
    const number = yield* endpoint.get()
    if (number === 'stop') break
    yield* endpoint.put({ square: number ** 2, by: process.pid })
  }
  endpoint.conn.close()
}

function* client(endpoint: Endpoint) {
  for (let number = 0; number < 10; number++) {
    yield* endpoint.put(number)
    const { square, by } = yield* endpoint.get()
    console.log(`${number} squared is ${square}, says ${by === process.pid ? 'a coroutine' : 'a process'}`)
  }
  yield* endpoint.put('stop')
  endpoint.conn.close()
}

function* main() {
  const listener = yield* listen('127.0.0.1', 0)
  yield* spawn(squarer, listener.address.port)
  yield* client(new Endpoint(yield* listener.accept()))
  fork(fileURLToPath(import.meta.url), [String(listener.address.port)])
  yield* client(new Endpoint(yield* listener.accept()))
  listener.close()
}

const [port] = process.argv.slice(2)
await run(port === undefined ? main : squarer(Number(port)))
