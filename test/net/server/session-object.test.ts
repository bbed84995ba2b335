// What a handler is told of its session, what becomes of its connection, and the hooks of a server.
import type { CloseReason, Connection, ServerOptions, Session } from '@bluelet/net'
import { connect } from '@bluelet/net'
import { Simulation, simulate } from '@bluelet/net/testing'
import { aborted, type Coroutine, race, run, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { fateOf, serve, visit } from '../serving.js'
import { errorOf, LOOPBACK } from '../world.js'
import { WORLDS } from './each-driver.js'

describe.each(WORLDS)('on %s, the connection of a handler', ({ driver, play }) => {
  /**
   * Serves one client that sends a line and reads to the end; gives what it has read, and how that
   * ended.
   */
  function fate(
    handler: (conn: Connection, session: Session) => Coroutine<unknown>,
    options: ServerOptions = {},
  ): Promise<string> {
    return play(function* () {
      const closing = new AbortController()
      const { port } = yield* serve(handler, { ...driver, grace: 0, signal: closing.signal, ...options })
      const conn = yield* connect(LOOPBACK, port, driver)
      yield* conn.sendall('request\n')
      const fate = yield* fateOf(conn)
      closing.abort()
      return fate
    })
  }

  it('that fails in the middle of a reply is reset', async () => {
    const seen = await fate(function* (conn) {
      yield* conn.readline()
      yield* conn.sendall('half a')
      yield* sleep(20)
      throw new Error('upstream has gone')
    })

    expect(seen).toMatch(/^(half a)?\|ConnectionResetError$/)
  })

  it('that fails in the middle of a reply is reset if its error is quiet', async () => {
    const seen = await fate(function* (conn) {
      yield* spawn(function* () {
        yield* conn.readuntil('never', { limit: 3 })
      })
      yield* conn.sendall('half a')
      yield* sleep(20)
      yield* conn.readuntil('never', { limit: 3 })
    })

    expect(seen).toMatch(/\|(end|ConnectionResetError)$/)
  })

  it.each<[string, (conn: Connection) => Coroutine<unknown>, string]>([
    [
      'that has sent nothing ends in order',
      function* (conn) {
        yield* conn.readline()
        throw new Error('before the reply')
      },
      '|end',
    ],
    [
      'that has sent nothing since its last read began ends in order',
      function* (conn) {
        yield* conn.readline()
        yield* conn.sendall('a whole reply')
        yield* race([conn.readline(), sleep(20)])
        throw new Error('between two replies')
      },
      'a whole reply|end',
    ],
    [
      'that has ended its side ends in order',
      function* (conn) {
        yield* conn.readline()
        yield* conn.sendall('an error reply')
        conn.shutdown()
        yield* sleep(20)
        throw new Error('after the reply')
      },
      'an error reply|end',
    ],
    [
      'that returns ends in order',
      function* (conn) {
        yield* conn.readline()
        yield* conn.sendall('a reply')
      },
      'a reply|end',
    ],
  ])('%s', async (_what, handler, expected) => {
    expect(await fate(handler)).toBe(expected)
  })

  it("ends in order with onFailure: 'close'", async () => {
    const seen = await fate(
      function* (conn) {
        yield* conn.readline()
        yield* conn.sendall('half a')
        yield* sleep(20)
        throw new Error('upstream has gone')
      },
      { onFailure: 'close' },
    )

    expect(seen).toBe('half a|end')
  })

  it('that is cancelled in the middle of a reply is reset', async () => {
    const seen = await fate(
      function* (conn) {
        yield* conn.readline()
        yield* conn.sendall('half a')
        yield* sleep(1e6)
      },
      { maxAge: 50 },
    )

    expect(seen).toMatch(/^(half a)?\|ConnectionResetError$/)
  })

  it('that is cancelled and says goodbye ends in order', async () => {
    const seen = await fate(
      function* (conn) {
        yield* conn.readline()
        try {
          yield* conn.sendall('half a')
          yield* sleep(1e6)
        } finally {
          yield* conn.sendall(' goodbye')
        }
      },
      { maxAge: 50 },
    )

    expect(seen).toMatch(/^(half a)? goodbye\|end$/)
  })
})

describe('a session', () => {
  it('has an id, an age, and counts of what its tasks have read and written', async () => {
    const seen = await simulate(function* (world) {
      const seen: object[] = []
      const { port } = yield* serve(function* (conn, session) {
        yield* sleep(5)
        yield* conn.peek()
        const { id, since, bytesRead: peeked } = session
        yield* conn.readexactly(2)
        yield* conn.sendall('four')
        yield* conn.flush()
        seen.push({
          id,
          old: world.now() - since >= 5,
          peeked,
          read: session.bytesRead,
          written: session.bytesWritten,
        })
      })
      yield* visit(port, 'abc')
      yield* visit(port, 'abc')
      return seen
    })

    const one = { old: true, peeked: 0, read: 2, written: 4 }
    expect(seen).toEqual([
      { id: 1, ...one },
      { id: 2, ...one },
    ])
  })

  it('can wait for the end of its server, and say goodbye', async () => {
    const { fate, ms } = await simulate(function* (world) {
      const closing = new AbortController()
      const { port, task } = yield* serve(
        function* (conn, session) {
          yield* race([conn.readline(), aborted(session.signal)])
          if (session.signal.aborted) yield* conn.sendall('goodbye')
        },
        { signal: closing.signal },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* sleep(100)
      const begun = world.now()
      closing.abort()
      const fate = yield* fateOf(conn)
      yield* task
      return { fate, ms: world.now() - begun }
    })

    expect(fate).toBe('goodbye|end')
    expect(ms).toBeLessThan(200)
  })

  it('can ask whether its server is ending, while it works on a reply', async () => {
    const fate = await simulate(function* () {
      const closing = new AbortController()
      const { port } = yield* serve(
        function* (conn, session) {
          yield* conn.readline()
          yield* sleep(500)
          yield* conn.sendall(session.signal.aborted ? 'close' : 'keep-alive')
        },
        { signal: closing.signal },
      )
      const conn = yield* connect(LOOPBACK, port)
      yield* conn.sendall('x\n')
      yield* sleep(100)
      closing.abort()
      return yield* fateOf(conn)
    })

    expect(fate).toBe('close|end')
  })

  it('ends after maxAge, however busy it is', async () => {
    const { ms, drops, age } = await simulate(function* (world) {
      const { port, drops, counts } = yield* serve(
        function* (conn) {
          while (true) {
            yield* conn.sendall('.')
            yield* sleep(10)
          }
        },
        { maxAge: 1000 },
      )
      const begun = world.now()
      yield* visit(port)
      yield* sleep(10)
      return { ms: world.now() - begun, drops: drops.map(([reason]) => reason), age: counts.ended.age }
    })

    expect(ms).toBeGreaterThanOrEqual(1000)
    expect(ms).toBeLessThan(1100)
    expect({ drops, age }).toEqual({ drops: ['age'], age: 1 })
  })
})

describe('the hooks of a server', () => {
  it('onAccept refuses a client by its address, also if it throws', async () => {
    const world = new Simulation()

    const seen = await run(
      function* () {
        let calls = 0
        const { port, counts, drops } = yield* serve(
          function* (conn) {
            yield* conn.sendall('served')
          },
          {
            onAccept(address) {
              if (address?.host !== LOOPBACK) throw new Error('another host')
              if (++calls === 2) throw new Error('onAccept')
              return calls !== 1
            },
          },
        )
        const fates = [yield* visit(port), yield* visit(port), yield* visit(port)]
        const { refused, served } = counts
        return { fates, refused, served, drops: drops.map(([reason]) => reason) }
      },
      { host: world },
    )

    expect(seen).toEqual({
      fates: ['|end', '|end', 'served|end'],
      refused: 2,
      served: 1,
      drops: ['refused', 'refused'],
    })
    expect(world.reports.map(String)).toEqual(['Error: onAccept'])
  })

  it('onOpen and onClose are called for each session, with how it ended', async () => {
    const seen = await simulate(function* () {
      const log: unknown[] = []
      const { port, counts } = yield* serve(
        function* (conn) {
          const what = String(yield* conn.readline())
          yield* conn.sendall('reply')
          if (what === 'fail\n') throw new Error('failed')
          if (what === 'wait\n') yield* conn.readline()
          if (what === 'sleep\n') yield* sleep(1e6)
        },
        {
          idleTimeout: 100,
          maxAge: 1000,
          onOpen: (_conn, { id }) => void log.push(`open ${id}`),
          onClose: (conn, { reason, ms, bytesRead, bytesWritten }) => {
            log.push([reason, conn.closed, ms >= 0, bytesRead, bytesWritten, counts.open])
          },
        },
      )
      for (const what of ['return', 'fail', 'wait', 'sleep']) {
        yield* visit(port, `${what}\n`)
        yield* sleep(10)
      }
      const part = yield* connect(LOOPBACK, port)
      yield* part.sendall('part')
      yield* sleep(10)
      part.abort()
      yield* sleep(10)
      return log
    })

    const closed = (reason: CloseReason, read: number, written = 5) => [reason, true, true, read, written, 0]
    expect(seen).toEqual([
      'open 1',
      closed('returned', 7),
      'open 2',
      closed('failed', 5),
      'open 3',
      closed('idle', 5),
      'open 4',
      closed('age', 6),
      'open 5',
      closed('reset', 0, 0),
    ])
  })

  it.each([{ onAccept: 1 }, { onOpen: 'x' }, { onClose: null }, { onFailure: 'abort' }, { maxAge: -1 }])(
    'are checked: %j',
    async (options) => {
      const error = await simulate(function* () {
        return yield* errorOf(
          (function* () {
            yield* serve(function* () {}, options as unknown as ServerOptions)
          })(),
        )
      })

      expect(String(error)).toMatch(/server: \w+: expected/)
    },
  )
})
