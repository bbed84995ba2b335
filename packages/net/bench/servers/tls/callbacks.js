// An echo server with callbacks on node:tls: the minimum in Node. It does not even wait for a slow
// reader.
import tls from 'node:tls'
import { BACKLOG, listening } from '../control.js'
import { certificate } from './certificate.js'

const server = tls.createServer({ ...certificate, allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on('data', (data) => socket.write(data))
  socket.on('end', () => socket.end())
  socket.on('error', () => socket.destroy())
})

server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG }, () => listening(server.address().port))
