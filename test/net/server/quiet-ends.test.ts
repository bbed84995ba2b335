// Promise 8 of the network: what a session's own connection throws ends its handler quietly, and is
// counted; every other error is reported, whatever its class or its code.
import { ClosedError, type Connection, ConnectionResetError, connect, LimitError, listen } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { all, type Coroutine, race, sleep, spawn, TimeoutError, wait } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { type Served, serve } from '../serving.js'
import { LOOPBACK } from '../world.js'
import { WORLDS } from './each-driver.js'

/** What a server has seen of a session that ended. */
interface Seen {
  readonly drops: unknown[]
  readonly ended: Served['counts']['ended']
  readonly failed: number
  readonly errors: unknown[]
}

const NONE = { reset: 0, incomplete: 0, limit: 0, closed: 0, age: 0, end: 0, handshake: 0 }

describe.each(WORLDS)('on %s, a handler ends quietly', ({ driver, play }) => {
  /** Serves one client, and waits until its session has ended. */
  function* session(
    handler: (conn: Connection) => Coroutine<unknown>,
    client: (conn: Connection) => Coroutine<unknown>,
  ): Coroutine<Seen> {
    const { task, port, counts, drops, errors, listener } = yield* serve(handler, { ...driver, grace: 0 })
    const conn = yield* connect(LOOPBACK, port, driver)
    yield* client(conn)
    for (let i = 0; i < 400 && drops.length + errors.length === 0; i++) yield* sleep(2)
    yield* sleep(2) // Nothing else is counted.
    const { ended, failed } = counts
    const seen = { drops: drops.map(([reason]) => reason), ended: { ...ended }, failed, errors }
    conn.abort()
    listener.close()
    yield* task.outcome === undefined ? ending(task) : sleep(0)
    return seen
  }

  it('if its client ends in the middle of a message', async () => {
    const seen = await play(() =>
      session(
        function* (conn) {
          yield* conn.readexactly(10)
        },
        function* (conn) {
          yield* conn.sendall('abc')
          conn.close()
        },
      ),
    )

    expect(seen).toEqual({ drops: ['incomplete'], ended: { ...NONE, incomplete: 1 }, failed: 0, errors: [] })
  })

  it('if its client ends without the terminator', async () => {
    const seen = await play(() =>
      session(
        function* (conn) {
          yield* conn.readuntil('\r\n\r\n')
        },
        function* (conn) {
          yield* conn.sendall('x')
          conn.close()
        },
      ),
    )

    expect(seen).toEqual({ drops: ['incomplete'], ended: { ...NONE, incomplete: 1 }, failed: 0, errors: [] })
  })

  it.each<[string, (conn: Connection) => Coroutine<unknown>]>([
    [
      'a line',
      function* (conn) {
        yield* conn.readline('\n', { limit: 4 })
      },
    ],
    [
      'all',
      function* (conn) {
        yield* conn.readall({ limit: 4 })
      },
    ],
    [
      'a length that the client chose',
      function* (conn) {
        yield* conn.readexactly((yield* conn.recv()).length * 1000, { limit: 4 })
      },
    ],
  ])('if its client sends more than the limit: %s', async (_what, handler) => {
    const seen = await play(() =>
      session(handler, function* (conn) {
        yield* conn.sendall('much too long')
      }),
    )

    expect(seen).toEqual({ drops: ['limit'], ended: { ...NONE, limit: 1 }, failed: 0, errors: [] })
  })

  it('if its client resets, whatever other tasks of the session wait for', async () => {
    const seen = await play(() =>
      session(
        function* (conn) {
          yield* spawn(function* () {
            yield* sleep(1e6)
          })
          yield* conn.sendall('hello')
          yield* conn.readline()
        },
        function* (conn) {
          yield* conn.recv()
          conn.abort()
        },
      ),
    )

    expect(seen).toEqual({ drops: ['reset'], ended: { ...NONE, reset: 1 }, failed: 0, errors: [] })
  })

  it.each(['close', 'abort'] as const)('if another task calls %s', async (kick) => {
    let kicked: Connection | undefined

    const seen = await play(() =>
      session(
        function* (conn) {
          kicked = conn
          yield* conn.readline()
        },
        function* () {
          while (kicked === undefined) yield* sleep(1)
          yield* sleep(5)
          kicked[kick]()
        },
      ),
    )

    expect(seen).toEqual({ drops: ['closed'], ended: { ...NONE, closed: 1 }, failed: 0, errors: [] })
  })

  it('once, if several of its tasks use the connection', async () => {
    const seen = await play(() =>
      session(
        function* (conn) {
          yield* all([conn.readline(), flood(conn)])
        },
        function* (conn) {
          yield* conn.recv(1)
          conn.abort()
        },
      ),
    )

    expect(seen).toEqual({ drops: ['reset'], ended: { ...NONE, reset: 1 }, failed: 0, errors: [] })
  })

  it('by an AggregateError of nothing but its own errors', async () => {
    const seen = await play(() =>
      session(
        function* (conn) {
          const failures: unknown[] = []
          for (let i = 0; i < 2; i++) {
            try {
              yield* conn.readline('\n', { limit: 4 })
            } catch (error) {
              failures.push(error)
            }
          }
          throw new AggregateError([
            new AggregateError(failures),
            new ClosedError('x', { cause: failures[0] }),
          ])
        },
        function* (conn) {
          yield* conn.sendall('much too long')
        },
      ),
    )

    expect(seen).toEqual({ drops: ['limit'], ended: { ...NONE, limit: 1 }, failed: 0, errors: [] })
  })

  it('not because of an error that cannot be looked at', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()

    const { failed, errors } = await play(() =>
      session(
        function* (conn) {
          yield* conn.recv()
          throw proxy
        },
        function* (conn) {
          yield* conn.sendall('x')
        },
      ),
    )

    expect(failed).toBe(1)
    expect(errors[0] === proxy).toBe(true)
  })

  it('not because of an upstream connection that is reset, incomplete, or closed', async () => {
    const reports = await play(function* () {
      const upstream = yield* listen(LOOPBACK, 0, driver)
      yield* spawn(function* resetter() {
        for (let i = 0; i < 3; i++) {
          const conn = yield* upstream.accept()
          yield* conn.sendall('x')
          yield* conn.recv()
          if (i === 0) conn.abort()
          else conn.close()
        }
        upstream.close()
      })
      const names: string[] = []
      for (const end of ['reset', 'incomplete', 'closed']) {
        const { errors, failed } = yield* session(
          function* (conn) {
            yield* conn.recv()
            const up = yield* connect(LOOPBACK, upstream.address.port, driver)
            try {
              yield* up.sendall('x')
              if (end === 'closed') up.close()
              yield* up.readuntil('\n')
            } finally {
              up.close()
            }
          },
          function* (conn) {
            yield* conn.sendall('x')
          },
        )
        names.push(...errors.map((error) => (error as Error).name), `${failed}`)
      }
      return names
    })

    expect(reports).toEqual(['ConnectionResetError', '1', 'IncompleteReadError', '1', 'ClosedError', '1'])
  })

  it.each<[string, (thrown: unknown) => unknown]>([
    ['wrapped in an error of the user', (cause) => new Error('mine', { cause })],
    ['beside another error', (error) => new AggregateError([error, new Error('other')])],
    ['copied', (error) => new LimitError((error as Error).message)],
  ])('not by an error of its connection that is %s', async (_how, change) => {
    const seen = await play(() =>
      session(
        function* (conn) {
          try {
            yield* conn.readline('\n', { limit: 4 })
          } catch (error) {
            throw change(error)
          }
        },
        function* (conn) {
          yield* conn.sendall('much too long')
        },
      ),
    )

    expect(seen).toMatchObject({ drops: [], ended: NONE, failed: 1 })
    expect(seen.errors).toHaveLength(1)
  })

  it.each<[string, () => unknown]>([
    ['a reset that it made itself', () => new ConnectionResetError('mine', 'ECONNRESET')],
    ['a time-out of a database', () => Object.assign(new Error('query'), { code: 'ETIMEDOUT' })],
    ['an unreachable host', () => Object.assign(new Error('query'), { code: 'EHOSTUNREACH' })],
    ['a ClosedError of something else', () => new ClosedError('a channel')],
    ['a TimeoutError of something else', () => new TimeoutError('a query')],
    ['an AggregateError that is part of itself', circular],
    ['an AggregateError without errors', () => new AggregateError([])],
  ])('not by %s', async (_what, make) => {
    const thrown = make()

    const { errors, failed, ended, drops } = await play(() =>
      session(
        function* (conn) {
          yield* conn.recv()
          yield* wait(Promise.reject(thrown))
        },
        function* (conn) {
          yield* conn.sendall('x')
        },
      ),
    )

    expect(errors.length === 1 && errors[0] === thrown).toBe(true)
    expect({ failed, ended, drops }).toEqual({ failed: 1, ended: NONE, drops: [] })
  })

  it('not by a send after its own shutdown, which is a mistake', async () => {
    const { errors } = await play(() =>
      session(
        function* (conn) {
          conn.shutdown()
          yield* conn.sendall('too late')
        },
        function* (conn) {
          yield* conn.recv()
        },
      ),
    )

    expect(errors.map(String)).toEqual(['ClosedError: sendall(8 bytes): after shutdown()'])
  })
})

describe('a missed timeout', () => {
  it('is counted once, however the handler ends', async () => {
    const { drops, ended } = await simulate(function* () {
      const { port, counts, drops } = yield* serve(
        function* (conn) {
          yield* all([flood(conn), conn.readline()])
        },
        { stallTimeout: 100 },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(1000)
      conn.abort()
      return { drops: drops.map(([reason]) => reason), ended: counts.ended }
    })

    expect(drops).toEqual(['stall'])
    expect(ended).toEqual(NONE)
  })
})

function* flood(conn: Connection): Coroutine<never> {
  while (true) yield* conn.sendall(Buffer.alloc(65_536))
}

function* ending(task: Served['task']): Coroutine<void> {
  try {
    yield* race([task, sleep(10_000)])
  } catch (error) {
    if (!(error instanceof ClosedError)) throw error // Its listener was closed.
  }
}

function circular(): AggregateError {
  const error = new AggregateError([])
  error.errors.push(error)
  return error
}
