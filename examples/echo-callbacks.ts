// An echo server with callbacks, in the style of Python's asyncore, for any number of clients. It uses the non-blocking sockets
// of a driver, without coroutines. The loop of echo.ts is split into methods, and its variables become fields.
// Compare it with echo-blocking.ts. Run it with `node --import tsx examples/echo-callbacks.ts`, then `nc 127.0.0.1 4915`.

import * as net from '@bluelet/net/driver'

class EchoServer {
  listener: net.DriverListener

  constructor(listener: net.DriverListener) {
    this.listener = listener
    listener.observer = { ready: () => this.onAccept() }
  }

  onAccept() {
    for (let socket = this.listener.accept(); socket !== null; socket = this.listener.accept()) {
      new Echoer(socket).onReady(net.READABLE)
    }
  }
}

class Echoer {
  socket: net.DriverSocket
  unsent: Uint8Array = new Uint8Array()

  constructor(socket: net.DriverSocket) {
    this.socket = socket
    socket.observer = { ready: (what) => this.onReady(what) }
  }

  onReady(what: number) {
    try {
      if (what & (net.WRITABLE | net.FAILED)) this.onWrite()
      if (what & net.READABLE) this.onRead()
    } catch {
      this.socket.reset() // The client has disconnected.
    }
  }

  onRead() {
    while (!this.unsent.length) {
      const data = this.socket.read(1024)
      if (data === null) return // It would block: onReady is called when another try makes sense.
      if (!data.length) return this.socket.close(true)
      this.unsent = data.subarray(this.socket.write(data))
    }
  }

  onWrite() {
    this.unsent = this.unsent.subarray(this.socket.write(this.unsent))
    this.onRead()
  }
}

const target = { host: '127.0.0.1', port: Number(process.env.PORT ?? 4915), backlog: 511 }
net.nodeDriver.listen(target, (error, listener) => {
  if (listener === null) throw error
  new EchoServer(listener)
  console.log(`echo server on port ${listener.address.port}; try: nc 127.0.0.1 ${listener.address.port}`)
})
