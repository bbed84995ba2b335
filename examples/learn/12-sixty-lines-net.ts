// Sockets for the scheduler of 11-sixty-lines.ts. A server with them: node --import tsx examples/learn/12-sixty-lines-echo.ts

import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type Coroutine, type Event, spawn } from './11-sixty-lines.js'

export type Connection = ReturnType<typeof connection>
type Handler = (conn: Connection) => Coroutine
type Options = { onListening?: (listener: { address: AddressInfo }) => void }

export function* server(host: string, port: number, handler: Handler, options: Options = {}): Coroutine {
  const sockets: Socket[] = []
  const listener = createServer({ allowHalfOpen: true }, (socket) => sockets.push(socket)).listen(port, host)
  yield emitted(listener, 'listening')
  options.onListening?.({ address: listener.address() as AddressInfo })
  while (true) {
    while (sockets.length === 0) yield emitted(listener, 'connection')
    yield spawn(serve(connection(sockets.shift() as Socket), handler))
  }
}

function* serve(conn: Connection, handler: Handler): Coroutine<void> {
  try {
    yield handler(conn)
  } catch (error) {
    console.error(`${error}`)
  } finally {
    conn.close()
  }
}

function connection(socket: Socket) {
  socket.on('error', () => {}) // It is kept in socket.errored.
  return { recv, sendall, close: () => socket.end() }

  function* recv(max: number): Coroutine<Buffer> {
    while (true) {
      const data: Buffer | null = socket.read(Math.min(max, socket.readableLength) || undefined)
      if (data !== null || socket.readableEnded) return data ?? Buffer.alloc(0)
      if (socket.destroyed) throw socket.errored ?? new Error('the connection is closed')
      yield emitted(socket, 'readable', 'end', 'close')
    }
  }

  function* sendall(data: string | Uint8Array): Coroutine<void> {
    if (socket.destroyed) throw socket.errored ?? new Error('the connection is closed')
    if (!socket.write(data)) yield emitted(socket, 'drain', 'close')
  }
}

function emitted(emitter: NodeJS.EventEmitter, ...names: string[]): Event {
  return (wake) => {
    const listener = () => wake()
    names.map((name) => emitter.on(name, listener))
    return () => names.map((name) => emitter.off(name, listener))
  }
}
