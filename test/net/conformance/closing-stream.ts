// Streams that are closed or reset, or whose reader is killed, after trio's check_two_way_stream.
import { ClosedError, type Connection, ConnectionResetError, TimeoutError } from '@bluelet/net'
import { type Coroutine, join, kill, pause, spawn, timeout } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { errorOf, MIB, pattern, perform } from '../world.js'
import type { Between, ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

const UNLIMITED = { limit: Number.POSITIVE_INFINITY }

/** Describes every way to close a stream. */
export function closingStream(harness: ConformanceHarness, between: Between): void {
  describeClosing(harness, between)
  describeAborting(between)
  describeKilling(between)
}

function describeClosing(harness: ConformanceHarness, between: Between): void {
  it('closes once, however it is closed and how often', async () => {
    const outcomes = await between(function* (one, other) {
      one.close()
      one.close()
      one[Symbol.dispose]()
      one.abort()
      const received = yield* outcome(other.recv())
      other.close()
      yield* one.whenClosed()
      one.close()
      one.abort()
      return [received, yield* outcome(one.whenClosed())]
    })

    expect(outcomes).toEqual(['end', 'done'])
  })

  it('refuses every operation after a close, whatever has arrived', async () => {
    const outcomes = await between(function* (one, other) {
      yield* other.sendall('unread')
      yield* one.peek()
      one.close()
      expect(() => one.shutdown()).toThrow(ClosedError)
      const operations = [
        one.recv(),
        one.peek(),
        one.readline(),
        one.readexactly(0),
        one.readall(),
        one.send('x'),
        one.sendall('x'),
        one.sendall(''),
      ]
      const outcomes: string[] = []
      for (const operation of operations) outcomes.push(yield* outcome(operation))
      return outcomes
    })

    expect(outcomes).toEqual(new Array(8).fill('ClosedError'))
  })

  it('wakes its reader when it is closed, and the peer gets the end', async () => {
    const outcomes = await between(function* (one, other) {
      const reader = yield* spawn(outcome, one.recv())
      yield pause()
      one.close()
      return [yield* join(reader), yield* outcome(other.recv())]
    })

    expect(outcomes).toEqual(['ClosedError', 'end'])
  })

  it('delivers all bytes sent before the close, then the end', async () => {
    const sent = pattern(MIB)

    const same = await between(function* (one, other) {
      const received = yield* spawn(perform, other.readall(UNLIMITED))
      yield* one.sendall(sent)
      one.close()
      return (yield* join(received)).equals(sent)
    })

    expect(same).toBe(true)
  })

  it('delivers bytes sent before the close even with unread input', async () => {
    const outcomes = await between(function* (one, other) {
      yield* other.sendall('unread')
      yield* one.peek()
      yield* one.sendall('reply')
      one.close()
      yield* other.sendall('more, which stays unread')
      return [yield* outcome(other.readexactly(5)), yield* outcome(other.recv())]
    })

    expect(outcomes).toEqual(['reply', 'end'])
  })

  it('is closed at once if no input is unread, and the peer still gets all bytes and the end', async () => {
    const reply = pattern(60_000)

    const { same, more } = await between(function* (one, other) {
      yield* other.sendall('read')
      yield* one.readexactly(4)
      const sent = yield* one.send(reply)
      one.close()
      yield* one.whenClosed()
      yield* harness.quiet()
      const received = yield* other.readall(UNLIMITED)
      return { same: received.equals(reply.subarray(0, sent)), more: yield* outcome(other.recv()) }
    })

    expect(same).toBe(true)
    expect(more).toBe('end')
  })

  it('resets a peer that sends once the descriptor is free', async () => {
    const error = await between(function* (one, other) {
      one.close()
      yield* one.whenClosed()
      return yield* errorOf(sending(other))
    })

    expect(error).toBeInstanceOf(ConnectionResetError)

    function* sending(conn: Connection): Coroutine<void> {
      while (true) {
        yield* conn.sendall('is anything there?')
        yield* harness.quiet()
      }
    }
  })

  it('resets a peer that does not end its side, after the time that close() was given', async () => {
    const { early, late } = await between(function* (one, other) {
      yield* other.sendall('unread')
      yield* one.peek()
      one.close({ linger: 30 })
      yield* other.recv()
      const early = yield* outcome(other.sendall('more'))
      yield* one.whenClosed()
      return { early, late: yield* outcome(sending(other)) }
    })

    expect(early).toBe('done')
    expect(late).toBe('ConnectionResetError')

    function* sending(conn: Connection): Coroutine<void> {
      while (true) {
        yield* conn.sendall('is anything there?')
        yield* harness.quiet()
      }
    }
  })

  it.each(['peeked at', 'in the system'])(
    'is closed only when the peer has ended too if input is unread: %s',
    async (where) => {
      const order = await between(function* (one, other) {
        const order: string[] = []
        yield* other.sendall('unread')
        if (where === 'peeked at') yield* one.peek()
        else yield* harness.quiet()
        const waiting = yield* spawn(function* () {
          yield* one.whenClosed()
          order.push('closed')
        })
        one.close()
        yield* other.recv()
        yield* harness.quiet()
        order.push('the peer ends')
        other.shutdown()
        yield* join(waiting)
        return order
      })

      expect(order).toEqual(['the peer ends', 'closed'])
    },
  )
}

function describeAborting(between: Between): void {
  it('gives a reading peer a reset once, and then ClosedError with that cause', async () => {
    const { first, second } = await between(function* (one, other) {
      const reader = yield* spawn(errorOf, other.recv())
      yield pause()
      one.abort()
      return { first: yield* join(reader), second: yield* errorOf(other.recv()) }
    })

    expect(first).toBeInstanceOf(ConnectionResetError)
    expect(second).toBeInstanceOf(ClosedError)
    expect(second.cause).toBe(first)
  })

  it('gives a reset to a peer that reads later, after the bytes that had arrived', async () => {
    const outcomes = await between(function* (one, other) {
      yield* one.sendall('!')
      yield* other.peek()
      one.abort()
      yield* one.whenClosed()
      return [yield* outcome(other.recv()), yield* outcome(other.recv())]
    })

    expect(outcomes).toEqual(['!', 'ConnectionResetError'])
  })

  it('gives a reset to a peer that only sends', async () => {
    const error = await between(function* (one, other) {
      one.abort()
      yield* one.whenClosed()
      // The network may take some bytes before it reports the reset.
      return yield* errorOf(sendForever(other))
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('wakes its reader when it is aborted, and refuses later operations', async () => {
    const outcomes = await between(function* (one) {
      const reader = yield* spawn(outcome, one.recv())
      yield pause()
      one.abort()
      return [yield* join(reader), yield* outcome(one.recv()), yield* outcome(one.sendall('x'))]
    })

    expect(outcomes).toEqual(['ClosedError', 'ClosedError', 'ClosedError'])
  })

  it('can be aborted right after a shutdown', async () => {
    const closed = await between(function* (one) {
      one.shutdown()
      one.abort()
      return yield* outcome(one.whenClosed())
    })

    expect(closed).toBe('done')
  })
}

function describeKilling(between: Between): void {
  it('loses nothing to a killed recv', async () => {
    const received = await between(function* (one, other) {
      const pieces: string[] = []
      for (const byte of ['a', 'b', 'c']) {
        const reader = yield* spawn(outcome, one.recv())
        yield pause()
        const sending = yield* spawn(perform, other.sendall(byte))
        yield* kill(reader)
        // The task may have received the byte before the kill.
        if (reader.outcome?.kind === 'returned') pieces.push(reader.outcome.value)
        else pieces.push(yield* outcome(one.recv()))
        yield* join(sending)
      }
      return pieces.join('')
    })

    expect(received).toBe('abc')
  })

  it('loses nothing to a recv that times out', async () => {
    const { error, received } = await between(function* (one, other) {
      const error = yield* errorOf(timeout(1, one.recv()))
      yield* other.sendall('later')
      return { error, received: yield* outcome(one.readexactly(5)) }
    })

    expect(error).toBeInstanceOf(TimeoutError)
    expect(received).toBe('later')
  })

  it('loses nothing that a killed readexactly had received', async () => {
    const received = await between(function* (one, other) {
      yield* other.sendall('ab')
      yield* one.peek()
      const reader = yield* spawn(outcome, one.readexactly(4))
      yield pause()
      yield* kill(reader)
      yield* other.sendall('cd')
      return yield* outcome(one.readexactly(4))
    })

    expect(received).toBe('abcd')
  })
}

function* sendForever(conn: Connection): Coroutine<never> {
  while (true) yield* conn.sendall('are you there?')
}
