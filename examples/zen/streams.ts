// A connection as a reader and a writer, as asyncio.start_server gives them: each can be had by a task of its own. What is written
// waits in a queue that a task of the writer's sends. A server on it: node --import tsx examples/zen/coroutine.ts 127.0.0.1

import { type Address, type Connection, server } from '@bluelet/net'
import { Channel, type Coroutine, type Event, group } from '@bluelet/scheduler'

/** A client that does not read its answers costs no more memory than so many: then write() waits. */
const MOST_UNSENT = 16

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
    this.#unsent = new Channel({ capacity: MOST_UNSENT })
  }

  /** Event: hands bytes over, to be sent in their turn; null: the end. (asyncio: a call, and `drain`.) */
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
  return server(host, port, handler, { onListening: ({ address }) => onListening(address) })
}
