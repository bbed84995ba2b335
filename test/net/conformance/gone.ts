// Peers that disconnect while no task reads, and what can still be read then.

import { ClosedError, type Connection } from '@bluelet/net'
import { type Coroutine, join, race, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { internals } from '../../support/internals.js'
import { MIB } from '../world.js'
import type { ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

/** Describes `whenGone`, and what a failed send leaves. */
export function gone(harness: ConformanceHarness): void {
  /** Starts to wait; gives whether the wait is over, after a quiet time. */
  function* watching(conn: Connection, end = false): Coroutine<() => Coroutine<string>> {
    const task = yield* spawn(outcome, conn.whenGone({ end }))
    yield* harness.quiet()
    return function* () {
      yield* harness.quiet()
      return task.outcome === undefined ? 'waits' : yield* join(task)
    }
  }

  describe('whenGone', () => {
    it('resumes when the peer resets while no task reads, and the descriptor is free', async () => {
      const outcomes = await harness.between(function* (one, other) {
        const state = yield* watching(one)
        const before = yield* state()
        other.abort()
        const after = yield* state()
        return [before, after, yield* outcome(one.whenClosed()), one.closed, yield* outcome(one.whenGone())]
      })

      expect(outcomes).toEqual(['waits', 'done', 'done', true, 'done'])
    })

    it('resumes after a reset behind unread bytes, which can still be read', async () => {
      const outcomes = await harness.between(function* (one, other) {
        yield* other.sendall('unread')
        const state = yield* watching(one)
        const before = yield* state()
        other.abort()
        const after = yield* state()
        return [before, after, yield* outcome(one.readexactly(6)), yield* outcome(one.recv())]
      })

      expect(outcomes).toEqual(['waits', 'done', 'unread', 'ConnectionResetError'])
    })

    it('waits on when the peer has only ended its side, unless that counts', async () => {
      const outcomes = await harness.between(function* (one, other) {
        const reset = yield* watching(one)
        const end = yield* watching(one, true)
        other.shutdown()
        const states = [yield* reset(), yield* end()]
        yield* one.sendall('reply')
        states.push(yield* outcome(other.readexactly(5)))
        other.abort()
        return [...states, yield* outcome(one.recv())]
      })

      expect(outcomes).toEqual(['waits', 'done', 'reply', 'end'])
    })

    it('waits for the last byte to be read, if the end of the stream counts', async () => {
      const outcomes = await harness.between(function* (one, other) {
        yield* other.sendall('unread')
        other.shutdown()
        const end = yield* watching(one, true)
        const states = [yield* end(), yield* outcome(one.readexactly(3)), yield* end()]
        return [...states, yield* outcome(one.readexactly(3)), yield* end(), yield* outcome(one.recv())]
      })

      expect(outcomes).toEqual(['waits', 'unr', 'waits', 'ead', 'done', 'end'])
    })

    it('resumes beside a reader, which gets the error', async () => {
      const outcomes = await harness.between(function* (one, other) {
        const state = yield* watching(one)
        const reader = yield* spawn(outcome, one.recv())
        yield* harness.quiet()
        other.abort()
        return [yield* join(reader), yield* state()]
      })

      expect(outcomes).toEqual(['ConnectionResetError', 'done'])
    })

    it('is named in a snapshot', async () => {
      const waits = await harness.between(function* (one) {
        const task = yield* spawn(outcome, one.whenGone())
        yield* harness.quiet()
        const waits = internals(task)
          .snapshot()
          .find(({ id }) => id === task.id)?.waitsFor
        one.abort()
        return waits
      })

      expect(waits).toBe('whenGone()')
    })

    it('throws a ClosedError when the connection is closed here, now or before', async () => {
      const outcomes = await harness.between(function* (one) {
        const state = yield* watching(one)
        one.close()
        return [yield* state(), yield* outcome(one.whenGone())]
      })

      expect(outcomes).toEqual([ClosedError.name, ClosedError.name])
    })

    it('takes nothing from readers, however often it is withdrawn', async () => {
      const received = await harness.between(function* (one, other) {
        yield* other.sendall('abc')
        for (let i = 0; i < 3; i++) yield* race([one.whenGone(), sleep(harness.sample.quietMs)])
        yield* other.sendall('def')
        return yield* outcome(one.readexactly(6))
      })

      expect(received).toBe('abcdef')
    })
  })

  describe('a reply that came before our send failed', () => {
    it('can still be read, and then the error', async () => {
      const outcomes = await harness.between(function* (one, other) {
        const sending = yield* spawn(outcome, one.sendall(harness.plenty))
        yield* harness.quiet()
        yield* other.sendall('413 too large\r\n')
        yield* harness.quiet()
        other.abort()
        const sent = yield* join(sending)
        return [sent, yield* outcome(one.readline('\r\n')), yield* outcome(one.readline('\r\n'))]
      })

      expect(outcomes[0]).toBe('ConnectionResetError')
      expect(outcomes[1]).toBe('413 too large\r\n')
      expect(outcomes[2]).toBe('ConnectionResetError')
    })
  })

  it('does not take a reset for the end of the stream while another task sends', async () => {
    const outcomes = await harness.between(function* (one, other) {
      const sending = yield* spawn(outcome, one.sendall(harness.plenty))
      const reading = yield* spawn(outcome, one.readall())
      yield* harness.quiet()
      yield* other.sendall('half a reply')
      other.abort()
      return [yield* join(sending), yield* join(reading)]
    })

    expect(outcomes).toEqual(['ConnectionResetError', 'ConnectionResetError'])
  })

  describe('a reset after our end', () => {
    const reply = Buffer.alloc(harness.plenty.length > MIB ? 200_000 : 20_000, 'half a reply')

    it.each<[string, (one: Connection) => Coroutine<string>]>([
      ['with a reader that waits', (one) => outcome(one.readall({ limit: reply.length + 1 }))],
      [
        'with a reader of small pieces',
        function* (one) {
          let last = ''
          do last = yield* outcome(one.recv(1000))
          while (last !== 'end' && last !== 'ConnectionResetError')
          return last
        },
      ],
      [
        'with a reader that comes later',
        function* (one) {
          yield* harness.quiet()
          return yield* outcome(one.readall({ limit: reply.length + 1 }))
        },
      ],
    ])('never looks like the end of the stream, together with the last bytes: %s', async (_who, read) => {
      const outcomes = await harness.between(function* (one, other) {
        const outcomes: string[] = []
        yield* one.sendall('a request')
        one.shutdown()
        const reading = yield* spawn(read, one)
        outcomes.push(yield* outcome(other.readall()))
        yield* other.sendall(reply)
        other.abort()
        return [...outcomes, yield* join(reading)]
      })

      expect(outcomes).toEqual(['a request', 'ConnectionResetError'])
    })

    it('never looks like the end behind bytes that were unread when we ended our side', async () => {
      const outcomes = await harness.between(function* (one, other) {
        yield* other.sendall('one line\nand more')
        const line = yield* outcome(one.readline())
        one.shutdown()
        yield* harness.quiet()
        yield* other.sendall(reply)
        other.abort()
        yield* harness.quiet()
        return [line, yield* outcome(one.readall({ limit: reply.length + 10 }))]
      })

      expect(outcomes).toEqual(['one line\n', 'ConnectionResetError'])
    })

    it('is no end without it: what comes before the end arrives whole', async () => {
      const outcomes = await harness.between(function* (one, other) {
        yield* other.sendall('one line\nand more')
        const line = yield* outcome(one.readline())
        one.shutdown()
        yield* other.sendall(reply)
        other.shutdown()
        yield* harness.quiet()
        const { length } = yield* one.readall({ limit: reply.length + 10 })
        return [line, length]
      })

      expect(outcomes).toEqual(['one line\n', reply.length + 8])
    })
  })
}
