// Connections that are being made, and those that cannot be made.

import assert from 'node:assert/strict'
import {
  ConnectError,
  type Connection,
  connect,
  type HostEndpoint,
  type Listener,
  listen,
  type PathEndpoint,
} from '@bluelet/net'
import type { SimulationOptions } from '@bluelet/net/testing'
import { all, type Coroutine, race, sleep } from '@bluelet/scheduler'
import { internals } from '../../../support/internals.js'
import { ended, type KillHarness } from '../harness.js'
import { arrived, dialing, GONE, HOST, PORT, portIsFree, serving, unlessGone } from '../network.js'
import type { Scenario } from '../plugin.js'

function* greeting(conn: Connection): Coroutine<void> {
  yield* conn.sendall('hi\n')
}

function* greeted(conn: Connection): Coroutine<void> {
  arrived(yield* conn.readline(), 'hi\n')
}

/** Connects to a port on which no task listens. */
function* refused(host: string, code: string, timeout = 10_000): Coroutine<void> {
  try {
    const conn = yield* connect(host, PORT, { timeout })
    conn.close()
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error
    // An attempt that is killed says nothing, until the time is up.
    assert.ok([code, 'ETIMEDOUT'].includes(error.code))
    return
  }
  assert.fail('it has connected')
}

function reaching(title: string, world: SimulationOptions): Scenario {
  const run = (harness: KillHarness) => serving(harness, greeting, [() => dialing(greeted, 'many')])
  return { title, world, follows: GONE, run }
}

function failing(title: string, code: string, world: SimulationOptions): Scenario {
  const run = () => refused('name', code, 1000)
  return { title, world, follows: GONE, run }
}

export const connecting: readonly Scenario[] = [
  reaching('a connect to the third of three addresses', {
    names: { many: ['10.0.0.1', '10.0.0.2', HOST] },
    addresses: { '10.0.0.1': 'hang', '10.0.0.2': 'ECONNREFUSED' },
  }),
  reaching('connects that both succeed', { names: { many: ['::1', HOST, '127.0.0.2'] }, latency: 200 }),
  failing('a look-up that hangs', 'ETIMEDOUT', { names: { name: 'hang' } }),
  failing('a look-up that fails', 'EAI_AGAIN', { names: { name: 'EAI_AGAIN' } }),
  failing('a connect that is refused', 'ECONNREFUSED', { names: { name: ['127.0.0.1', '::1'] } }),
  failing('connects that all hang', 'ETIMEDOUT', {
    names: { name: ['10.0.0.1', '::2', '10.0.0.3'] },
    addresses: { '10.0.0.1': 'hang', '::2': 'hang', '10.0.0.3': 'hang' },
  }),
  { title: 'connects that are given up', follows: GONE, run: givingUp },
  { title: 'connects in an all that is given up', follows: GONE, run: together },
  { title: 'a race of connects', follows: GONE, run: racing },
  { title: 'a listener that several accept from', follows: GONE, run: accepting },
  { title: 'an accept that is given up and begun again', follows: GONE, run: impatient },
  { title: 'a backlog that is full', follows: GONE, run: (harness) => crowded(harness) },
  {
    title: 'a Unix socket whose backlog is full',
    follows: GONE,
    run: (harness) => crowded(harness, { path: '/run/x.sock' }),
  },
  { title: 'a listen', follows: GONE, world: { names: { here: [HOST] }, latency: 5 }, run: listening },
]

function racing(harness: KillHarness): Coroutine {
  return serving(harness, greeting, [client, client])

  function* client(): Coroutine<void> {
    const conn = yield* race([connect(HOST, PORT), connect('localhost', PORT)])
    try {
      yield* greeted(conn)
    } finally {
      conn.close()
    }
  }
}

/** At every harness of a connect. */
function givingUp(harness: KillHarness): Coroutine {
  return serving(harness, greeting, [client])

  function* client(): Coroutine<void> {
    for (let ms = 0; ms < 4; ms++) {
      const conn = yield* race([connect(HOST, PORT), sleep(ms)])
      conn?.close()
    }
  }
}

/**
 * Connections that are made, and that no task receives, are closed: the world counts descriptors.
 */
function together(harness: KillHarness): Coroutine {
  return serving(harness, greeting, [client])

  function* client(): Coroutine<void> {
    for (let ms = 0; ms < 4; ms++) {
      const both = yield* race([all([connect(HOST, PORT), connect(HOST, PORT), sleep(2)]), sleep(ms)])
      if (both === undefined) continue
      both[0].close()
      both[1].close()
    }
  }
}

/** Listens for as long as the clients and the acceptors are at work. */
function listened(
  harness: KillHarness,
  n: number,
  accept: (listener: Listener) => Coroutine,
  backlog = 9,
  at: HostEndpoint | PathEndpoint = { host: HOST, port: PORT },
): Coroutine {
  harness.afterwards(function* () {
    const listener = yield* listen(at)
    listener.close()
  })
  return main()

  function* client(): Coroutine<void> {
    const conn = yield* connect(at)
    try {
      yield* greeted(conn)
    } finally {
      conn.close()
    }
  }

  function* main(): Coroutine<void> {
    const listener = yield* listen(at, { backlog })
    try {
      const acceptors = []
      for (let i = 0; i < 2; i++) acceptors.push(yield* harness.start(`acceptor ${i}`, accept(listener)))
      const clients = []
      for (let i = 0; i < n; i++) clients.push(yield* harness.start(`client ${i}`, unlessGone(client())))
      for (const client of clients) yield* ended(client)
      for (const acceptor of acceptors) internals(harness.scheduler).cancel(acceptor)
    } finally {
      listener.close()
    }
  }
}

/** An acceptor that is killed loses no connection: the other one accepts it. */
function accepting(harness: KillHarness): Coroutine {
  return listened(harness, 4, accept)

  function* accept(listener: Listener): Coroutine<void> {
    while (true) {
      const conn = yield* listener.accept()
      try {
        yield* greeting(conn)
        yield sleep(1)
      } finally {
        conn.close()
      }
    }
  }
}

function impatient(harness: KillHarness): Coroutine {
  return listened(harness, 2, accept)

  function* accept(listener: Listener): Coroutine<void> {
    for (let i = 0; i < 10; i++) {
      const conn = yield* race([listener.accept(), sleep(i)])
      if (conn === undefined) continue
      try {
        yield* greeting(conn)
      } finally {
        conn.close()
      }
    }
  }
}

/** A client for which there is no room tries again: a second later, or soon, if it is a path. */
function crowded(harness: KillHarness, at?: PathEndpoint): Coroutine {
  return listened(harness, 3, accept, 1, at)

  function* accept(listener: Listener): Coroutine<void> {
    yield sleep(500)
    while (true) {
      const conn = yield* listener.accept()
      try {
        yield* greeting(conn)
      } finally {
        conn.close()
      }
    }
  }
}

function listening(harness: KillHarness): Coroutine {
  portIsFree(harness)
  return main()

  function* main(): Coroutine<void> {
    for (let i = 0; i < 3; i++) {
      const listener = yield* listen('here', PORT)
      try {
        yield* race([listener.accept(), sleep(3)])
      } finally {
        listener.close()
      }
    }
  }
}
