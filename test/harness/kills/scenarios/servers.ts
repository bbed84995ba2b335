// Servers with their clients.

import assert from 'node:assert/strict'
import { type Connection, connect, relay, server } from '@bluelet/net'
import {
  all,
  Channel,
  ClosedError,
  type Coroutine,
  Semaphore,
  sleep,
  timeout,
  type Yieldable,
} from '@bluelet/scheduler'
import { internals } from '../../../support/internals.js'
import { echo, upcase } from '../../handlers.js'
import type { KillHarness } from '../harness.js'
import { arrived, bytes, dialing, GONE, HOST, PORT, portIsFree, serving, unlessGone } from '../network.js'
import type { Scenario } from '../plugin.js'

/** Sends, and checks that the same comes back. */
function* echoed(conn: Connection): Coroutine<void> {
  for (const message of [bytes(10), bytes(90)]) {
    yield* conn.sendall(message)
    arrived(yield* conn.readexactly(message.length), message)
  }
  conn.shutdown()
  assert.equal((yield* conn.readall()).length, 0)
}

function* asking(conn: Connection): Coroutine<void> {
  for (const word of ['one', 'two', 'three']) {
    yield* conn.sendall(`${word}\n`)
    arrived(yield* conn.readline(), `${word.toUpperCase()}\n`)
    yield sleep(2)
  }
}

const clients = (n: number, talk: (conn: Connection) => Coroutine) =>
  Array.from({ length: n }, () => () => dialing(talk))

export const servers: readonly Scenario[] = [
  {
    title: 'an echo server',
    follows: GONE,
    run: (harness) => serving(harness, echo(64), clients(3, echoed)),
  },
  {
    title: 'a server of lines',
    follows: GONE,
    run: (harness) => serving(harness, upcase, clients(2, asking)),
  },
  { title: 'a chat', follows: GONE, run: chat },
  { title: 'a proxy', follows: GONE, run: (harness) => proxy(harness, copying) },
  { title: 'a proxy that relays', follows: GONE, run: (harness) => proxy(harness, () => relay) },
  { title: 'a server that is killed while it serves', follows: GONE, run: ending },
  { title: 'a server that works for one client at a time', follows: GONE, run: oneByOne },
  { title: 'a handler with a task of its own', follows: GONE, run: ticking },
  { title: 'a handler whose clean-up has a task', follows: GONE, run: cleaningUp },
  { title: 'clients that come again', follows: GONE, run: comingAgain },
]

/** Each connection has a task that reads and one that writes. */
function chat(harness: KillHarness): Coroutine {
  const outboxes = new Set<Channel<Buffer>>()
  harness.afterwards(function* () {
    assert.equal(outboxes.size, 0)
  })
  return serving(harness, member, [() => dialing(talk), () => dialing(talk)])

  function* member(conn: Connection): Coroutine<void> {
    const outbox = new Channel<Buffer>()
    outboxes.add(outbox)
    try {
      yield* harness.start('writer', write(conn, outbox))
      for (let line = yield* conn.readline(); line.length > 0; line = yield* conn.readline())
        for (const other of outboxes) other.trySend(line)
    } finally {
      outboxes.delete(outbox)
      outbox.close()
    }
  }

  function* write(conn: Connection, outbox: Channel<Buffer>): Coroutine<void> {
    try {
      while (true) yield* conn.sendall(yield* outbox.receive())
    } catch (error) {
      if (!(error instanceof ClosedError)) throw error
    } finally {
      conn.close()
    }
  }

  function* talk(conn: Connection): Coroutine<void> {
    yield* conn.sendall('hello\n')
    // Without its writer there is no answer.
    arrived(yield* timeout(1000, conn.readline()), 'hello\n')
    yield sleep(5)
    yield* conn.sendall('bye\n')
    conn.shutdown()
    yield* conn.readall()
  }
}

/** How a proxy passes bytes on. */
type Passing = (near: Connection, far: Connection) => Yieldable

