// Our echo of datagrams in batches: those that have come are sent together.
import { serveDatagrams } from './bluelet.js'

function* echoer(socket) {
  while (true) {
    const list = yield socket.recvMany()
    yield socket.sendMany(list.map(({ data, from }) => ({ data, to: from })))
  }
}

await serveDatagrams(echoer)
