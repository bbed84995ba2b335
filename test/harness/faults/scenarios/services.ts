// Servers that have more to do than to answer, while operations fail.

import { type Connection, connect, listen, relay } from '@bluelet/net'
import {
  all,
  Cancelled,
  Channel,
  ClosedError,
  type Coroutine,
  group,
  join,
  kill,
  Latch,
  sleep,
  spawn,
  type Yieldable,
} from '@bluelet/scheduler'
import { internals } from '../../../support/internals.js'
import { upcase } from '../../handlers.js'
import { EarlyEnd, type FaultHarness, HOST, PORT, type Scenario } from '../harness.js'
import { ask, dial, several } from '../talk.js'

export const services: readonly Scenario[] = [
  {
    title: 'a proxy',
    serve: (harness) => proxy(harness, (near, far) => all([copy(near, far), copy(far, near)])),
    visit: (harness) => several(2, (i) => dial((conn) => ask(harness, `client ${i}`, conn))),
  },
  {
    title: 'a proxy that relays',
    serve: (harness) => proxy(harness, relay),
    visit: (harness) => several(1, (i) => dial((conn) => ask(harness, `client ${i}`, conn))),
  },
  { title: 'a chat', serve: chat, visit: chatting },
  {
    title: 'a server that is killed while it serves',
    ends: true,
    serve: (harness) => harness.server(upcase),
    visit: killing,
  },
  {
    title: 'handlers that do not close at once',
    serve: (harness) => harness.server(lateCloser),
    visit: (harness) => several(2, (i) => dial((conn) => ask(harness, `client ${i}`, conn))),
  },
  {
    title: 'a listener that two tasks accept from',
    serve: (harness) => accepting(harness, 2, true),
    visit: (harness) => several(3, (i) => dial((conn) => ask(harness, `client ${i}`, conn))),
  },
  {
    title: 'a listener that three tasks accept from, until it fails',
    serve: (harness) => accepting(harness, 3, false),
    visit: oneByOne,
  },
]

/** Each of its connections has one of its own behind it. */
function* proxy(
  harness: FaultHarness,
  pass: (near: Connection, far: Connection) => Yieldable,
): Coroutine<void> {
  const behind = yield* spawn.with({ name: 'behind' }, harness.server(upcase, PORT + 1))
  try {
    yield* harness.server(function* (near) {
      const far = yield* connect(HOST, PORT + 1)
      try {
        yield pass(near, far)
      } finally {
        far.close()
      }
    })
  } finally {
    internals(harness.scheduler).cancel(behind)
  }
}

function* copy(from: Connection, to: Connection): Coroutine<void> {
  for (let data = yield* from.recv(); data.length > 0; data = yield* from.recv()) yield* to.sendall(data)
  to.shutdown()
}

/** What one member says, all of them hear; each has a task that reads and one that writes. */
function* chat(harness: FaultHarness): Coroutine<void> {
  const outboxes = new Set<Channel<Buffer>>()
  const crowd = new Latch()
  yield* harness.server(function* (conn) {
    const outbox = new Channel<Buffer>()
    outboxes.add(outbox)
    if (outboxes.size === 2) crowd.open()
    try {
      const writer = yield* spawn.with({ name: 'writer' }, write(conn, outbox))
      for (let line = yield* conn.readline(); line.length > 0; line = yield* conn.readline()) {
        if (String(line) === 'hello?\n') yield* crowd.wait()
        for (const other of outboxes) if (other !== outbox || String(line) !== 'hello?\n') other.trySend(line)
      }
      outboxes.delete(outbox)
      outbox.close()
      yield* join(writer)
    } finally {
      outboxes.delete(outbox)
      outbox.close()
    }
  })
}

function* write(conn: Connection, outbox: Channel<Buffer>): Coroutine<void> {
  try {
    while (true) yield* conn.sendall(yield* outbox.receive())
  } catch (error) {
    if (!(error instanceof ClosedError) || error.cause !== undefined) throw error
  }
}

/**
 * One says something as soon as the other is there, and that one replies; if one fails, the other
 * gives up.
 */
function* chatting(harness: FaultHarness): Coroutine<void> {
  yield* all([dial(first), dial(second)])

  function* first(conn: Connection): Coroutine<void> {
    yield* conn.sendall('hello?\n')
    yield* receiveLines(conn, 'first', 'yes\nbye\n')
  }

  function* second(conn: Connection): Coroutine<void> {
    if ((yield* conn.readline()).length === 0) throw new EarlyEnd()
    yield* conn.sendall('yes\nbye\n')
    yield* receiveLines(conn, 'second', 'yes\nbye\n')
  }

  function* receiveLines(conn: Connection, name: string, expected: string): Coroutine<void> {
    const lines: Buffer[] = []
    try {
      while (lines.length < 2) {
        const line = yield* conn.readline()
        if (line.length === 0) throw new EarlyEnd()
        lines.push(line)
      }
      conn.shutdown()
      yield* conn.readall()
    } finally {
      harness.arrived(name, lines, Buffer.from(expected))
    }
  }
}

/** The clients have had an answer each when it is killed; then they only wait for the end. */
function* killing(harness: FaultHarness): Coroutine<void> {
  const answered = [new Latch(), new Latch()] as const
  yield* several(2, client)
  for (const latch of answered) yield* latch.wait()
  if (harness.serving !== undefined) yield* kill(harness.serving)

  function* client(i: number): Coroutine<void> {
    try {
      yield* dial((conn) => talk(i, conn))
    } finally {
      answered[i]?.open()
    }
  }

  function* talk(i: number, conn: Connection): Coroutine<void> {
    yield* ask(harness, `client ${i}`, conn)
    answered[i]?.open()
    yield* conn.recv()
  }
}

/** The peer is told of an error nevertheless. */
function* lateCloser(conn: Connection): Coroutine<void> {
  try {
    yield* upcase(conn)
  } finally {
    yield* sleep(10)
  }
}

/** No other client connects, which would wake an acceptor. */
function* oneByOne(harness: FaultHarness): Coroutine<void> {
  for (const name of ['first', 'second']) yield* dial((conn) => ask(harness, name, conn))
}

/** @param persistent whether they go on after an accept that has failed */
function* accepting(harness: FaultHarness, acceptors: number, persistent: boolean): Coroutine<void> {
  const listener = yield* listen('', PORT)
  try {
    yield* group(function* (g) {
      for (let i = 0; i < acceptors; i++) yield* g.spawn(persistent ? insist : accept)
    })
  } finally {
    listener.close()
  }

  function* insist(): Coroutine<void> {
    while (true) {
      yield* accept()
      yield* sleep(100)
    }
  }

  function* accept(): Coroutine<void> {
    try {
      while (true) yield* served(yield* listener.accept())
    } catch (error) {
      if (error instanceof Cancelled) throw error
      harness.noticed.push(error)
    }
  }

  function* served(conn: Connection): Coroutine<void> {
    try {
      yield* upcase(conn)
    } catch (error) {
      if (error instanceof Cancelled) throw error
      harness.noticed.push(error)
    } finally {
      conn.close()
    }
  }
}
