// Sends that collect by themselves: what is copied, when it is handed over, and what happens if the
// kernel takes no more. Promises 2 and 6 of the network.
import { ClosedError, type Connection, ConnectionResetError } from '@bluelet/net'
import { all, type Coroutine, join, kill, now, pause, sleep, spawn } from '@bluelet/scheduler'
import { runningScheduler } from '@bluelet/scheduler/lowlevel'
import { describe, expect, it } from 'vitest'
import { errorOf, pattern } from '../world.js'
import type { ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

const UNLIMITED = { limit: Number.POSITIVE_INFINITY }
const KIB = 1024
const COLLECTED = 16 * KIB
const MARK = 64 * KIB

/** Describes sends that collect. */
export function collecting(harness: ConformanceHarness): void {
  const { plenty } = harness

  /** Sends, without a task that waits, until the kernel takes no more. @returns what was sent */
  function* fill(conn: Connection): Coroutine<Buffer> {
    const sent: Buffer[] = []
    for (let since = now(); now() - since < 10 * harness.sample.quietMs; ) {
      const piece = pattern(COLLECTED)
      if (conn.trySend(piece)) {
        sent.push(piece)
        since = now()
      } else yield* sleep(1)
    }
    return Buffer.concat(sent)
  }

  describe('a small send', () => {
    it('is copied, and handed over at the end of the turn', async () => {
      const seen = await harness.between(function* (one, other) {
        const bytes = Buffer.from('first ')
        yield* one.sendall(bytes)
        bytes.fill('x')
        yield* one.sendall('sécond')
        yield* sleep(1)
        return [one.unsent, String(yield* other.readexactly(13))]
      })

      expect(seen).toEqual([0, 'first sécond'])
    })

    it('goes before a large one that follows, whose bytes are not copied', async () => {
      const seen = await harness.between(function* (one, other) {
        const large = pattern(COLLECTED + 1)
        yield* one.sendall('small')
        yield* one.sendall(large)
        const waits = one.unsent
        yield* one.sendall('after')
        const received = yield* other.readexactly(large.length + 10)
        return {
          waits,
          same: received.equals(Buffer.concat([Buffer.from('small'), large, Buffer.from('after')])),
        }
      })

      expect(seen).toEqual({ waits: 0, same: true })
    })

    it.each(['flush', 'send', 'shutdown', 'close'] as const)('is handed over by %s', async (how) => {
      const seen = await harness.between(function* (one, other) {
        yield* one.sendall('x')
        if (how === 'flush') yield* one.flush()
        else if (how === 'send') yield* one.send('y')
        else one[how]()
        const { unsent } = one
        return [unsent, String(yield* other.recv(1))]
      })

      expect(seen).toEqual([0, 'x'])
    })

    it('is handed over at once outside of any step', async () => {
      const seen = await harness.between(function* (one, other) {
        const seen: unknown[] = []
        const scheduler = runningScheduler()!
        scheduler.host.soon(() => seen.push(one.trySend('x'), one.unsent))
        seen.push(String(yield* other.recv()))
        return seen
      })

      expect(seen).toEqual([true, 0, 'x'])
    })

    it('of many tasks stays in the order of their sends', async () => {
      const { text, sends } = await harness.between(function* (one, other) {
        const tasks = []
        let sends = ''
        for (const name of ['a', 'b', 'c']) {
          tasks.push(
            yield* spawn(function* () {
              for (let i = 0; i < 3; i++) {
                sends += name
                yield* one.sendall(name)
                yield* pause()
              }
            }),
          )
        }
        yield* all(tasks)
        return { text: String(yield* other.readexactly(9)), sends }
      })

      expect(text).toBe(sends)
    })

    it('to many connections in turn reaches each of them whole', async () => {
      const texts = await harness.between(function* (one, other) {
        const { client, server } = yield* harness.pair()
        for (let i = 0; i < 100; i++) {
          yield* one.sendall(`one ${i}\n`)
          yield* client.sendall(`client ${i}\n`)
        }
        one.shutdown()
        client.shutdown()
        const texts = [String(yield* other.readall()), String(yield* server.readall())]
        client.close()
        server.close()
        return texts
      })

      const lines = (name: string) => Array.from({ length: 100 }, (_, i) => `${name} ${i}\n`).join('')
      expect(texts).toEqual([lines('one'), lines('client')])
    })
  })

  describe('trySend', () => {
    it('sends nothing if it would pass the mark, or earlier bytes wait for the kernel', async () => {
      const seen = await harness.between(function* (one, other) {
        const answers = [one.trySend(Buffer.alloc(MARK)), one.trySend('x')]
        yield* other.readexactly(MARK)
        yield* one.flush()
        answers.push(one.trySend('x'))
        yield* other.readexactly(1)
        const sent = yield* fill(one)
        answers.push(one.trySend('y'))
        const received = yield* other.readexactly(sent.length, UNLIMITED)
        yield* one.flush()
        answers.push(one.trySend('z'))
        return { answers, same: received.equals(sent), last: String(yield* other.recv()) }
      })

      expect(seen).toEqual({ answers: [true, false, true, false, true], same: true, last: 'z' })
    })

    it('refuses what can never fit, what is no data, and an ended side', async () => {
      const errors = await harness.between(function* (one) {
        const errors: unknown[] = []
        const attempt = (data: unknown) => {
          try {
            one.trySend(data as string)
          } catch (error) {
            errors.push(error)
          }
        }
        attempt(Buffer.alloc(MARK + 1))
        attempt(12)
        one.shutdown()
        attempt('x')
        one.close()
        attempt('x')
        yield* sleep(1)
        return errors.map((error) => `${(error as Error).name}: ${(error as Error).message}`)
      })

      expect(errors).toEqual([
        'RangeError: trySend(65537 bytes): more than the 65536 bytes that are buffered; send them with sendall',
        'TypeError: trySend(data): expected bytes or a string, got 12',
        'ClosedError: trySend(1 bytes): after shutdown()',
        'ClosedError: trySend(1 bytes): the connection is closed',
      ])
    })
  })

  describe('once the kernel takes no more', () => {
    it('sends, flushes and the end wait their turn, in order', async () => {
      const seen = await harness.between(function* (one, other) {
        const sent = yield* fill(one)
        const order: string[] = []
        const tasks = []
        for (const [name, event] of [
          ['small', one.sendall('small')],
          ['flush', one.flush()],
          ['send', one.send('!')],
          ['large', one.sendall(plenty)],
          ['last', one.sendall('last')],
        ] as const) {
          tasks.push(
            yield* spawn(function* () {
              yield* event
              order.push(name)
            }),
          )
        }
        yield* pause()
        one.shutdown()
        yield* harness.quiet()
        const waits = [...order]
        const received = yield* other.readall(UNLIMITED)
        yield* all(tasks)
        const expected = Buffer.concat([sent, Buffer.from('small!'), plenty, Buffer.from('last')])
        return { waits, order, same: received.equals(expected) }
      })

      const { waits, ...rest } = seen
      expect(rest).toEqual({ order: ['small', 'flush', 'send', 'large', 'last'], same: true })
      // A kernel that was slow may still take the small ones, but not what is more than it buffers.
      expect(rest.order.slice(0, waits.length)).toEqual(waits)
      expect(waits).not.toContain('large')
    })

    it('a send that waits has copied nothing, and loses nothing when it is killed', async () => {
      const seen = await harness.between(function* (one, other) {
        const sent = yield* fill(one)
        const killed = yield* spawn(outcome, one.sendall('killed'))
        const bytes = Buffer.from('before')
        const changed = yield* spawn(outcome, one.sendall(bytes))
        yield* harness.quiet()
        bytes.write('after!')
        yield* kill(killed)
        const received = yield* other.readexactly(sent.length, UNLIMITED)
        return {
          same: received.equals(sent),
          rest: String(yield* other.readexactly(6)),
          answer: yield* join(changed),
        }
      })

      expect(seen).toEqual({ same: true, rest: 'after!', answer: 'done' })
    })

    it('a kill of a send that is half out aborts the connection, and the others get ClosedError', async () => {
      const seen = await harness.between(function* (one, other) {
        const half = yield* spawn(outcome, one.sendall(plenty))
        const others = [yield* spawn(outcome, one.sendall('x')), yield* spawn(outcome, one.flush())]
        yield* harness.quiet()
        yield* kill(half)
        const answers = yield* all(others)
        return { answers, theirs: yield* errorOf(other.readall(UNLIMITED)) }
      })

      expect(seen.answers).toEqual([ClosedError.name, ClosedError.name])
      expect(seen.theirs).toBeInstanceOf(ConnectionResetError)
    })

    it('close() still hands over what was buffered, and then ends', async () => {
      const seen = await harness.between(function* (one, other) {
        const sent = yield* fill(one)
        const waiting = yield* spawn(outcome, one.sendall('never sent'))
        yield* pause()
        one.close()
        const answer = yield* join(waiting)
        const received = yield* other.readall(UNLIMITED)
        yield* one.whenClosed()
        return { answer, same: received.equals(sent), unsent: one.unsent }
      })

      expect(seen).toEqual({ answer: ClosedError.name, same: true, unsent: 0 })
    })

    it('close() ends at once if the peer has reset the connection', async () => {
      const seen = await harness.between(function* (one, other) {
        yield* fill(one)
        other.abort()
        one.close()
        yield* one.whenClosed()
        return one.unsent
      })

      expect(seen).toBe(0)
    })

    it('abort() drops what was buffered', async () => {
      const seen = await harness.between(function* (one, other) {
        yield* fill(one)
        one.abort()
        yield* one.whenClosed()
        return [one.unsent, yield* errorOf(other.readall(UNLIMITED))] as const
      })

      expect(seen[0]).toBe(0)
      expect(seen[1]).toBeInstanceOf(ConnectionResetError)
    })
  })

  describe('a hand-over that fails', () => {
    it('is thrown at the next send or flush, and is the cause of later errors', async () => {
      const seen = await harness.between(function* (one, other) {
        other.abort()
        yield* harness.quiet()
        const buffered = yield* outcome(one.sendall('into the void'))
        yield* harness.quiet()
        const first = yield* errorOf(one.sendall('x'))
        const second = yield* errorOf(one.flush())
        return { buffered, first, second, unsent: one.unsent }
      })

      expect(seen.buffered).toBe('done')
      expect(seen.first).toBeInstanceOf(ConnectionResetError)
      expect(seen.second).toBeInstanceOf(ClosedError)
      expect(seen.second.cause).toBe(seen.first)
      expect(seen.unsent).toBe(0)
    })

    it('is a quiet end if nothing is sent after it', async () => {
      const answer = await harness.between(function* (one, other) {
        other.abort()
        yield* harness.quiet()
        yield* one.sendall('into the void')
        one.close()
        yield* one.whenClosed()
        return 'quiet'
      })

      expect(answer).toBe('quiet')
    })

    it('fails what waits: the first with the error, the others because of it', async () => {
      const seen = await harness.between(function* (one, other) {
        yield* fill(one)
        const tasks = [
          yield* spawn(errorOf, one.sendall('first')),
          yield* spawn(errorOf, one.flush()),
          yield* spawn(errorOf, one.sendall(plenty)),
        ]
        yield* harness.quiet()
        other.abort()
        return yield* all(tasks)
      })

      expect(seen[0]).toBeInstanceOf(ConnectionResetError)
      for (const error of seen.slice(1)) {
        expect(error).toBeInstanceOf(ClosedError)
        expect(error?.cause).toBe(seen[0])
      }
    })
  })
}
