// Byte streams in both directions, after trio's check_two_way_stream: sending and receiving, one
// task each way at a time, and the end of a stream. Every test, including those of the other
// streams, runs for both ends.
import { BusyError, ClosedError, type Connection } from '@bluelet/net'
import { all, join, kill, pause, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { randomNumbers } from '../../support/random.js'
import { errorOf, MIB, pattern } from '../world.js'
import { cloggedStream } from './clogged-stream.js'
import { closingStream } from './closing-stream.js'
import type { Between, ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

const UNLIMITED = { limit: Number.POSITIVE_INFINITY }

/** Describes a stream in both directions, for both ends. */
export function twoWayStream(harness: ConformanceHarness): void {
  const ends: readonly (readonly [string, Between])[] = [
    ['the end that connected', (main) => harness.between((client, server) => main(client, server))],
    ['the end that was accepted', (main) => harness.between((client, server) => main(server, client))],
  ]

  describe.each(ends)('as a two-way stream, at the end of %s:', (_end, between) => {
    describeSending(between)
    describeOneAtATime(harness, between)
    describeEnding(between)
    closingStream(harness, between)
    cloggedStream(harness, between)
  })
}

function describeSending(between: Between): void {
  it('carries bytes there and back', async () => {
    const [there, back] = await between(function* (one, other) {
      yield* one.sendall('there')
      const there = yield* other.readexactly(5)
      yield* other.sendall('back')
      return [there, yield* one.readexactly(4)]
    })

    expect(`${there} ${back}`).toBe('there back')
  })

  it('carries bytes both ways at once', async () => {
    const sent = pattern(2 * MIB)

    const same = await between(function* (one, other) {
      const exchange = (conn: Connection) =>
        all([conn.sendall(sent), conn.readexactly(sent.length, { limit: Infinity })])
      const received = yield* all([exchange(one), exchange(other)])
      return received.map(([, bytes]) => bytes.equals(sent))
    })

    expect(same).toEqual([true, true])
  })

  it('wakes a waiting reader', async () => {
    const received = await between(function* (one, other) {
      const reader = yield* spawn(outcome, one.recv())
      yield pause()
      yield* other.sendall('!')
      return yield* join(reader)
    })

    expect(received).toBe('!')
  })

  it('gives at most max bytes for odd sizes, and loses nothing', async () => {
    const sent = pattern(200_000)
    const random = randomNumbers(17)

    const { tooLong, same } = await between(function* (one, other) {
      yield* spawn(function* () {
        yield* other.sendall(sent)
        other.shutdown()
      })
      const pieces: Buffer[] = []
      let tooLong = 0
      for (let length = -1; length !== 0; ) {
        const max = 1 + random(3001)
        const piece = yield* one.recv(max)
        length = piece.length
        pieces.push(piece)
        if (length > max) tooLong++
      }
      return { tooLong, same: Buffer.concat(pieces).equals(sent) }
    })

    expect(tooLong).toBe(0)
    expect(same).toBe(true)
  })

  it('refuses to receive an invalid size, and is not affected', async () => {
    const received = await between(function* (one, other) {
      for (const max of [0, -1, 1.5, Number.NaN]) expect(() => void one.recv(max)).toThrow(RangeError)
      yield* other.sendall('unharmed')
      return yield* outcome(one.readexactly(8))
    })

    expect(received).toBe('unharmed')
  })

  it('sends nothing for no bytes', async () => {
    const { taken, received } = await between(function* (one, other) {
      yield* one.sendall('')
      const taken = yield* one.send(Buffer.alloc(0))
      yield* one.sendall('something')
      return { taken, received: yield* outcome(other.readexactly(9)) }
    })

    expect(taken).toBe(0)
    expect(received).toBe('something')
  })

  it('shares no memory with sent or received bytes', async () => {
    const received = await between(function* (one, other) {
      const buffer = Buffer.from('before ')
      yield* one.sendall(buffer)
      buffer.fill('!')
      const first = yield* other.readexactly(7)
      yield* one.sendall('after')
      const second = yield* other.readexactly(5)
      second.fill('?')
      return `${first}${buffer}`
    })

    expect(received).toBe('before !!!!!!!')
  })
}

function describeOneAtATime(harness: ConformanceHarness, between: Between): void {
  it('refuses a second reader, and the first gets the bytes', async () => {
    const { error, received } = await between(function* (one, other) {
      const first = yield* spawn(outcome, one.readexactly(13))
      yield pause()
      const error = yield* errorOf(one.readline())
      yield* other.sendall('for the first')
      return { error, received: yield* join(first) }
    })

    expect(error).toBeInstanceOf(BusyError)
    expect(received).toBe('for the first')
  })

  it('sends what several tasks send in the order of their sends, each of them whole', async () => {
    const { answers, received } = await between(function* (one, other) {
      const first = yield* spawn(outcome, one.sendall(harness.plenty))
      const second = yield* spawn(outcome, one.sendall(' second'))
      const third = yield* spawn(outcome, one.send('!'))
      yield pause()
      one.shutdown()
      const received = yield* other.readall(UNLIMITED)
      return { answers: yield* all([first, second, third]), received }
    })

    expect(answers).toEqual(['done', 'done', '1'])
    expect(received.subarray(0, harness.plenty.length).equals(harness.plenty)).toBe(true)
    expect(received.subarray(harness.plenty.length).toString()).toBe(' second!')
  })

  it('admits the next reader after one was killed', async () => {
    const received = await between(function* (one, other) {
      const first = yield* spawn(outcome, one.recv())
      yield pause()
      yield* kill(first)
      yield* other.sendall('for the next')
      return yield* outcome(one.readexactly(12))
    })

    expect(received).toBe('for the next')
  })
}

function describeEnding(between: Between): void {
  it('gives the end after all sent bytes, at every read', async () => {
    const received = await between(function* (one, other) {
      yield* one.sendall('last words')
      one.shutdown()
      return [
        yield* outcome(other.readexactly(10)),
        yield* outcome(other.recv()),
        yield* outcome(other.recv()),
      ]
    })

    expect(received).toEqual(['last words', 'end', 'end'])
  })

  it('wakes a waiting reader with the end', async () => {
    const received = await between(function* (one, other) {
      const reader = yield* spawn(outcome, other.recv())
      yield pause()
      one.shutdown()
      return yield* join(reader)
    })

    expect(received).toBe('end')
  })

  it('continues in the other direction after one has ended', async () => {
    const received = await between(function* (one, other) {
      one.shutdown()
      const end = yield* outcome(other.recv())
      const sent: string[] = []
      for (const word of ['still', 'here']) {
        yield* other.sendall(word)
        sent.push(String(yield* one.readexactly(word.length)))
      }
      other.shutdown()
      return [end, ...sent, yield* outcome(one.recv())]
    })

    expect(received).toEqual(['end', 'still', 'here', 'end'])
  })

  it('refuses to send after a shutdown, which is idempotent', async () => {
    const { errors, received } = await between(function* (one, other) {
      one.shutdown()
      one.shutdown()
      const errors = [
        yield* errorOf(one.sendall('late')),
        yield* errorOf(one.send('late')),
        yield* errorOf(one.sendall('')),
      ]
      return { errors, received: yield* outcome(other.recv()) }
    })

    for (const error of errors) expect(error).toBeInstanceOf(ClosedError)
    expect(received).toBe('end')
  })
}
