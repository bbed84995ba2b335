// The Zen server at the lowest level: one loop over the sockets that are ready, on a driver without coroutines. The variables of
// each conversation are kept in maps. Run it, then client.ts in another terminal:
//
//   node --import tsx examples/zen/poll.ts 127.0.0.1

import { CLOSED, type DriverListener } from '@bluelet/net/driver'
import { listenAt, Poll, type Pollable } from './readiness.js'
import { answersTo, commandLine, farewell } from './zen.js'

/** Two nested loops as one, so that `serve` needs only one. */
async function* allEvents(poll: Poll): AsyncGenerator<[Pollable, number]> {
  while (!poll.closed) for (const event of await poll.poll()) yield event
}

async function serve(listener: DriverListener, poll: Poll): Promise<void> {
  const addresses = new Map<Pollable, string>()
  const bytesReceived = new Map<Pollable, Buffer>()
  const bytesToSend = new Map<Pollable, Buffer>()
  const errors = new Map<Pollable, unknown>()
  poll.register(listener)
  for await (const [socket, what] of allEvents(poll)) {
    const data = bytesToSend.get(socket)
    try {
      if ('accept' in socket) {
        const client = socket.accept()
        if (client === null) continue
        addresses.set(client, `${client.remoteAddress}`)
        console.log(`Accepted connection from ${client.remoteAddress}`)
        poll.register(client)
      } else if (what & CLOSED) {
        console.log(farewell(addresses.get(socket), bytesReceived.get(socket), errors.get(socket)))
        for (const dictionary of [addresses, bytesReceived, bytesToSend, errors]) dictionary.delete(socket)
        continue
      } else if (data !== undefined) {
        const sent = socket.write(data)
        if (sent === 0) continue
        bytesToSend.delete(socket)
        if (sent < data.length) bytesToSend.set(socket, data.subarray(sent))
      } else {
        const more = socket.read(4096)
        if (more?.length === 0) socket.close(true) // The poll reports soon that it is closed.
        if (!more?.length) continue
        const { answers, rest } = answersTo(more, bytesReceived.get(socket))
        bytesReceived.set(socket, rest)
        if (answers.length > 0) bytesToSend.set(socket, answers)
      }
      poll.again(socket)
    } catch (error) {
      if ('accept' in socket) throw error
      errors.set(socket, error)
      socket.close(false)
    }
  }
  for (const socket of [listener, ...addresses.keys()]) socket.close(false)
}

const { host, port } = commandLine()
const listener = await listenAt(host, port)
console.log(`Listening at ${listener.address}`)
await serve(listener, new Poll())
