// One or two ends of a connection that say something to each other, while operations fail.
import { type Connection, connect } from '@bluelet/net'
import { all, type Coroutine, sleep } from '@bluelet/scheduler'
import { echo, upcase } from '../../handlers.js'
import { type FaultHarness, HOST, PORT, type Scenario } from '../harness.js'
import { ask, dial, exchange, LARGE, persist, receive, SMALL, send, several } from '../talk.js'

export const exchanges: readonly Scenario[] = [
  {
    title: 'an echo server',
    serve: (harness) => harness.server(echo(100)),
    visit: (harness) => several(2, (i) => dial((conn) => exchange(harness, `client ${i}`, conn, SMALL))),
  },
  {
    title: 'questions and answers by lines',
    serve: (harness) => harness.server(upcase),
    visit: (harness) => several(2, (i) => dial((conn) => ask(harness, `client ${i}`, conn))),
  },
  {
    title: 'an upload of more than the buffers hold',
    serve: (harness) => harness.server((conn) => uploaded(harness, conn)),
    visit: (harness) => dial((conn) => exchange(harness, 'client', conn, LARGE, Buffer.from('thanks'))),
  },
  {
    title: 'a download of more than the buffers hold',
    serve: (harness) => harness.server(download),
    visit: (harness) => dial((conn) => exchange(harness, 'client', conn, SMALL, LARGE)),
  },
  {
    title: 'an echo of more than the buffers hold, in both directions at once',
    serve: (harness) => harness.server(echo(100)),
    visit: (harness) => dial((conn) => exchange(harness, 'client', conn, LARGE)),
  },
  {
    title: 'a reply of several tasks, which is flushed',
    serve: (harness) => harness.server(replyTogether),
    visit: (harness) => dial((conn) => exchange(harness, 'client', conn, Buffer.from('?'), TOGETHER)),
  },
  {
    title: 'half-closed connections',
    serve: (harness) => harness.server(answerAtTheEnd),
    visit: (harness) => several(2, (i) => dial((conn) => halfClose(harness, `client ${i}`, conn))),
  },
  {
    title: 'frames with their lengths',
    serve: (harness) => harness.server(returnFrames),
    visit: (harness) => several(2, (i) => dial((conn) => sendFrames(harness, `client ${i}`, conn))),
  },
  {
    title: 'a name with several addresses',
    world: { names: { many: [HOST, '::1', '127.0.0.2'] } },
    survives: ['connect'],
    serve: (harness) => harness.server(echo(100)),
    visit: (harness) =>
      several(2, (i) => dial((conn) => exchange(harness, `client ${i}`, conn, SMALL), 'many')),
  },
  {
    title: 'clients that try again',
    survives: ['connect', 'lookup', 'read', 'write', 'shutdown', 'accept'],
    serve: (harness) => harness.server(upcase),
    visit: (harness) =>
      several(2, (i) => persist(harness, () => dial((conn) => ask(harness, `client ${i}`, conn)))),
  },
  {
    title: 'a server that listens on a name',
    serve: (harness) => harness.server(echo(100), PORT, 'localhost'),
    visit: (harness) => dial((conn) => exchange(harness, 'client', conn, SMALL), 'localhost'),
  },
  {
    title: 'two connects at once, of which one may fail',
    serve: (harness) => harness.server(echo(100)),
    visit: (harness) => several(2, (i) => dialBoth((conn) => exchange(harness, `client ${i}`, conn, SMALL))),
  },
  {
    title: 'replies that linger',
    serve: (harness) => harness.server(hangUp),
    visit: (harness) => several(2, (i) => dial((conn) => slowly(harness, `client ${i}`, conn))),
  },
]

/**
 * If one connect fails, no task receives the other connection, which must be closed nevertheless.
 */
function* dialBoth(talk: (conn: Connection) => Coroutine): Coroutine<void> {
  const [conn, other] = yield* all([connect(HOST, PORT), connect(HOST, PORT)])
  try {
    yield* talk(conn)
  } finally {
    conn.close()
    other.close()
  }
}

function* uploaded(harness: FaultHarness, conn: Connection): Coroutine<void> {
  const probe = (yield* conn.peek(1)).equals(Buffer.from('p'))
  if (probe) yield* conn.readall()
  else yield* receive(harness, 'server', conn, LARGE, 50)
  yield* conn.sendall('thanks')
}

function* download(conn: Connection): Coroutine<void> {
  yield* conn.recv(1)
  yield* conn.sendall(LARGE)
  yield* conn.readall()
}

/** A reply in parts, each sent by a task of its own, in order. */
const PARTS = ['one ', 'two ', 'three ', 'four '].map((part) => Buffer.from(part.repeat(60)))
const TOGETHER = Buffer.concat(PARTS)

function* replyTogether(conn: Connection): Coroutine<void> {
  yield* conn.recv(1)
  yield* all([...PARTS.map((part) => conn.sendall(part)), conn.flush()])
  yield* conn.readall()
}

function* answerAtTheEnd(conn: Connection): Coroutine<void> {
  const question = yield* conn.readall()
  yield* sleep(5)
  yield* conn.sendall(question)
  yield* conn.sendall(question)
}

function* halfClose(harness: FaultHarness, name: string, conn: Connection): Coroutine<void> {
  yield* send(conn, SMALL)
  yield* receive(harness, name, conn, Buffer.concat([SMALL, SMALL]), 30)
}

function* returnFrames(conn: Connection): Coroutine<void> {
  while (true) {
    const head = yield* conn.readuntil('\n', { end: 'empty' })
    if (head.length === 0) break
    const length = Number(head)
    const body = length > 0 ? yield* conn.readexactly(length) : Buffer.from('none')
    yield* conn.sendall(body)
  }
}

function* sendFrames(harness: FaultHarness, name: string, conn: Connection): Coroutine<void> {
  const received: Buffer[] = []
  try {
    for (const frame of [SMALL, LARGE.subarray(0, 300), SMALL]) {
      yield* conn.sendall(Buffer.concat([Buffer.from(`${frame.length}\n`), frame]))
      received.push(yield* conn.readexactly(frame.length))
    }
  } finally {
    harness.arrived(name, received, Buffer.concat([SMALL, LARGE.subarray(0, 300), SMALL]))
  }
}

/** The connection is closed before everything has been sent. */
function* hangUp(conn: Connection): Coroutine<void> {
  yield* conn.readline()
  yield* conn.sendall(LARGE)
}

function* slowly(harness: FaultHarness, name: string, conn: Connection): Coroutine<void> {
  yield* conn.sendall('go on\n')
  yield* sleep(20)
  yield* receive(harness, name, conn, LARGE, 200)
}
