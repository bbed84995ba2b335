// Our echo of datagrams with `yield*`, one at a time.
import { serveDatagrams } from './bluelet.js'

function* echoer(socket) {
  while (true) {
    const { data, from } = yield* socket.recv()
    yield* socket.send(data, from)
  }
}

await serveDatagrams(echoer)
