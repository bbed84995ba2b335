// An echo server with Bun.listen. Its `write` takes what the kernel takes; the program keeps the
// rest until `drain`.
const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  allowHalfOpen: true,
  socket: {
    open(socket) {
      socket.setNoDelay(true)
      socket.data = null
    },
    data(socket, bytes) {
      if (socket.data !== null) {
        socket.data = Buffer.concat([socket.data, bytes])
        return
      }
      const taken = socket.write(bytes)
      // The bytes belong to Bun again when this returns.
      if (taken < bytes.length) socket.data = Buffer.from(bytes.subarray(taken))
    },
    drain(socket) {
      if (socket.data === null) return
      const taken = socket.write(socket.data)
      socket.data = taken < socket.data.length ? socket.data.subarray(taken) : null
    },
    end: (socket) => socket.end(),
    error: (socket) => socket.terminate(),
  },
})

process.on('SIGUSR2', () => Bun.gc(true))
console.log(server.port)
