// `pipe` and `relay`: how bytes, ends, errors and kills pass from one connection to another.
import { BusyError, ClosedError, type Connection, pipe, relay } from '@bluelet/net'
import { type Coroutine, join, kill, sleep, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { errorOf, MIB } from '../world.js'
import type { ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

/** A client, a proxy's two connections, and a server: `client - a [relay] b - upstream`. */
interface Chain {
  readonly client: Connection
  readonly a: Connection
  readonly b: Connection
  readonly upstream: Connection
}

/** Describes `pipe` and `relay`. */
export function relaying(harness: ConformanceHarness): void {
  const { plenty } = harness
  /** On a real network, more than the buffers of one connection, as a rule. */
  const much = plenty.subarray(0, Math.min(plenty.length, 12 * MIB))
  const some = plenty.subarray(0, MIB)
  const whole = { limit: plenty.length }

  /** Runs a scenario on a chain, and closes its connections. */
  function along<T>(main: (chain: Chain) => Coroutine<T>): Promise<T> {
    return harness.between((client, a) => {
      return (function* () {
        const { client: b, server: upstream } = yield* harness.pair()
        try {
          return yield* main({ client, a, b, upstream })
        } finally {
          b.close()
          upstream.close()
        }
      })()
    })
  }

  describe('relay', () => {
    it('passes bytes both ways, and the end of one side while the other goes on', async () => {
      const seen = await along(function* ({ client, a, b, upstream }) {
        const relaying = yield* spawn(() => both(a, b))
        yield* client.sendall('a request')
        client.shutdown()
        const request = yield* outcome(upstream.readall())
        yield* harness.quiet()
        yield* upstream.sendall('a long ')
        yield* upstream.sendall('reply')
        upstream.shutdown()
        const reply = yield* outcome(client.readall())
        return [request, reply, yield* join(relaying)]
      })

      expect(seen).toEqual(['a request', 'a long reply', { aToB: 9, bToA: 12 }])
    })

    it('passes much in both directions at once, unchanged', async () => {
      const seen = await along(function* ({ client, a, b, upstream }) {
        const relaying = yield* spawn(() => both(a, b))
        const sends = [yield* spawn(sendWhole, client, some), yield* spawn(sendWhole, upstream, some)]
        const reads = [yield* spawn(readWhole, client), yield* spawn(readWhole, upstream)]
        for (const task of sends) yield* join(task)
        const bytes = [yield* join(reads[0]!), yield* join(reads[1]!)]
        return [...bytes.map((read) => read.equals(some)), yield* join(relaying)]
      })

      expect(seen).toEqual([true, true, { aToB: some.length, bToA: some.length }])
    })

    it.each(['client', 'upstream'] as const)('passes on a reset of the %s', async (side) => {
      const other = side === 'client' ? 'upstream' : 'client'
      const seen = await along(function* (chain) {
        const relaying = yield* spawn(outcome, relay(chain.a, chain.b))
        yield* chain[side].sendall('half of it')
        const before = yield* outcome(chain[other].readexactly(10))
        chain[side].abort()
        const after = yield* outcome(chain[other].recv())
        return [before, after, yield* join(relaying)]
      })

      expect(seen).toEqual(['half of it', 'ConnectionResetError', 'ConnectionResetError'])
    })

    it('passes on a reset that comes after the end of the other side', async () => {
      const seen = await along(function* ({ client, a, b, upstream }) {
        const relaying = yield* spawn(outcome, relay(a, b))
        upstream.shutdown()
        const end = yield* outcome(client.recv())
        yield* harness.quiet()
        client.abort()
        return [end, yield* outcome(upstream.recv()), yield* join(relaying)]
      })

      expect(seen).toEqual(['end', 'ConnectionResetError', 'ConnectionResetError'])
    })

    it('passes on a reply that came before the upload was refused, and then the reset', async () => {
      const seen = await along(function* ({ client, a, b, upstream }) {
        const relaying = yield* spawn(outcome, relay(a, b))
        const sending = yield* spawn(outcome, client.sendall(plenty))
        yield* harness.quiet()
        yield* upstream.sendall('413 too large\r\n')
        yield* harness.quiet()
        upstream.abort()
        const reply = yield* outcome(client.readline())
        return [reply, yield* outcome(client.recv()), yield* join(relaying), yield* join(sending)]
      })

      expect(seen[0]).toBe('413 too large\r\n')
      expect(seen.slice(1)).toEqual(Array(3).fill('ConnectionResetError'))
    })

    it('leaves nothing behind when it is killed while it waits, and takes no byte with it', async () => {
      const seen = await along(function* ({ client, a, b, upstream }) {
        const relaying = yield* spawn(outcome, relay(a, b))
        yield* harness.quiet()
        yield* kill(relaying)
        yield* client.sendall('for a')
        yield* upstream.sendall('for b')
        return [yield* outcome(a.readexactly(5)), yield* outcome(b.readexactly(5))]
      })

      expect(seen).toEqual(['for a', 'for b'])
    })

    it('loses nothing and aborts nothing when it is timed out again and again', async () => {
      const seen = await along(function* ({ client, a, b, upstream }) {
        const sending = yield* spawn(sendWhole, client, much)
        let counted = 0
        let rounds = 0
        const receiving = yield* spawn(function* () {
          yield* harness.quiet()
          yield* harness.quiet()
          return yield* readWhole(upstream)
        })
        while (receiving.outcome === undefined) {
          rounds++
          const result = yield* outcome(timeout(harness.sample.quietMs / 2, pipe(a, b)))
          if (result !== 'TimeoutError') counted = Number(result)
        }
        yield* join(sending)
        return [(yield* join(receiving)).equals(much), rounds > 1, counted <= much.length]
      })

      expect(seen).toEqual([true, true, true])
    })

    it('puts back what it has read and not sent', async () => {
      const seen = await along(function* ({ client, a, b, upstream }) {
        const blocking = yield* spawn(outcome, b.sendall(plenty))
        yield* harness.quiet()
        yield* client.sendall('not sent')
        const piping = yield* spawn(outcome, pipe(a, b))
        yield* harness.quiet()
        yield* kill(piping)
        const rest = yield* outcome(a.readexactly(8))
        upstream.abort()
        return [rest, yield* join(blocking)]
      })

      expect(seen).toEqual(['not sent', 'ConnectionResetError'])
    })

    it('needs both connections for itself', async () => {
      const seen = await along(function* ({ a, b }) {
        const reading = yield* spawn(outcome, b.recv())
        const first = yield* spawn(outcome, relay(a, b))
        const refused = yield* join(first)
        yield* kill(reading)
        const second = yield* spawn.with({ name: 'proxy' }, () => both(a, b))
        yield* harness.quiet()
        const busy = yield* errorOf(a.recv())
        yield* kill(second)
        return { refused, busy, message: busy.message.includes(`${second} is reading`) }
      })

      expect(seen.refused).toBe(BusyError.name)
      expect(seen.busy).toBeInstanceOf(BusyError)
      expect(seen.message).toBe(true)
    })

    it.each(['close', 'abort'] as const)('ends when one of them is closed here: %s', async (how) => {
      const seen = await along(function* ({ a, b, upstream }) {
        const relaying = yield* spawn(outcome, relay(a, b))
        yield* harness.quiet()
        a[how]()
        const error = yield* join(relaying)
        yield* b.sendall('still open')
        return [error, yield* outcome(upstream.readexactly(10))]
      })

      expect(seen).toEqual([ClosedError.name, 'still open'])
    })

    it('is named in a snapshot', async () => {
      const waits = await along(function* ({ a, b }) {
        const task = yield* spawn(outcome, relay(a, b))
        yield* harness.quiet()
        const waits = internals(task)
          .snapshot()
          .find(({ id }) => id === task.id)?.waitsFor
        yield* kill(task)
        return waits
      })

      expect(waits).toBe('relay()')
    })

    it('refuses what is not two connections', async () => {
      await along(function* ({ a, b }) {
        expect(() => relay(a, a)).toThrow('expected two connections, got one twice')
        expect(() => relay(a, {} as Connection)).toThrow(TypeError)
        expect(() => pipe(undefined as unknown as Connection, b)).toThrow(TypeError)
        yield* sleep(0)
      })
    })
  })

  describe('pipe', () => {
    it('passes one direction, ends the other side, and gives the number of bytes', async () => {
      const seen = await along(function* ({ client, a, b, upstream }) {
        const piping = yield* spawn(outcome, pipe(a, b))
        yield* client.sendall('one way')
        yield* upstream.sendall('the other way')
        client.shutdown()
        const passed = yield* outcome(upstream.readall())
        return [passed, yield* join(piping), yield* outcome(b.readexactly(13)), b.closed]
      })

      expect(seen).toEqual(['one way', '7', 'the other way', false])
    })

    it('echoes, from a connection to itself', async () => {
      const seen = await harness.between(function* (one, other) {
        const piping = yield* spawn(outcome, pipe(other, other))
        yield* one.sendall('hello')
        one.shutdown()
        return [yield* outcome(one.readall()), yield* join(piping)]
      })

      expect(seen).toEqual(['hello', '5'])
    })

    it.each([
      ['from', 'client', 'upstream'],
      ['to', 'upstream', 'client'],
    ] as const)('passes on a reset of `%s`', async (_which, side, other) => {
      const seen = await along(function* (chain) {
        const piping = yield* spawn(outcome, pipe(chain.a, chain.b))
        yield* harness.quiet()
        chain[side].abort()
        yield* harness.quiet()
        if (side === 'upstream') yield* outcome(chain.client.sendall('some'))
        return [yield* join(piping), yield* outcome(chain[other].recv())]
      })

      expect(seen).toEqual(['ConnectionResetError', 'ConnectionResetError'])
    })

    it('puts bytes back that come after our own end', async () => {
      const seen = await along(function* ({ client, a, b }) {
        b.shutdown()
        yield* client.sendall('too late')
        return [yield* outcome(pipe(a, b)), yield* outcome(a.readexactly(8))]
      })

      expect(seen).toEqual([ClosedError.name, 'too late'])
    })

    it('throws when the stream ends and the other connection is closed here', async () => {
      const seen = await along(function* ({ client, a, b }) {
        const piping = yield* spawn(outcome, pipe(a, b))
        yield* harness.quiet()
        b.close()
        client.shutdown()
        return [yield* join(piping), a.closed]
      })

      expect(seen).toEqual([ClosedError.name, false])
    })
  })

  function* both(a: Connection, b: Connection) {
    return yield* relay(a, b)
  }

  function* sendWhole(conn: Connection, bytes: Buffer) {
    yield* conn.sendall(bytes)
    conn.shutdown()
  }

  function* readWhole(conn: Connection) {
    return yield* conn.readall(whole)
  }
}
