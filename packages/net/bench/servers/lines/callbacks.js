// A line server with callbacks on node:net: one write for all of the lines that have come.
import net from 'node:net'
import { BACKLOG, listening } from '../control.js'
import { answer } from './answer.js'

const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  let rest = null
  socket.on('data', (data) => {
    const { replies, left } = answer(rest === null ? data : Buffer.concat([rest, data]))
    rest = left
    if (replies.length > 0) socket.write(replies.length === 1 ? replies[0] : Buffer.concat(replies))
  })
  socket.on('end', () => socket.end())
  socket.on('error', () => socket.destroy())
})

server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG }, () => listening(server.address().port))