function proxy(harness: KillHarness, passing: (harness: KillHarness) => Passing): Coroutine {
  const pass = passing(harness)
  return serving(harness, upcase, [front])

  function* front(): Coroutine<void> {
    const proxy = yield* harness.start('proxy', server('', PORT + 1, served))
    try {
      yield* unlessGone(dialingProxy())
    } finally {
      internals(harness.scheduler).cancel(proxy)
    }
  }

  function* dialingProxy(): Coroutine<void> {
    const conn = yield* connect(HOST, PORT + 1)
    try {
      yield* asking(conn)
    } finally {
      conn.close()
    }
  }

  function* served(near: Connection): Coroutine<void> {
    const far = yield* connect(HOST, PORT)
    try {
      yield pass(near, far)
    } finally {
      far.close()
    }
  }
}

/** A task for each direction. */
function copying(harness: KillHarness): Passing {
  return (near, far) =>
    all([harness.guarded('there', copy(near, far)), harness.guarded('back', copy(far, near))])

  function* copy(from: Connection, to: Connection): Coroutine<void> {
    for (let data = yield* from.recv(); data.length > 0; data = yield* from.recv()) yield* to.sendall(data)
    to.shutdown()
  }
}

function ending(harness: KillHarness): Coroutine {
  portIsFree(harness)
  return main()

  function* main(): Coroutine<void> {
    const watched = (conn: Connection) => harness.guarded('handler', echo(64)(conn))
    const serving = yield* harness.start('server', server('', PORT, watched, { grace: 5 }))
    try {
      for (let i = 0; i < 2; i++) yield* harness.start(`client ${i}`, unlessGone(dialing(flooding)))
      yield sleep(12)
    } finally {
      internals(harness.scheduler).cancel(serving)
    }
  }

  function* flooding(conn: Connection): Coroutine<void> {
    while (true) {
      yield* conn.sendall(bytes(20))
      yield* conn.readexactly(20)
      yield sleep(1)
    }
  }
}

function oneByOne(harness: KillHarness): Coroutine {
  const turn = new Semaphore(1)
  harness.afterwards(function* () {
    yield* turn.acquire()
  })
  return serving(harness, working, clients(3, echoed))

  function* working(conn: Connection): Coroutine<void> {
    yield* turn.acquire()
    try {
      yield* echo(64)(conn)
    } finally {
      turn.release()
    }
  }
}

function ticking(harness: KillHarness): Coroutine {
  return serving(harness, handler, [() => dialing(client)])

  function* handler(conn: Connection): Coroutine<void> {
    const ticker = yield* harness.start('ticker', ticks(conn))
    try {
      yield* conn.readall()
    } finally {
      internals(harness.scheduler).cancel(ticker)
    }
  }

  function* ticks(conn: Connection): Coroutine<void> {
    while (true) {
      yield* conn.sendall('tick\n')
      yield sleep(5)
    }
  }

  function* client(conn: Connection): Coroutine<void> {
    for (let i = 0; i < 3; i++) arrived(yield* timeout(1000, conn.readline()), 'tick\n')
  }
}

/** What a clean-up spawns has a grace period of its own. */
function cleaningUp(harness: KillHarness): Coroutine {
  return serving(harness, handler, [() => dialing(echoed)])

  function* handler(conn: Connection): Coroutine<void> {
    try {
      yield* echo(64)(conn)
    } finally {
      yield* harness.start('late', late())
      yield sleep(1)
    }
  }

  function* late(): Coroutine<void> {
    yield sleep(3)
  }
}

function comingAgain(harness: KillHarness): Coroutine {
  return serving(harness, upcase, [() => again(), () => again()])

  function* again(): Coroutine<void> {
    for (let i = 0; i < 3; i++) yield* unlessGone(dialing(hasty))
  }

  function* hasty(conn: Connection): Coroutine<void> {
    yield* conn.sendall('quick\n')
    arrived(yield* conn.readline(), 'QUICK\n')
  }
}
