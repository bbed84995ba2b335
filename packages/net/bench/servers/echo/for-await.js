// An echo server with `for await` on node:net: plain Node code with the same guarantees as ours.
import { once } from 'node:events'
import net from 'node:net'
import { BACKLOG, listening } from '../control.js'

async function echo(socket) {
  try {
    for await (const chunk of socket) {
      if (!socket.write(chunk)) await once(socket, 'drain')
    }
    socket.end()
  } catch {
    socket.destroy()
  }
}

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => void echo(socket))

server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG }, () => listening(server.address().port))
