// Both ends of a connection in one program, for tests on the simulated network.
import { type Connection, type ConnectOptions, connect, type Listener, listen } from '@bluelet/net'
import type { Coroutine } from '@bluelet/scheduler'

/** Options of both ends. */
type Options = Omit<ConnectOptions, 'tls'>

/** Both ends of a connection. */
export interface Pair {
  readonly client: Connection
  readonly server: Connection
}

/** Connects to a listener, and accepts the connection. */
export function* pairAt(listener: Listener, options: Options = {}): Coroutine<Pair> {
  const client = yield* connect('127.0.0.1', listener.address.port, options)
  const server = yield* listener.accept()
  return { client, server }
}

/** Two connected ends. Their listener is closed again. */
export function* pair(options: Options = {}): Coroutine<Pair> {
  const listener = yield* listen('127.0.0.1', 0, options)
  const ends = yield* pairAt(listener, options)
  listener.close()
  return ends
}

/** Aborts both ends. */
export function abort({ client, server }: Pair): void {
  client.abort()
  server.abort()
}

/** Sends all bytes back, up to the end of the stream. */
export function* echoer(conn: Connection): Coroutine<void> {
  while (true) {
    const data = yield* conn.recv(1024)
    if (data.length === 0) break
    yield* conn.sendall(data)
  }
}

/** Sends a text; gives as many bytes of the reply. */
export function* exchange(conn: Connection, text: string): Coroutine<string> {
  yield* conn.sendall(text)
  return String(yield* conn.readexactly(Buffer.byteLength(text)))
}
