// A receiver, step 2 of 4: the two loops of blocking.ts are now two coroutines, each with one thing to do. One still calls the
// other and waits for it, so nothing else has changed. Run the first command, and the second several times in another terminal:
//
//   node --import tsx examples/receiver/split.ts
//   (while true;do sleep 1;echo a;done)|nc localhost 8888 &

import { type Connection, type Listener, listen } from '@bluelet/net'
import { type Coroutine, run } from '@bluelet/scheduler'

const [host = '::'] = process.argv.slice(2)
const port = Number(process.env.PORT ?? 8888)

function* acceptConnections(listener: Listener): Coroutine<never> {
  while (true) {
    const conn = yield* listener.accept()
    console.log(`Connection from: ${conn.remoteAddress}`)
    yield recvAll(conn)
    console.log('Next connection...')
  }
}

function* recvAll(conn: Connection): Coroutine<void> {
  console.log(`Receiving from: ${conn.remoteAddress}`)
  while (true) {
    const data = yield* conn.recv(1024)
    if (!data.length) break
    process.stdout.write(data)
  }
  conn.close()
  console.log('Connection closed')
}

function* main(): Coroutine<void> {
  const listener = yield* listen(host, port)
  console.log(`Listening on: ${listener.address}`)
  yield acceptConnections(listener)
}

await run(main)
