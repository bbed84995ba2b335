// Promise 10 of the network: `pipe` and `relay`, in virtual time. What they hold, what a kill
// loses, and what the server sees of them.
import {
  type Connection,
  connect,
  type Handler,
  pipe,
  relay,
  type ServerOptions,
  type SessionSummary,
} from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { type Coroutine, join, kill, race, sleep, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { randomNumbers } from '../../support/random.js'
import { fateOf, type Served, serve } from '../serving.js'
import { abort, pair } from '../simulated-pair.js'
import { errorOf, LOOPBACK, pattern, perform } from '../world.js'

/** Reads to the end. */
function* rest(conn: Connection): Coroutine<Buffer> {
  return yield* conn.readall({ limit: Number.POSITIVE_INFINITY })
}

describe('pipe', () => {
  it('holds at most one piece, and what the buffers of the network hold', async () => {
    const buffer = 1024

    const passed = await simulate(
      function* () {
        const [one, two] = [yield* pair(), yield* pair()]
        yield* spawn(errorOf, pipe(one.server, two.client))
        const sending = yield* spawn(errorOf, one.client.sendall(Buffer.alloc(100 * buffer)))
        yield* sleep(1000)
        const unsent = one.client.unsent
        abort(one)
        abort(two)
        yield* join(sending)
        return 100 * buffer - unsent
      },
      { buffer },
    )

    // Two buffers on each connection, and the piece.
    expect(passed).toBeLessThanOrEqual(5 * buffer)
  })

  it('loses no byte however often it is killed, wherever it is', async () => {
    const lost = []
    for (let seed = 1; seed <= 6; seed++) {
      const bytes = pattern(20_000, seed)
      const random = randomNumbers(seed)
      const received = await simulate(
        function* () {
          const [one, two] = [yield* pair(), yield* pair()]
          yield* spawn(function* () {
            yield* one.client.sendall(bytes)
            one.client.shutdown()
          })
          const receiving = yield* spawn(function* () {
            const pieces: Buffer[] = []
            for (;;) {
              yield* sleep(random(4))
              const piece = yield* two.server.recv(1 + random(2000))
              if (piece.length === 0) return Buffer.concat(pieces)
              pieces.push(piece)
            }
          })
          while (receiving.outcome === undefined) {
            const piping = yield* spawn(perform, race([pipe(one.server, two.client), sleep(random(5))]))
            yield* sleep(random(6))
            yield* kill(piping)
          }
          abort(one)
          abort(two)
          return yield* join(receiving)
        },
        { seed, buffer: 512, fragment: true },
      )
      if (!received.equals(bytes)) lost.push(seed)
    }

    expect(lost).toEqual([])
  })

  it('lets others have their turn while it has much to pass on', async () => {
    const turns = await simulate(
      function* () {
        const [one, two] = [yield* pair(), yield* pair()]
        const bytes = Buffer.alloc(1 << 21)
        yield* spawn(function* () {
          yield* one.client.sendall(bytes)
          one.client.shutdown()
        })
        yield* sleep(10)
        const piping = yield* spawn(() => piped(one.server, two.client))
        const reading = yield* spawn(rest, two.server)
        const { length } = yield* join(reading)
        const seen = [length, yield* join(piping)]
        abort(one)
        abort(two)
        return seen
      },
      { buffer: 1 << 22 },
    )

    expect(turns).toEqual([1 << 21, 1 << 21])
  })

  function* piped(from: Connection, to: Connection) {
    return yield* pipe(from, to)
  }
})

describe('relay', () => {
  it('ends at once when a send fails that did not have to wait', async () => {
    let failing = ''
    const seen = await simulate(
      function* () {
        const [one, two] = [yield* pair(), yield* pair()]
        failing = `${two.client.localAddress}`
        const relaying = yield* spawn(errorOf, relay(one.server, two.client))
        yield* sleep(10)
        yield* one.client.sendall('x')
        const error = yield* join(relaying)
        const fates = [yield* fateOf(one.client), yield* fateOf(two.server)]
        abort(one)
        abort(two)
        return [error.code, ...fates]
      },
      { fault: ({ kind, local }) => (kind === 'write' && `${local}` === failing ? 'EPIPE' : undefined) },
    )

    expect(seen).toEqual(['EPIPE', '|ConnectionResetError', '|ConnectionResetError'])
  })
})

describe('a session that relays', () => {
  /** Runs a proxy, and a server behind it; gives what has become of a client of the proxy. */
  function* behind(
    upstream: Handler,
    options: ServerOptions,
    client: (conn: Connection) => Coroutine<unknown>,
    handler: (conn: Connection, upstream: Connection) => Coroutine<unknown> = relaying,
  ): Coroutine<{ proxy: Served; closed: SessionSummary[] }> {
    const closed: SessionSummary[] = []
    const backend = yield* serve(upstream, { idleTimeout: Number.POSITIVE_INFINITY })
    const proxy = yield* serve(
      function* (conn) {
        using upstream = yield* connect(LOOPBACK, backend.port)
        yield* handler(conn, upstream)
      },
      { onClose: (_conn, summary) => closed.push(summary), ...options },
    )
    yield* client(yield* connect(LOOPBACK, proxy.port))
    yield* kill(proxy.task)
    yield* kill(backend.task)
    return { proxy, closed }
  }

  function* relaying(conn: Connection, upstream: Connection) {
    yield* relay(conn, upstream)
  }

  /** Sends a byte now and then. */
  function* talking(conn: Connection): Coroutine<void> {
    for (let i = 0; i < 10; i++) {
      yield* conn.sendall('x')
      yield* sleep(500)
    }
  }

  function* silent(conn: Connection): Coroutine<void> {
    yield* conn.recv()
    yield* sleep(60_000)
  }

  const say = function* (conn: Connection) {
    yield* conn.sendall('x')
    yield* race([fateOf(conn), sleep(10_000)])
    conn.abort()
  }

  it('is idle while both directions wait for bytes', async () => {
    const { proxy, closed } = await simulate(() => behind(silent, { idleTimeout: 1000 }, say))

    expect(proxy.drops.map(([reason]) => reason)).toEqual(['idle'])
    expect(closed[0]?.ms).toBeGreaterThanOrEqual(1000)
    expect(closed[0]?.ms).toBeLessThan(1400)
  })

  it('is not idle while bytes come from either side', async () => {
    const { proxy, closed } = await simulate(() => behind(talking, { idleTimeout: 1000 }, say))

    expect(proxy.drops.map(([reason]) => reason)).toEqual([])
    expect(closed[0]?.ms).toBeGreaterThanOrEqual(5000)
  })

  it('is not idle while the other side does not take what came', async () => {
    const { proxy } = await simulate(
      () =>
        behind(
          function* () {
            yield* sleep(60_000)
          },
          { idleTimeout: 1000, grace: 100 },
          function* (conn) {
            yield* race([conn.sendall(Buffer.alloc(100_000)), sleep(10_000)])
            conn.abort()
          },
        ),
      { buffer: 1024 },
    )

    expect(proxy.drops.map(([reason]) => reason)).not.toContain('idle')
  })

  it('is idle in a pipe from its client, and not in one to it', async () => {
    const both = await simulate(function* () {
      const from = yield* behind(silent, { idleTimeout: 1000 }, say, (conn, upstream) =>
        piping(conn, upstream),
      )
      const to = yield* behind(silent, { idleTimeout: 1000 }, say, function* (conn, upstream) {
        yield* conn.recv()
        yield* upstream.sendall('x')
        yield* piping(upstream, conn)
      })
      return [from, to].map(({ proxy }) => proxy.drops.map(([reason]) => reason))
    })

    expect(both[0]).toEqual(['idle'])
    expect(both[1]).not.toContain('idle')
  })

  function* piping(from: Connection, to: Connection) {
    yield* pipe(from, to)
  }

  it('is disconnected when its client takes nothing of what comes', async () => {
    const { proxy } = await simulate(
      () =>
        behind(
          function* (conn) {
            yield* conn.sendall(Buffer.alloc(100_000))
          },
          { stallTimeout: 1000 },
          function* (conn) {
            yield* sleep(10_000)
            conn.abort()
          },
        ),
      { buffer: 1024 },
    )

    expect(proxy.drops.map(([reason]) => reason)).toEqual(['stall'])
  })

  it('counts the bytes of the relay', async () => {
    const { closed } = await simulate(() =>
      behind(
        function* (conn) {
          yield* conn.readall()
          yield* conn.sendall('a reply')
        },
        {},
        function* (conn) {
          yield* conn.sendall('some request')
          conn.shutdown()
          yield* fateOf(conn)
        },
      ),
    )

    expect(closed).toEqual([expect.objectContaining({ reason: 'returned', bytesRead: 12, bytesWritten: 7 })])
  })

  it('is quiet if its client resets, and reports a reset of the other side', async () => {
    const [client, upstream] = await simulate(function* () {
      const client = yield* behind(silent, {}, function* (conn) {
        yield* sleep(100)
        conn.abort()
        yield* sleep(100)
      })
      const upstream = yield* behind(
        function* (conn) {
          yield* sleep(100)
          conn.abort()
        },
        {},
        fateOf,
      )
      return [client, upstream].map(({ proxy }) => [
        proxy.drops.map(([reason]) => reason),
        proxy.errors.map((error) => (error as Error).name),
      ])
    })

    expect(client).toEqual([['reset'], []])
    expect(upstream).toEqual([[], ['ConnectionResetError']])
  })

  it('is timed out by its handler, which can go on reading', async () => {
    let after = ''
    await simulate(() =>
      behind(
        silent,
        {},
        function* (conn) {
          yield* sleep(500)
          yield* conn.sendall('later')
          yield* fateOf(conn)
        },
        function* (conn, upstream) {
          yield* errorOf(timeout(100, relay(conn, upstream)))
          after = String(yield* conn.readexactly(5))
        },
      ),
    )

    expect(after).toBe('later')
  })
})
