// A line server with Bun.listen: one write for all of the lines that have come. Its `write` takes
// what the kernel takes; the program keeps the rest until `drain`.
import { answer } from './answer.js'

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  allowHalfOpen: true,
  socket: {
    open(socket) {
      socket.setNoDelay(true)
      socket.data = { rest: null, unsent: null }
    },
    data(socket, bytes) {
      const state = socket.data
      const { replies, left } = answer(state.rest === null ? bytes : Buffer.concat([state.rest, bytes]))
      // The bytes belong to Bun again when this returns.
      state.rest = left === null ? null : Buffer.from(left)
      if (replies.length > 0) send(socket, replies.length === 1 ? replies[0] : Buffer.concat(replies))
    },
    drain(socket) {
      const { unsent } = socket.data
      socket.data.unsent = null
      if (unsent !== null) send(socket, unsent)
    },
    end: (socket) => socket.end(),
    error: (socket) => socket.terminate(),
  },
})

function send(socket, bytes) {
  const state = socket.data
  if (state.unsent !== null) {
    state.unsent = Buffer.concat([state.unsent, bytes])
    return
  }
  const taken = socket.write(bytes)
  if (taken < bytes.length) state.unsent = Buffer.from(bytes.subarray(taken))
}

console.log(server.port)
