// The echo server of node:net by `for await`: what one would write in Node with the same promises as ours.
import { once } from 'node:events'
import net from 'node:net'
import { BACKLOG, listening } from './control.js'

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
