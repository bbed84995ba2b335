// A connection as a reader and a writer, like those of asyncio.start_server: each can belong to a task of its own. Written bytes
// wait in a queue, which a task of the writer sends. A server with it: node --import tsx examples/zen/coroutine.ts 127.0.0.1

import { type Address, type Connection, server } from '@bluelet/net'
import { Channel, type Coroutine, type Event, group } from '@bluelet/scheduler'

/** Maximum number of waiting writes to a client that does not read its answers; then write() waits. */
const MAX_UNSENT = 16

export class Reader {
  readonly #conn: Connection

  constructor(conn: Connection) {
    this.#conn = conn
  }

  /** Event: reads 1 to `max` bytes, and none at the end of the stream. */
  read(max: number): Event<Buffer> {
    return this.#conn.recv(max)
  }
}

export class Writer {
  readonly address: Address | undefined
  readonly #unsent: Channel<Uint8Array | null>

  constructor({ remoteAddress }: Connection) {
    this.address = remoteAddress
    this.#unsent = new Channel({ capacity: MAX_UNSENT })
  }

  /** Event: adds bytes to the queue; null ends the stream. (asyncio: a call, and `drain`.) */
  write(bytes: Uint8Array | null): Event<void> {
    return this.#unsent.send(bytes)
  }

  *sendTo(conn: Connection): Coroutine<void> {
    for (let bytes = yield* this.#unsent.receive(); bytes !== null; bytes = yield* this.#unsent.receive()) {
      yield* conn.sendall(bytes)
    }
  }
}

export function startServer(
  converse: (reader: Reader, writer: Writer) => Coroutine<void>,
  host: string,
  port: number,
  onListening: (address: Address) => void,
): Coroutine<void> {
  function* handler(conn: Connection): Coroutine<void> {
    const writer = new Writer(conn)
    yield* group(function* ({ spawn }) {
      yield* spawn(writer.sendTo(conn))
      yield* converse(new Reader(conn), writer)
      yield* writer.write(null)
    })
  }
  // A session is idle while its reader waits, although the writer's task waits, too: for the queue.
  return server(host, port, handler, { idle: 'reader', onListening: ({ address }) => onListening(address) })
}
