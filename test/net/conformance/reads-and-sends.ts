// What a read sees, what a failed send leaves, and memory that changes while it is sent.
import {
  type Connection,
  ConnectionResetError,
  IncompleteReadError,
  LimitError,
  TimeoutError,
} from '@bluelet/net'
import { join, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { errorOf, perform } from '../world.js'
import type { ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

/** Describes peeks, and sends whose memory changes. */
export function readsAndSends(harness: ConformanceHarness): void {
  describe('its peeks', () => {
    it('see what has arrived since, and take nothing', async () => {
      const seen = await harness.between(function* (one, other) {
        yield* other.sendall('abc')
        yield* harness.quiet()
        const first = yield* one.peek(3)
        yield* other.sendall('defgh')
        yield* harness.quiet()
        return [first, yield* one.peek(5), yield* one.peek(), yield* one.readexactly(8)].map(String)
      })

      expect(seen).toEqual(['abc', 'abcde', 'abcdefgh', 'abcdefgh'])
    })

    it('wait for exactly that many bytes, if that was requested', async () => {
      const seen = await harness.between(function* (one, other) {
        yield* other.sendall('abc')
        const peeking = yield* spawn(perform, one.peek(5, { exactly: true }))
        yield* harness.quiet()
        const waited = peeking.outcome === undefined
        yield* other.sendall('defgh')
        return [waited, ...[yield* join(peeking), yield* one.readexactly(8)].map(String)]
      })

      expect(seen).toEqual([true, 'abcde', 'abcdefgh'])
    })

    it('say that the stream ended before exactly that many bytes, and leave them', async () => {
      const { error, rest } = await harness.between(function* (one, other) {
        yield* other.sendall('abc')
        other.shutdown()
        const error = yield* errorOf(one.peek(5, { exactly: true }))
        return { error, rest: yield* outcome(one.readall()) }
      })

      expect(error).toBeInstanceOf(IncompleteReadError)
      expect(`${error.partial}`).toBe('abc')
      expect(rest).toBe('abc')
    })

    it('have a limit and a timeout, as every read', async () => {
      const { late, rest } = await harness.between(function* (one, other) {
        expect(() => one.peek(5, { exactly: true, limit: 4 })).toThrow(LimitError)
        yield* other.sendall('abc')
        const late = yield* errorOf(one.peek(5, { exactly: true, timeout: 1 }))
        return { late, rest: yield* outcome(one.readexactly(3)) }
      })

      expect(late).toBeInstanceOf(TimeoutError)
      expect(rest).toBe('abc')
    })

    it('leave a reset to the read that follows the last byte', async () => {
      const outcomes = await harness.between(function* (one, other) {
        yield* other.sendall('abc')
        yield* one.peek(3)
        other.abort()
        yield* harness.quiet()
        return [yield* outcome(one.peek(5)), yield* outcome(one.readexactly(3)), yield* outcome(one.recv())]
      })

      expect(outcomes).toEqual(['abc', 'abc', 'ConnectionResetError'])
    })
  })

  describe('its small reads', () => {
    it('hand out what has been received ahead, and count only what they gave', async () => {
      const { first, buffered, rest } = await harness.between(function* (one, other) {
        yield* other.sendall('abcdefghij')
        yield* harness.quiet()
        const first = yield* outcome(one.recv(3))
        const buffered = [one.buffered]
        const rest = [yield* outcome(one.recv(3))]
        buffered.push(one.buffered)
        other.shutdown()
        rest.push(yield* outcome(one.recv(9)), yield* outcome(one.recv(9)))
        return { first, buffered, rest }
      })

      expect(first).toBe('abc')
      expect(buffered).toEqual([7, 4])
      expect(rest).toEqual(['def', 'ghij', 'end'])
    })

    it('give what was received ahead before a reset, and leave it to other reads', async () => {
      const outcomes = await harness.between(function* (one, other) {
        yield* other.sendall('abcdefghij')
        yield* harness.quiet()
        const outcomes = [yield* outcome(one.recv(3))]
        other.abort()
        yield* harness.quiet()
        return [...outcomes, yield* outcome(one.readexactly(7)), yield* outcome(one.recv(3))]
      })

      expect(outcomes).toEqual(['abc', 'defghij', 'ConnectionResetError'])
    })

    it('leave unread input, which a close knows', async () => {
      const received = await harness.between(function* (one, other) {
        yield* other.sendall('abcdefghij')
        yield* harness.quiet()
        yield* one.recv(3)
        yield* one.sendall('bye')
        one.close()
        yield* harness.quiet()
        // A reset would have overtaken it, or would follow this.
        yield* other.sendall('more')
        yield* harness.quiet()
        return [yield* outcome(other.recv()), yield* outcome(other.recv())]
      })

      expect(received).toEqual(['bye', 'end'])
    })

    it('tell a watcher of the peer what they have received ahead', async () => {
      const gone = await harness.between(function* (one, other) {
        yield* other.sendall('abcdefghij')
        yield* harness.quiet()
        yield* one.recv(3)
        other.shutdown()
        const watching = yield* spawn(perform, one.whenGone({ end: true }))
        yield* harness.quiet()
        const gone = [watching.outcome !== undefined]
        yield* one.readexactly(7)
        yield* join(watching)
        return [...gone, true]
      })

      expect(gone).toEqual([false, true])
    })
  })

  describe('its reads into a buffer', () => {
    it('give what has arrived, then an end, or else a reset', async () => {
      const { counts, text, later } = await harness.between(function* (one, other) {
        const buffer = Buffer.alloc(4, '.')
        const reading = yield* spawn(perform, one.recvInto(buffer))
        yield* harness.quiet()
        yield* other.sendall('a')
        const counts = [yield* join(reading)]
        const text = String(buffer)
        yield* other.sendall('defghi')
        // All of it has arrived, also where packets are cut.
        yield* one.peek(6, { exactly: true })
        counts.push(yield* one.recvInto(buffer), yield* one.recvInto(buffer))
        other.shutdown()
        counts.push(yield* one.recvInto(buffer), yield* one.recvInto(buffer))
        one.abort()
        const later = [yield* outcome(one.recvInto(buffer)), yield* outcome(other.recvInto(buffer))]
        return { counts, text, later }
      })

      expect(text).toBe('a...')
      expect(counts).toEqual([1, 4, 2, 0, 0])
      expect(later).toEqual(['ClosedError', 'ConnectionResetError'])
    })

    it('receive more than is buffered, byte for byte, and tell other readers that they are busy', async () => {
      const size = harness.plenty.length
      const { same, busy } = await harness.between(function* (one, other) {
        const all = Buffer.alloc(size + 1)
        const reading = yield* spawn(function* () {
          for (let at = 0, n = 1; n > 0; at += n) n = yield* one.recvInto(all.subarray(at, at + 70_000))
        })
        yield* harness.quiet()
        const busy = [yield* outcome(one.recv()), yield* outcome(one.recvInto(Buffer.alloc(1)))]
        yield* other.sendall(harness.plenty)
        other.shutdown()
        yield* join(reading)
        return { same: all.subarray(0, size).equals(harness.plenty), busy }
      })

      expect(same).toBe(true)
      expect(busy).toEqual(['BusyError', 'BusyError'])
    })

    it('give the bytes before a reset first, and count what they gave', async () => {
      const outcomes = await harness.between(function* (one, other) {
        const buffer = Buffer.alloc(2)
        yield* other.sendall('abc')
        yield* one.peek(3, { exactly: true })
        yield* one.recvInto(buffer)
        const buffered = one.buffered
        other.abort()
        yield* harness.quiet()
        return [buffered, yield* outcome(one.recvInto(buffer)), yield* outcome(one.recvInto(buffer))]
      })

      expect(outcomes).toEqual([1, '1', 'ConnectionResetError'])
    })
  })

  describe('its messages', () => {
    it('are lines of text up to a null at the end', async () => {
      const lines = await harness.between(function* (one, other) {
        yield* other.sendall('one\r\ntwö\r\n')
        yield* harness.quiet()
        yield* other.sendall('thr')
        other.shutdown()
        const lines: (string | null)[] = []
        while (lines.at(-1) !== null) lines.push(yield* one.readline('\r\n', { encoding: 'utf8' }))
        return lines
      })

      expect(lines).toEqual(['one', 'twö', 'thr', null])
    })

    it('may end where the stream ends, and not within one', async () => {
      const messages = await harness.between(function* (one, other) {
        yield* other.sendall('one;two;')
        other.shutdown()
        const first = [yield* outcome(one.readuntil(';', { end: 'empty' }))]
        const rest = [yield* outcome(one.readexactly(4, { end: 'empty' }))]
        const ends = [
          one.readexactly(4, { end: 'empty' }),
          one.readuntil(';', { end: 'empty' }),
          one.readuntil(';'),
        ]
        for (const end of ends) rest.push(yield* outcome(end))
        return [...first, ...rest]
      })

      expect(messages).toEqual(['one;', 'two;', 'end', 'end', 'IncompleteReadError'])
    })

    it('are not taken to be whole after a reset', async () => {
      const messages = await harness.between(function* (one, other) {
        yield* other.sendall('one\ntw')
        yield* one.peek()
        other.abort()
        yield* harness.quiet()
        const text = { encoding: 'utf8' } as const
        return [yield* outcome(one.readline('\n', text)), yield* outcome(one.readline('\n', text))]
      })

      expect(messages).toEqual(['one', 'ConnectionResetError'])
    })
  })

  describe('its sends, when their memory changes,', () => {
    const size = harness.sample.moreThanBuffered
    it.each([
      ['is transferred', (memory: ArrayBuffer) => void structuredClone(memory, { transfer: [memory] })],
      ['shrinks', (memory: ArrayBuffer) => (memory as Resizable).resize(10)],
    ])('fail and abort the connection, and never succeed: it %s', async (_how, change) => {
      const { error, closed, received } = await harness.between(function* (one, other) {
        const memory = resizable(size)
        const sending = yield* spawn(errorOf, one.sendall(new Uint8Array(memory)))
        yield* harness.quiet()
        change(memory)
        const receiving = yield* spawn(drain, other)
        const error = yield* join(sending)
        return { error, closed: one.closed, received: yield* join(receiving) }
      })

      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toContain(`sendall(${size} bytes)`)
      expect(closed).toBe(true)
      expect(received).toBeInstanceOf(ConnectionResetError)
    })

    it('fail if that happened before the event was yielded', async () => {
      const { errors, closed } = await harness.between(function* (one) {
        const memory = resizable(1000)
        const events = [one.sendall(new Uint8Array(memory)), one.send(new Uint8Array(memory))]
        structuredClone(memory, { transfer: [memory] })
        const errors = [yield* errorOf(events[0]!), yield* outcome(events[1]!)]
        return { errors, closed: one.closed }
      })

      expect(errors).toEqual([expect.any(TypeError), 'ClosedError'])
      expect(closed).toBe(true)
    })
  })
}

/**
 * A buffer that can be resized, which the types of this version of TypeScript's library may not
 * have.
 */
interface Resizable extends ArrayBuffer {
  resize(length: number): void
}

function resizable(size: number): ArrayBuffer {
  const make = ArrayBuffer as unknown as new (size: number, options: { maxByteLength: number }) => ArrayBuffer
  return new make(size, { maxByteLength: size })
}

/** Reads until a read throws; gives its error. */
function* drain(conn: Connection) {
  return yield* errorOf(
    (function* () {
      while ((yield* conn.recv()).length > 0);
      return 'the end'
    })(),
  )
}
