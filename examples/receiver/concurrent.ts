// A receiver, step 3 of 4: split.ts calls recvAll and waits for it; this program spawns it and goes on, so every client has a
// task of its own. Run the first command, and the others in another terminal:
//
//   node --import tsx examples/receiver/concurrent.ts
//   (while true;do sleep 1;echo a;done)|nc localhost 8888 &
//   (while true;do sleep 1;echo b;done)|nc localhost 8888 &

import { type Connection, ConnectionResetError, type Listener, listen } from '@bluelet/net'
import { type Coroutine, run, spawn } from '@bluelet/scheduler'

const [host = '::'] = process.argv.slice(2)
const port = Number(process.env.PORT ?? 8888)

function* acceptConnections(listener: Listener): Coroutine<never> {
  while (true) {
    const conn = yield* listener.accept()
    console.log(`Connection from: ${conn.remoteAddress}`)
    yield spawn(recvAll, conn)
    console.log('Next connection...')
  }
}

function* recvAll(conn: Connection): Coroutine<void> {
  const address = conn.remoteAddress
  console.log(`Receiving from: ${address}`)
  try {
    while (true) {
      const data = yield* conn.recv(1024)
      if (!data.length) break
      process.stdout.write(data)
    }
  } catch (error) {
    // The failure of one client must not end the others.
    if (!(error instanceof ConnectionResetError)) throw error
  }
  conn.close()
  console.log(`Connection closed: ${address}`)
}

function* main(): Coroutine<void> {
  const listener = yield* listen(host, port)
  console.log(`Listening on: ${listener.address}`)
  yield acceptConnections(listener)
}

await run(main)
