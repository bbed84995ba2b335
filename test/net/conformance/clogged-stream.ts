// Streams with full buffers, after trio's clogged streams: a send waits until the peer reads, and
// is killed, closed or reset meanwhile.
import { ClosedError, type Connection, ConnectionResetError, TimeoutError } from '@bluelet/net'
import { all, type Coroutine, join, kill, spawn, type Task, timeout } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { errorOf } from '../world.js'
import type { Between, ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

const UNLIMITED = { limit: Number.POSITIVE_INFINITY }

/** Describes a stream whose buffers are full. */
export function cloggedStream(harness: ConformanceHarness, between: Between): void {
  /** Sends more than the buffers hold; gives the sending task once it waits. */
  function* clog(conn: Connection): Coroutine<Task<string>> {
    const sender = yield* spawn(outcome, conn.sendall(harness.plenty))
    yield* harness.quiet()
    return sender
  }

  it('makes a send wait until the peer reads', async () => {
    const { before, after, same } = await between(function* (one, other) {
      const sender = yield* clog(one)
      const before = sender.state
      const received = yield* other.readexactly(harness.plenty.length, { limit: Infinity })
      return { before, after: yield* join(sender), same: received.equals(harness.plenty) }
    })

    expect(before).toBe('parked')
    expect(after).toBe('done')
    expect(same).toBe(true)
  })

  it('drains in both directions when both are full', async () => {
    const { before, after, same } = await between(function* (one, other) {
      const senders = [yield* clog(one), yield* clog(other)]
      const before = senders.map(({ state }) => state)
      const received = yield* all([
        one.readexactly(harness.plenty.length, { limit: Infinity }),
        other.readexactly(harness.plenty.length, { limit: Infinity }),
      ])
      const after = yield* all(senders)
      return { before, after, same: received.map((bytes) => bytes.equals(harness.plenty)) }
    })

    expect(before).toEqual(['parked', 'parked'])
    expect(after).toEqual(['done', 'done'])
    expect(same).toEqual([true, true])
  })

  it('receives while its own send waits', async () => {
    const { received, state } = await between(function* (one, other) {
      const sender = yield* clog(one)
      yield* other.sendall('in between')
      const received = yield* outcome(one.readexactly(10))
      const { state } = sender
      yield* kill(sender)
      return { received, state }
    })

    expect(received).toBe('in between')
    expect(state).toBe('parked')
  })

  it('delays no other connection', async () => {
    const received = await between(function* (one) {
      const sender = yield* clog(one)
      const { client, server } = yield* harness.pair()
      yield* client.sendall('past it')
      const received = yield* outcome(server.readexactly(7))
      client.close()
      server.close()
      yield* kill(sender)
      return received
    })

    expect(received).toBe('past it')
  })

  it('makes a second sender wait, even for no bytes, and loses nothing if that is killed', async () => {
    const { states, same, rest } = await between(function* (one, other) {
      const senders = [
        yield* clog(one),
        yield* spawn(outcome, one.sendall('killed')),
        yield* spawn(outcome, one.sendall('')),
        yield* spawn(outcome, one.sendall('last')),
      ]
      yield* harness.quiet()
      const states = senders.map(({ state }) => state)
      yield* kill(senders[1]!)
      const received = yield* other.readexactly(harness.plenty.length, { limit: Infinity })
      const rest = yield* other.readexactly(4)
      return { states, same: received.equals(harness.plenty), rest: rest.toString() }
    })

    expect(states).toEqual(['parked', 'parked', 'parked', 'parked'])
    expect(same).toBe(true)
    expect(rest).toBe('last')
  })

  it('ends after a waiting send when it is shut down meanwhile', async () => {
    const { outcomes, same } = await between(function* (one, other) {
      const sender = yield* clog(one)
      one.shutdown()
      const received = yield* other.readall(UNLIMITED)
      return {
        outcomes: [yield* join(sender), yield* outcome(one.sendall('late'))],
        same: received.equals(harness.plenty),
      }
    })

    expect(outcomes).toEqual(['done', 'ClosedError'])
    expect(same).toBe(true)
  })

  it('is closed when a waiting send is killed, and the peer gets a reset, never the end', async () => {
    const { errors, theirs } = await between(function* (one, other) {
      const reader = yield* spawn(errorOf, one.recv())
      yield* kill(yield* clog(one))
      const errors = [yield* join(reader), yield* errorOf(one.sendall('x'))]
      return { errors, theirs: yield* errorOf(other.readall(UNLIMITED)) }
    })

    for (const error of errors) expect(error).toBeInstanceOf(ClosedError)
    expect(theirs).toBeInstanceOf(ConnectionResetError)
  })

  it('is closed when a send is timed out', async () => {
    const { error, later, theirs } = await between(function* (one, other) {
      const error = yield* errorOf(timeout(1, one.sendall(harness.plenty)))
      const later = yield* errorOf(one.recv())
      return { error, later, theirs: yield* errorOf(other.readall(UNLIMITED)) }
    })

    expect(error).toBeInstanceOf(TimeoutError)
    expect(later).toBeInstanceOf(ClosedError)
    expect(theirs).toBeInstanceOf(ConnectionResetError)
  })

  it('wakes its writer when it is closed, and the peer gets a reset, never the end', async () => {
    const { ours, theirs } = await between(function* (one, other) {
      const sender = yield* clog(one)
      one.close()
      return { ours: yield* join(sender), theirs: yield* outcome(other.readall(UNLIMITED)) }
    })

    expect(ours).toBe('ClosedError')
    expect(theirs).toBe('ConnectionResetError')
  })

  it('wakes its writer when it is aborted', async () => {
    const { ours, theirs } = await between(function* (one, other) {
      const sender = yield* clog(one)
      one.abort()
      return { ours: yield* join(sender), theirs: yield* outcome(other.readall(UNLIMITED)) }
    })

    expect(ours).toBe('ClosedError')
    expect(theirs).toBe('ConnectionResetError')
  })

  it('throws in its writer when the peer resets, and never reports success', async () => {
    const outcomes = await between(function* (one, other) {
      const sender = yield* clog(one)
      other.abort()
      return [yield* join(sender), yield* outcome(one.sendall('x'))]
    })

    expect(outcomes).toEqual(['ConnectionResetError', 'ClosedError'])
  })

  it('accepts bytes for a peer that has closed, and discards them', async () => {
    const outcomes = await between(function* (one, other) {
      const sender = yield* clog(one)
      other.close()
      const sent = yield* join(sender)
      const received = yield* outcome(one.recv())
      one.close()
      return [sent, received, yield* outcome(other.whenClosed())]
    })

    expect(outcomes).toEqual(['done', 'end', 'done'])
  })
}
