// Counts datagrams in batches, with `yield`.
import { serveDatagrams } from '../datagrams/bluelet.js'
import { LAST } from './last.js'

function* counter(socket) {
  for (let count = 0; ; ) {
    for (const { data, from } of yield socket.recvMany()) {
      count++
      if (data[0] === LAST) yield socket.send(`${count}`, from)
    }
  }
}

await serveDatagrams(counter)
