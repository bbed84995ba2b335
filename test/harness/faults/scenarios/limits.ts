// Servers with limits, deadlines and an end, while operations fail.
import { type Connection, TimeoutError } from '@bluelet/net'
import { Cancelled, type Coroutine, join, Latch, sleep } from '@bluelet/scheduler'
import { upcase } from '../../handlers.js'
import { EarlyEnd, type FaultHarness, HOST, PORT, type Scenario } from '../harness.js'
import { ask, dial, several } from '../talk.js'

export const limits: readonly Scenario[] = [
  {
    title: 'a server with one seat, for which others wait',
    serve: (harness) => harness.server(upcase, PORT, '', { maxConnections: 1 }),
    visit: (harness) => several(3, (i) => dial((conn) => ask(harness, `client ${i}`, conn))),
  },
  {
    title: 'a server with deadlines, and a client that misses one',
    serve: (harness) =>
      harness.server(patient(harness), PORT, '', { firstByteTimeout: 40, messageTimeout: 40 }),
    visit: impatient,
  },
  { title: 'a server that ends while it serves', ends: true, ...ending() },
]

/** Says goodbye to a client that misses its deadline. */
function patient(harness: FaultHarness): (conn: Connection) => Coroutine {
  return function* (conn) {
    try {
      yield* upcase(conn)
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      try {
        yield* conn.sendall('too slow\n')
      } catch (failure) {
        if (failure instanceof Cancelled) throw failure
        harness.noticed.push(failure)
      }
    }
  }
}

function* impatient(harness: FaultHarness): Coroutine<void> {
  yield* several(3, (i) => dial((conn) => (i < 2 ? ask(harness, `client ${i}`, conn) : drip(harness, conn))))
}

function* drip(harness: FaultHarness, conn: Connection): Coroutine<void> {
  let heard: Buffer = Buffer.alloc(0)
  try {
    yield* conn.sendall('no end')
    heard = yield* conn.readall()
    if (heard.length === 0) throw new EarlyEnd()
  } finally {
    harness.arrived('dripper', heard, Buffer.from('too slow\n'))
  }
}

/** It is asked to end when both clients' requests are at work. */
function ending(): Pick<Scenario, 'serve' | 'visit'> {
  const controllers = new WeakMap<FaultHarness, AbortController>()
  return { serve, visit }

  function serve(harness: FaultHarness): Coroutine {
    const controller = new AbortController()
    controllers.set(harness, controller)
    return harness.server(slow, PORT, '', { signal: controller.signal })
  }

  function* slow(conn: Connection): Coroutine<void> {
    const line = yield* conn.readline()
    yield* sleep(100)
    yield* conn.sendall(String(line).toUpperCase())
  }

  function* visit(harness: FaultHarness): Coroutine<void> {
    const asked = [new Latch(), new Latch()] as const
    yield* several(2, client)
    for (const latch of asked) yield* latch.wait()
    yield* sleep(20)
    controllers.get(harness)?.abort()
    if (harness.serving?.outcome === undefined && harness.serving !== undefined) yield* join(harness.serving)

    function* client(i: number): Coroutine<void> {
      try {
        yield* dial((conn) => request(i, conn), HOST)
      } finally {
        asked[i]?.open()
      }
    }

    function* request(i: number, conn: Connection): Coroutine<void> {
      let reply: Buffer = Buffer.alloc(0)
      try {
        yield* conn.sendall('request\n')
        asked[i]?.open()
        reply = yield* conn.readall()
        if (reply.length === 0) throw new EarlyEnd()
      } finally {
        harness.arrived(`client ${i}`, reply, Buffer.from('REQUEST\n'))
      }
    }
  }
}
