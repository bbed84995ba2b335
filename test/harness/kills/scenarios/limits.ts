// Servers with limits, deadlines and an end, and their clients.
import assert from 'node:assert/strict'
import { type Connection, type ServerOptions, server, TimeoutError } from '@bluelet/net'
import { type Coroutine, sleep } from '@bluelet/scheduler'
import { ended, type KillHarness } from '../harness.js'
import { arrived, dialing, GONE, PORT, portIsFree, serving, unlessGone } from '../network.js'
import type { Scenario } from '../plugin.js'

/** So little that a few hundred bytes fill it. */
const SMALL = { buffer: 64 }

function* shout(conn: Connection): Coroutine<void> {
  for (let line = yield* conn.readline(); line.length > 0; line = yield* conn.readline())
    yield* conn.sendall(String(line).toUpperCase())
}

function* asking(conn: Connection): Coroutine<void> {
  for (const word of ['one', 'two']) {
    yield* conn.sendall(`${word}\n`)
    arrived(yield* conn.readline(), `${word.toUpperCase()}\n`)
    yield sleep(2)
  }
}

const clients = (n: number) => Array.from({ length: n }, () => () => dialing(asking))

export const limits: readonly Scenario[] = [
  {
    title: 'a server with one seat, for which another waits',
    follows: GONE,
    run: (harness) => serving(harness, shout, clients(2), { maxConnections: 1 }),
  },
  {
    title: 'a server with one seat, that closes the others',
    follows: GONE,
    run: (harness) => serving(harness, shout, hasty(3), { maxConnections: 1, overload: 'close' }),
  },
  {
    title: 'a server with one seat for each address, that resets the others',
    follows: GONE,
    run: (harness) =>
      serving(harness, shout, hasty(3), {
        maxConnectionsPerAddress: 1,
        overload: 'reset',
        maxConnections: 2,
      }),
  },
  {
    title: 'a server with deadlines, and clients that miss them',
    follows: GONE,
    world: SMALL,
    run: missing,
  },
  { title: 'a server that ends while its handlers are at work', follows: GONE, run: closing },
  {
    title: 'a server that ends, and its handlers do not',
    follows: GONE,
    run: (harness) => closing(harness, { grace: 10 }),
  },
]

/** Clients that may be dropped. */
function hasty(n: number): (() => Coroutine)[] {
  return Array.from({ length: n }, () => () => unlessGone(dialing(asking)))
}

/** One that says nothing, one that says half a line, one that does not read. */
function missing(harness: KillHarness): Coroutine {
  const deadlines = { firstByteTimeout: 20, idleTimeout: 20, messageTimeout: 20, stallTimeout: 20 }
  return serving(
    harness,
    patient,
    [() => dialing(silent), () => dialing(dripping), () => dialing(deaf)],
    deadlines,
  )

  function* patient(conn: Connection): Coroutine<void> {
    try {
      const line = yield* conn.readline()
      if (String(line) === 'much\n') yield* conn.sendall(Buffer.alloc(500))
    } catch (error) {
      if (!(error instanceof TimeoutError) || conn.socket.remoteAddress === undefined) throw error
      yield* unlessGone(goodbye(conn))
    }
  }

  function* goodbye(conn: Connection): Coroutine<void> {
    yield* conn.sendall('goodbye\n')
  }

  function* silent(conn: Connection): Coroutine<void> {
    arrived(yield* conn.readline(), 'goodbye\n')
  }

  function* dripping(conn: Connection): Coroutine<void> {
    yield* unlessGone(drips(conn))
    arrived(yield* conn.readline(), 'goodbye\n')
  }

  function* drips(conn: Connection): Coroutine<void> {
    for (let i = 0; i < 5; i++) {
      yield* conn.sendall('x')
      yield sleep(6)
    }
  }

  function* deaf(conn: Connection): Coroutine<void> {
    yield* conn.sendall('much\n')
    yield sleep(50)
  }
}

/** It is asked to end while one client's request is at work, and another client has none. */
function closing(harness: KillHarness, options: ServerOptions = {}): Coroutine {
  portIsFree(harness)
  return main()

  function* main(): Coroutine<void> {
    const controller = new AbortController()
    const watched = (conn: Connection) => harness.guarded('handler', slow(conn))
    const { signal } = controller
    const serving = yield* harness.start('server', server('', PORT, watched, { signal, ...options }))
    try {
      yield* harness.start('client 0', unlessGone(dialing(waits)))
      yield* harness.start('client 1', unlessGone(dialing(silent)))
      yield sleep(8)
    } finally {
      controller.abort()
    }
    yield* ended(serving)
  }

  function* slow(conn: Connection): Coroutine<void> {
    const line = yield* conn.readline()
    try {
      yield sleep(30)
    } finally {
      yield* conn.sendall(line)
    }
  }

  function* waits(conn: Connection): Coroutine<void> {
    yield* conn.sendall('work\n')
    arrived(yield* conn.readline(), 'work\n')
  }

  function* silent(conn: Connection): Coroutine<void> {
    assert.equal((yield* conn.recv()).length, 0)
  }
}
