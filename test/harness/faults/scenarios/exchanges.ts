// One or two ends of a connection that say something to each other, while operations fail.
import type { Connection } from '@bluelet/net'
import { type Coroutine, sleep } from '@bluelet/scheduler'
import { HOST, PORT, type Scenario, type Scene } from '../harness.js'
import { ask, dial, echo, exchange, LARGE, persist, receive, SMALL, send, several, upcase } from '../talk.js'

export const exchanges: readonly Scenario[] = [
  {
    title: 'an echo server',
    serve: (scene) => scene.server(echo),
    visit: (scene) => several(2, (i) => dial((conn) => exchange(scene, `client ${i}`, conn, SMALL))),
  },
  {
    title: 'questions and answers by lines',
    serve: (scene) => scene.server(upcase),
    visit: (scene) => several(2, (i) => dial((conn) => ask(scene, `client ${i}`, conn))),
  },
  {
    title: 'an upload of more than the buffers hold',
    serve: (scene) => scene.server((conn) => uploaded(scene, conn)),
    visit: (scene) => dial((conn) => exchange(scene, 'client', conn, LARGE, Buffer.from('thanks'))),
  },
  {
    title: 'a download of more than the buffers hold',
    serve: (scene) => scene.server(download),
    visit: (scene) => dial((conn) => exchange(scene, 'client', conn, SMALL, LARGE)),
  },
  {
    title: 'an echo of more than the buffers hold, in both directions at once',
    serve: (scene) => scene.server(echo),
    visit: (scene) => dial((conn) => exchange(scene, 'client', conn, LARGE)),
  },
  {
    title: 'half-closed connections',
    serve: (scene) => scene.server(answerAtTheEnd),
    visit: (scene) => several(2, (i) => dial((conn) => halfClose(scene, `client ${i}`, conn))),
  },
  {
    title: 'frames with their lengths',
    serve: (scene) => scene.server(returnFrames),
    visit: (scene) => several(2, (i) => dial((conn) => sendFrames(scene, `client ${i}`, conn))),
  },
  {
    title: 'a name with several addresses',
    world: { names: { many: [HOST, '::1', '127.0.0.2'] } },
    survives: ['connect'],
    serve: (scene) => scene.server(echo),
    visit: (scene) => several(2, (i) => dial((conn) => exchange(scene, `client ${i}`, conn, SMALL), 'many')),
  },
  {
    title: 'clients that try again',
    survives: ['connect', 'lookup', 'read', 'write', 'shutdown', 'accept'],
    serve: (scene) => scene.server(upcase),
    visit: (scene) =>
      several(2, (i) => persist(scene, () => dial((conn) => ask(scene, `client ${i}`, conn)))),
  },
  {
    title: 'a server that listens on a name',
    serve: (scene) => scene.server(echo, PORT, 'localhost'),
    visit: (scene) => dial((conn) => exchange(scene, 'client', conn, SMALL), 'localhost'),
  },
  {
    title: 'replies that linger',
    serve: (scene) => scene.server(hangUp),
    visit: (scene) => several(2, (i) => dial((conn) => slowly(scene, `client ${i}`, conn))),
  },
]

function* uploaded(scene: Scene, conn: Connection): Coroutine<void> {
  const probe = (yield* conn.peek(1)).equals(Buffer.from('p'))
  if (probe) yield* conn.readall()
  else yield* receive(scene, 'server', conn, LARGE, 50)
  yield* conn.sendall('thanks')
}

function* download(conn: Connection): Coroutine<void> {
  yield* conn.recv(1)
  yield* conn.sendall(LARGE)
  yield* conn.readall()
}

function* answerAtTheEnd(conn: Connection): Coroutine<void> {
  const question = yield* conn.readall()
  yield* sleep(5)
  yield* conn.sendall(question)
  yield* conn.sendall(question)
}

function* halfClose(scene: Scene, name: string, conn: Connection): Coroutine<void> {
  yield* send(conn, SMALL)
  yield* receive(scene, name, conn, Buffer.concat([SMALL, SMALL]), 30)
}

function* returnFrames(conn: Connection): Coroutine<void> {
  while ((yield* conn.peek(1)).length > 0) {
    const head = yield* conn.readuntil('\n')
    const length = Number(head)
    const body = length > 0 ? yield* conn.readexactly(length) : Buffer.from('none')
    yield* conn.sendall(body)
  }
}

function* sendFrames(scene: Scene, name: string, conn: Connection): Coroutine<void> {
  const received: Buffer[] = []
  try {
    for (const frame of [SMALL, LARGE.subarray(0, 300), SMALL]) {
      yield* conn.sendall(Buffer.concat([Buffer.from(`${frame.length}\n`), frame]))
      received.push(yield* conn.readexactly(frame.length))
    }
  } finally {
    scene.arrived(name, received, Buffer.concat([SMALL, LARGE.subarray(0, 300), SMALL]))
  }
}

/** The connection is closed before everything has been sent. */
function* hangUp(conn: Connection): Coroutine<void> {
  yield* conn.readline()
  yield* conn.sendall(LARGE)
}

function* slowly(scene: Scene, name: string, conn: Connection): Coroutine<void> {
  yield* conn.sendall('go on\n')
  yield* sleep(20)
  yield* receive(scene, name, conn, LARGE, 200)
}
