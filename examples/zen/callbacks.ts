// The Zen server with callbacks: a class with a method for each thing that can happen to a client, and fields for the state that
// they share. It uses only node:net. Run it, then client.ts in another terminal:
//
//   node --import tsx examples/zen/callbacks.ts 127.0.0.1

import net from 'node:net'
import { Address } from '@bluelet/net'
import { answersTo, commandLine, farewell } from './zen.js'

class Conversation {
  readonly #socket: net.Socket
  readonly #address: Address
  #data: Buffer = Buffer.alloc(0)
  #error: Error | undefined

  constructor(socket: net.Socket) {
    this.#socket = socket
    this.#address = new Address(socket.remoteAddress ?? '?', socket.remotePort ?? 0)
    console.log(`Accepted connection from ${this.#address}`)
    socket.on('data', (more: Buffer) => this.onData(more))
    socket.on('drain', () => socket.resume())
    socket.on('error', (error) => this.onError(error))
    socket.on('close', () => this.onClose())
  }

  onData(more: Buffer): void {
    try {
      const { answers, rest } = answersTo(more, this.#data)
      this.#data = rest
      // Stop reading from a client that does not read its answers.
      if (answers.length > 0 && !this.#socket.write(answers)) this.#socket.pause()
    } catch (error) {
      this.#socket.destroy(error as Error)
    }
  }

  onError(error: Error): void {
    this.#error = error
  }

  onClose(): void {
    console.log(farewell(this.#address, this.#data, this.#error))
  }
}

const { host, port } = commandLine()
const sockets = new Set<net.Socket>()
const server = net.createServer((socket) => {
  new Conversation(socket)
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
})
server.listen(port, host, () => {
  const { address, port } = server.address() as net.AddressInfo // With TCP it is never a string.
  console.log(`Listening at ${new Address(address, port)}`)
})
process.once('SIGINT', () => {
  server.close()
  for (const socket of sockets) socket.destroy()
})
