// Handlers that are cancelled when their clients disconnect (`cancelOnDisconnect`).
import { type Connection, connect, type ServerOptions, type SessionSummary } from '@bluelet/net'
import { type Coroutine, Latch, race, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { type Served, serve } from '../serving.js'
import { errorOf, HOUR_MS, LOOPBACK } from '../world.js'
import { WORLDS } from './each-driver.js'

/** Not cancelled within this time: much longer than a disconnection takes to arrive. */
const SOON_MS = 30

describe.each(WORLDS)('on %s, a handler', ({ driver, play }) => {
  /** Serves one client, which has sent a line; gives what the handler logged and how it ended. */
  function visited(
    options: ServerOptions,
    handler: (conn: Connection, log: string[]) => Coroutine<void>,
    visit: (conn: Connection) => Coroutine<void>,
  ): Promise<{ log: string[]; reason: string; ended: Record<string, number>; drops: string[] }> {
    return play(function* () {
      const closing = new AbortController()
      const log: string[] = []
      const over = new Latch()
      let summary: SessionSummary | undefined
      const served: Served = yield* serve(
        function* (conn) {
          try {
            yield* conn.readline()
            yield* handler(conn, log)
            log.push('done')
          } finally {
            log.push('cleaned up')
          }
        },
        {
          ...driver,
          ...options,
          signal: closing.signal,
          grace: 0,
          onClose(_conn, told) {
            summary = told
            over.open()
          },
        },
      )
      const conn = yield* connect(LOOPBACK, served.port, driver)
      yield* conn.sendall('a line\n')
      yield* visit(conn)
      yield* over.wait()
      conn.abort()
      closing.abort()
      const ended = Object.fromEntries(Object.entries(served.counts.ended).filter(([, count]) => count > 0))
      expect(served.errors).toEqual([])
      return { log, reason: summary!.reason, ended, drops: served.drops.map(([reason]) => reason) }
    })
  }

  function* rest(): Coroutine<void> {
    yield* sleep(SOON_MS)
  }

  function* work(): Coroutine<void> {
    yield* sleep(HOUR_MS)
  }

  function* reset(conn: Connection): Coroutine<void> {
    yield* sleep(SOON_MS)
    conn.abort()
  }

  function* end(conn: Connection): Coroutine<void> {
    yield* sleep(SOON_MS)
    conn.shutdown()
  }

  it.each(['reset', 'end'] as const)("is cancelled when its client resets, with '%s'", async (which) => {
    expect(await visited({ cancelOnDisconnect: which }, work, reset)).toEqual({
      log: ['cleaned up'],
      reason: 'reset',
      ended: { reset: 1 },
      drops: ['reset'],
    })
  })

  it("is cancelled when its client ends its side, with 'end'", async () => {
    expect(await visited({ cancelOnDisconnect: 'end' }, work, end)).toEqual({
      log: ['cleaned up'],
      reason: 'end',
      ended: { end: 1 },
      drops: ['end'],
    })
  })

  it.each([{ cancelOnDisconnect: 'reset' }, {}] as const)(
    'goes on when its client ends its side, with %o',
    async (options) => {
      const seen = await visited(
        options,
        function* (conn, log) {
          log.push(String(yield* race([conn.whenGone(), sleep(3 * SOON_MS)])))
          yield* conn.sendall('the reply')
        },
        function* (conn) {
          conn.shutdown()
          expect(String(yield* conn.readall())).toBe('the reply')
        },
      )

      expect(seen).toEqual({
        log: ['undefined', 'done', 'cleaned up'],
        reason: 'returned',
        ended: {},
        drops: [],
      })
    },
  )

  it('that reads the end and returns is not disturbed, nor counted', async () => {
    const seen = await visited(
      { cancelOnDisconnect: 'end' },
      function* (conn, log) {
        log.push(`${(yield* conn.recv()).length} bytes`)
      },
      end,
    )

    expect(seen).toEqual({ log: ['0 bytes', 'done', 'cleaned up'], reason: 'returned', ended: {}, drops: [] })
  })

  it('is not cancelled while input is unread before the end', async () => {
    const seen = await visited(
      { cancelOnDisconnect: 'end' },
      function* (conn, log) {
        yield* sleep(3 * SOON_MS)
        log.push(String(yield* conn.recv()))
        yield* sleep(HOUR_MS)
      },
      function* (conn) {
        yield* conn.sendall('more')
        conn.shutdown()
      },
    )

    expect(seen).toEqual({ log: ['more', 'cleaned up'], reason: 'end', ended: { end: 1 }, drops: ['end'] })
  })

  it('that fails by the reset itself is counted once', async () => {
    const seen = await visited(
      { cancelOnDisconnect: 'reset' },
      function* (conn) {
        yield* conn.recv()
      },
      reset,
    )

    expect(seen).toEqual({ log: ['cleaned up'], reason: 'reset', ended: { reset: 1 }, drops: ['reset'] })
  })

  it('cancels the tasks that it has spawned as well, and its clean-up may take its time', async () => {
    const seen = await visited(
      { cancelOnDisconnect: 'reset' },
      function* (_conn, log) {
        yield* spawn(function* () {
          try {
            yield* sleep(HOUR_MS)
          } finally {
            yield* sleep(SOON_MS)
            log.push('a task')
          }
        })
        yield* sleep(HOUR_MS)
      },
      reset,
    )

    expect(seen).toMatchObject({ log: ['cleaned up', 'a task'], reason: 'reset', ended: { reset: 1 } })
  })

  it('that has closed its connection is left alone', async () => {
    const seen = await visited(
      { cancelOnDisconnect: 'end' },
      function* (conn, log) {
        conn.close()
        yield* sleep(3 * SOON_MS)
        log.push((yield* errorOf(conn.recv())).name)
      },
      reset,
    )

    expect(seen).toEqual({
      log: ['ClosedError', 'done', 'cleaned up'],
      reason: 'returned',
      ended: {},
      drops: [],
    })
  })

  it('is cancelled if its client has gone before it began', async () => {
    const reason = await play(function* () {
      const closing = new AbortController()
      const over = new Latch()
      let reason = ''
      const { port } = yield* serve(work, {
        ...driver,
        cancelOnDisconnect: 'reset',
        signal: closing.signal,
        grace: 0,
        onClose(_conn, summary) {
          reason = summary.reason
          over.open()
        },
      })
      const conn = yield* connect(LOOPBACK, port, driver)
      conn.abort()
      yield* over.wait()
      closing.abort()
      return reason
    })

    expect(reason).toBe('reset')
  })

  it('does not begin to be watched if a hook has closed its connection', async () => {
    const reason = await play(function* () {
      const closing = new AbortController()
      const over = new Latch()
      let reason = ''
      const { port } = yield* serve(rest, {
        ...driver,
        cancelOnDisconnect: 'end',
        signal: closing.signal,
        grace: 0,
        onOpen: (conn) => conn.close(),
        onClose(_conn, summary) {
          reason = summary.reason
          over.open()
        },
      })
      const conn = yield* connect(LOOPBACK, port, driver)
      yield* over.wait()
      conn.abort()
      closing.abort()
      return reason
    })

    expect(reason).toBe('returned')
  })
})
