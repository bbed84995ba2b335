// When a session is idle: for idleTimeout, and for the quick end at shutdown.
import { type Connection, connect, type ServerOptions, type Session } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import {
  aborted,
  all,
  allSettled,
  Channel,
  type Coroutine,
  group,
  join,
  kill,
  Latch,
  pause,
  race,
  shield,
  sleep,
  spawn,
  timeout,
  wait,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { fateOf, serve } from '../serving.js'
import { LOOPBACK } from '../world.js'
import { WORLDS } from './each-driver.js'

type Handler = (conn: Connection, session: Session) => Coroutine<unknown>

const HOUR = 3_600_000

/** Reads until the end of the stream. */
function* drain(conn: Connection): Coroutine<void> {
  while ((yield* conn.recv()).length > 0);
}

function* asleep(): Coroutine<void> {
  yield* sleep(HOUR)
}

const IDLE: [string, Handler][] = [
  ['read', drain],
  [
    'read in a timeout',
    function* (conn) {
      yield* timeout(HOUR, conn.readline())
    },
  ],
  [
    'read in a race with the end of the server and of the connection',
    function* (conn, session) {
      yield* race([conn.readline(), aborted(session.signal), conn.whenClosed()])
    },
  ],
  [
    'join a task that reads',
    function* (conn) {
      yield* join(yield* spawn(drain, conn))
    },
  ],
  [
    'read in allSettled, and in a shield',
    function* (conn) {
      yield* allSettled([shield(drain(conn))])
    },
  ],
  [
    'wait for the end of a task that is killed while it reads',
    function* (conn) {
      const reading = yield* spawn(function* () {
        try {
          yield* new Latch().wait()
        } finally {
          yield* drain(conn)
        }
      })
      yield* pause() // A task that has not begun would end at once.
      yield* kill(reading, { grace: HOUR })
    },
  ],
  [
    'read in a group, in all, and in a race of coroutines',
    function* (conn) {
      yield* group(function* (g) {
        yield* g.spawn(function* () {
          yield* all([race([drain(conn), conn.whenClosed()])])
        })
      })
    },
  ],
]

const BUSY: [string, Handler][] = [
  [
    'sleeps in all',
    function* (conn) {
      yield* all([sleep(HOUR), drain(conn)])
    },
  ],
  [
    'sleeps in a race',
    function* (conn) {
      yield* race([drain(conn), asleep()])
    },
  ],
  [
    'works in a spawned task',
    function* (conn) {
      yield* spawn(asleep)
      yield* drain(conn)
    },
  ],
  [
    'works in a group',
    function* (conn) {
      yield* group(function* (g) {
        yield* g.spawn(asleep)
        yield* group(function* () {
          yield* drain(conn)
        })
      })
    },
  ],
  [
    'joins a task that works',
    function* (conn) {
      const work = yield* spawn(asleep)
      yield* all([join(work), drain(conn)])
    },
  ],
  [
    'waits for a channel',
    function* (conn) {
      yield* spawn(function* () {
        yield* new Channel<number>({ external: true } as never).receive()
      })
      yield* drain(conn)
    },
  ],
  [
    'waits for a promise',
    function* (conn) {
      yield* race([drain(conn), wait(new Promise<void>(() => {}))])
    },
  ],
]

/**
 * When a silent client is disconnected, and when it is disconnected after the end of its server
 * began.
 */
function* lifetimes(handler: Handler, options: ServerOptions = {}): Coroutine<[string, string]> {
  const closing = new AbortController()
  const settings = { idleTimeout: 1000, grace: 20_000, signal: closing.signal, ...options }
  const first = yield* serve(greeted(handler), { ...settings, signal: new AbortController().signal })
  const conn = yield* connect(LOOPBACK, first.port)
  yield* conn.sendall('x')
  const ended = yield* race([fateOf(conn), sleep(10_000)])
  const second = yield* serve(greeted(handler), { ...settings, idleTimeout: HOUR })
  const other = yield* connect(LOOPBACK, second.port)
  yield* other.sendall('x')
  yield* sleep(500)
  closing.abort()
  const quick = yield* race([fateOf(other), sleep(10_000)])
  return [ended === undefined ? 'kept' : 'idle', quick === undefined ? 'kept' : 'quick']
}

/** Reads the first byte, so that the session waits for another message. */
function greeted(handler: Handler): Handler {
  return function* (conn, session) {
    yield* conn.recv(1)
    yield* handler(conn, session)
  }
}

describe('a session', () => {
  it.each(IDLE)('is idle if its tasks %s', async (_what, handler) => {
    expect(await seen(handler)).toEqual(['idle', 'quick'])
  })

  it.each(BUSY)('is not idle if one of its tasks %s', async (_what, handler) => {
    expect(await seen(handler)).toEqual(['kept', 'kept'])
  })

  it.each(BUSY)("is idle with idle: 'reader' even if one of its tasks %s", async (_what, handler) => {
    expect(await seen(handler, { idle: 'reader' })).toEqual(['idle', 'quick'])
  })

  it('that joins a task of another session is not idle', async () => {
    const shared = new Channel<number>({ capacity: 1 })
    let work: { task: Parameters<typeof join>[0] } | undefined

    const result = await seen(function* (conn) {
      if (work === undefined) {
        work = { task: yield* spawn(asleep) }
        yield* shared.send(1)
      }
      yield* all([join(work.task), drain(conn)])
    })

    expect(result[0]).toBe('kept')
  })

  it('is idle for idleTimeout from the moment at which its work has ended', async () => {
    const ms = await simulate(function* (world) {
      const { port } = yield* serve(
        function* (conn) {
          yield* conn.recv(1)
          yield* spawn(function* () {
            yield* sleep(5000)
          })
          yield* drain(conn)
        },
        { idleTimeout: 1000 },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* conn.sendall('x')
      const begun = world.now()
      yield* fateOf(conn)
      return world.now() - begun
    })

    expect(ms).toBeGreaterThanOrEqual(6000)
    expect(ms).toBeLessThan(6300)
  })

  it('is under messageTimeout and firstByteTimeout whatever else it does', async () => {
    const reasons = await simulate(function* () {
      const { port, drops } = yield* serve(
        function* (conn) {
          yield* all([sleep(HOUR), conn.readline()])
        },
        { firstByteTimeout: 1000, messageTimeout: 1000 },
      )
      const silent = yield* connect(LOOPBACK, port)
      const slow = yield* connect(LOOPBACK, port)
      yield* slow.sendall('half a li')
      yield* sleep(3000)
      silent.abort()
      slow.abort()
      return drops.map(([reason]) => reason)
    })

    expect(reasons.sort()).toEqual(['firstByte', 'message'])
  })
})

describe.each(WORLDS)('on %s, at the end of its server', ({ driver, play }) => {
  it('a session that reads its client while it works for it sends its reply', async () => {
    const reply = await play(function* () {
      const closing = new AbortController()
      const { port } = yield* serve(
        function* (conn) {
          yield* conn.readline()
          yield* all([
            (function* () {
              yield* sleep(700)
              yield* conn.sendall('the reply')
              conn.shutdown()
            })(),
            drain(conn),
          ])
        },
        { ...driver, signal: closing.signal },
      )
      const conn = yield* connect(LOOPBACK, port, driver)
      yield* conn.sendall('a request\n')
      yield* sleep(100)
      closing.abort()
      return yield* fateOf(conn)
    })

    expect(reply).toBe('the reply|end')
  })
})

function seen(handler: Handler, options?: ServerOptions): Promise<[string, string]> {
  return new Promise((resolve, reject) => {
    simulate(function* () {
      resolve(yield* lifetimes(handler, options))
      throw new Error('over') // Ends the servers and their clients.
    }).catch((error) => (String(error) === 'Error: over' ? undefined : reject(error)))
  })
}
