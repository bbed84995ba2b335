// Clients above the limit of a server: what they get, whether they speak first or only listen.
import { type Connection, type ServerOptions, server } from '@bluelet/net'
import { all, type Coroutine, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import type { ConformanceHarness, ListenerAccess } from './harness.js'
import { outcome } from './log.js'

/** Refused at once: more than may linger. */
const CROWD = 40

/** The maximum number of connections that linger (server/options.ts). */
const MAX_LINGERING = 32

/** Describes what becomes of clients above the limit of a server. */
export function overload(harness: ConformanceHarness): void {
  /** Runs a scenario beside an echo server with one place. */
  function beside<T>(options: ServerOptions, scenario: (access: ListenerAccess) => Coroutine<T>): Promise<T> {
    const closing = new AbortController()
    return harness.play(function* () {
      const listener = yield* harness.listen()
      const { port } = listener.address
      yield* spawn(
        server(listener, echo, { maxConnections: 1, signals: false, signal: closing.signal, ...options }),
      )
      try {
        return yield* scenario({ listener, connect: (options) => harness.connect(port, options) })
      } finally {
        closing.abort()
      }
    })
  }

  describe('a client above the limit of a server', () => {
    it.each([
      ['close', 'speaks first', 'hello', 'end'],
      ['close', 'listens', '', 'end'],
      ['reset', 'speaks first', 'hello', 'reset'],
      ['reset', 'listens', '', 'reset'],
    ] as const)('(%s) that %s gets what the policy says', async (policy, _what, said, expected) => {
      const outcomes = await beside({ overload: policy }, function* ({ connect }) {
        using first = yield* connect()
        yield* first.sendall('x')
        yield* first.readexactly(1)
        const outcomes = [yield* refused(connect, said)]
        yield* first.sendall('y')
        outcomes.push(String(yield* first.readexactly(1)))
        return outcomes
      })

      expect(outcomes).toEqual([expected, 'y'])
    })

    it('(wait) is served once there is room, and what it said first is still there', async () => {
      const outcomes = await beside({}, function* ({ connect }) {
        const first = yield* connect()
        yield* first.sendall('x')
        yield* first.readexactly(1)
        using second = yield* connect()
        yield* second.sendall('hello')
        first.close()
        return yield* outcome(second.readexactly(5))
      })

      expect(outcomes).toBe('hello')
    })

    it('(close) gets the end, even if it is one of many that speak first; a few may get a reset', async () => {
      const outcomes = await beside({ overload: 'close' }, function* ({ connect }) {
        using first = yield* connect()
        yield* first.sendall('x')
        yield* first.readexactly(1)
        return yield* all(Array.from({ length: CROWD }, () => refused(connect, 'hello')))
      })

      const ends = outcomes.filter((outcome) => outcome === 'end').length
      expect(ends).toBeGreaterThanOrEqual(MAX_LINGERING)
      expect(outcomes.filter((outcome) => outcome === 'reset')).toHaveLength(CROWD - ends)
    })
  })
}

/** Connects, says something, and gives what comes then: `end` or `reset`. */
function* refused(connect: ListenerAccess['connect'], said: string): Coroutine<string> {
  try {
    using conn: Connection = yield* connect()
    if (said !== '') yield* conn.sendall(said)
    return (yield* conn.recv()).length === 0 ? 'end' : 'data'
  } catch (error) {
    const { code } = error as { code?: unknown }
    return code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : `${error}`
  }
}

function* echo(conn: Connection): Coroutine<void> {
  for (let data = yield* conn.recv(); data.length > 0; data = yield* conn.recv()) yield* conn.sendall(data)
}
