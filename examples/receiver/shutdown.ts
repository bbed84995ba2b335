// A receiver, step 4 of 4: Ctrl+C cancels the tasks, which in concurrent.ts the system simply ends. Each client sees the end of
// the stream, the port is free, and the exit code is 0. (`server` of @bluelet/net does all this by itself.) Run the first command,
// and the others in another terminal; then press Ctrl+C in the first:
//
//   node --import tsx examples/receiver/shutdown.ts
//   (while true;do sleep 1;echo a;done)|nc localhost 8888 &
//   (while true;do sleep 1;echo b;done)|nc localhost 8888 &

import { type Connection, ConnectionResetError, type Listener, listen } from '@bluelet/net'
import { type Coroutine, callback, group, race, run, spawn } from '@bluelet/scheduler'

const [host = '::'] = process.argv.slice(2)
const port = Number(process.env.PORT ?? 8888)

/** The connections that are not closed yet: if a task is cancelled before its first step, its finally does not run. */
const connections = new Set<Connection>()

function* acceptConnections(listener: Listener): Coroutine<never> {
  while (true) {
    const conn = yield* listener.accept()
    connections.add(conn)
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
    if (!(error instanceof ConnectionResetError)) throw error
  } finally {
    // This also runs when the task is cancelled.
    conn.close()
    connections.delete(conn)
    console.log(`Connection closed: ${address}`)
  }
}

/** Event: waits for Ctrl+C. */
const interrupt = callback<void>((resume) => {
  process.once('SIGINT', resume)
})

function* main(): Coroutine<void> {
  using listener = yield* listen(host, port)
  console.log(`Listening on: ${listener.address}`)
  // If the group loses, it is cancelled with all of its tasks.
  yield race([interrupt, group(() => acceptConnections(listener))])
  for (const conn of connections) conn.close()
}

await run(main)
