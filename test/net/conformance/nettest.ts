// The behaviour of a connection, after Go's nettest.TestConn. Its deadlines, which remain until
// they are reset, are timeouts of one operation here. Where it reads with many goroutines at once,
// one reader at a time is allowed here, and the others get a BusyError.
import { BusyError, type Connection, TimeoutError } from '@bluelet/net'
import {
  all,
  type Coroutine,
  call,
  join,
  kill,
  Latch,
  pause,
  sleep,
  spawn,
  timeout,
} from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { errorOf, MIB, pattern, perform } from '../world.js'
import type { ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

const UNLIMITED = { limit: Number.POSITIVE_INFINITY }

/** A short timeout, for operations that never finish. */
const SHORT_MS = 10
/** A timeout that is never reached; the test would have failed long before. */
const LONG_MS = 1e9

/** Describes a connection as Go's nettest does. */
export function netTest(harness: ConformanceHarness): void {
  describe('as nettest describes them', () => {
    describeTransfers(harness)
    describeTimeouts(harness)
    describeTogether(harness)
  })
}

function describeTransfers(harness: ConformanceHarness): void {
  it('BasicIO: 8 MiB return as they were sent', async () => {
    const sent = pattern(8 * MIB)

    const received = await harness.between(function* (client, server) {
      yield* spawn(function* () {
        yield* server.sendall(yield* server.readall(UNLIMITED))
        server.shutdown()
      })
      yield* client.sendall(sent)
      client.shutdown()
      return yield* client.readall(UNLIMITED)
    })

    expect(received.equals(sent)).toBe(true)
  })

  it('PingPong: a number goes back and forth and is incremented on each side', async () => {
    const rounds = 200

    const last = await harness.between(function* (client, server) {
      yield* spawn(countUp, server, rounds)
      yield* client.sendall(numberBytes(0))
      return yield* countUp(client, rounds)
    })

    expect(last).toBe(2 * rounds)
  })

  it('RacyRead: many readers with short timeouts lose no byte, and one at a time is admitted', async () => {
    const sent = pattern(200_000)
    const pieces: Buffer[] = []
    const others = new Set<string>()
    let length = 0

    await harness.between(function* (client, server) {
      const sending = yield* spawn(function* () {
        for (let at = 0; at < sent.length; at += 1000) {
          yield* server.sendall(sent.subarray(at, at + 1000))
          // Until a reader has timed out.
          while (at === 100_000 && !others.has('TimeoutError')) yield* sleep(1)
        }
      })
      const readers = Array.from({ length: 10 }, () =>
        call(function* () {
          while (length < sent.length) {
            try {
              const piece = yield* timeout(1, client.recv(1024))
              pieces.push(piece)
              length += piece.length
            } catch (error) {
              others.add((error as Error).name)
              // A task that only pauses would stop virtual time.
              yield* sleep(1)
            }
          }
        }),
      )
      yield* all(readers)
      yield* join(sending)
    })

    // A reader whose bytes are there takes its step before another one that is already ready.
    expect(Buffer.concat(pieces).sort().equals(sent.sort())).toBe(true)
    expect([...others].sort()).toEqual(['BusyError', 'TimeoutError'])
  })

  it('RacyWrite: each message of many simultaneous writers arrives complete and once, or is refused', async () => {
    const size = 100_000
    const writers = 10
    const received = await harness.between(function* (client, server) {
      const reading = yield* spawn(perform, server.readall(UNLIMITED))
      const write = function* (id: number) {
        for (let done = 0; done < 5; ) {
          try {
            yield* client.sendall(Buffer.alloc(size, id))
            done++
          } catch (error) {
            if (!(error instanceof BusyError)) throw error
            yield* sleep(1)
          }
        }
      }
      yield* all(Array.from({ length: writers }, (_, id) => write(id)))
      client.shutdown()
      return yield* join(reading)
    })

    expect(received).toHaveLength(5 * writers * size)
    const counts = new Array<number>(writers).fill(0)
    for (let at = 0; at < received.length; at += size) {
      const message = received.subarray(at, at + size)
      const id = message[0]!
      expect(message.equals(Buffer.alloc(size, id))).toBe(true)
      counts[id]!++
    }
    expect(counts).toEqual(counts.map(() => 5))
  })
}

function describeTimeouts(harness: ConformanceHarness): void {
  it('ReadTimeout: a recv that times out does not affect sending', async () => {
    const { errors, same } = await harness.between(function* (client, server) {
      const receiving = yield* spawn(perform, server.readall(UNLIMITED))
      const errors: unknown[] = []
      for (let i = 0; i < 3; i++) {
        const [error] = yield* all([errorOf(timeout(1, client.recv())), client.sendall(pattern(MIB))])
        errors.push(error)
      }
      client.shutdown()
      const received = yield* join(receiving)
      return { errors, same: received.equals(Buffer.concat(new Array(3).fill(pattern(MIB)))) }
    })

    for (const error of errors) expect(error).toBeInstanceOf(TimeoutError)
    expect(same).toBe(true)
  })

  it('WriteTimeout: a sendall with a timeout does not affect receiving', async () => {
    const outcomes = await harness.between(function* (client, server) {
      const outcomes: string[] = []
      for (const word of ['one', 'two', 'three']) {
        const reader = yield* spawn(outcome, client.readexactly(word.length))
        yield* timeout(LONG_MS, client.sendall('question'))
        yield* server.readexactly(8)
        yield* server.sendall(word)
        outcomes.push(yield* join(reader))
      }
      return outcomes
    })

    expect(outcomes).toEqual(['one', 'two', 'three'])
  })

  it('PastTimeout: a timeout of 0 ends an operation that would wait, and gives buffered bytes', async () => {
    const { errors, received } = await harness.between(function* (client, server) {
      const errors = [yield* errorOf(timeout(0, client.recv())), yield* errorOf(timeout(0, client.recv()))]
      yield* server.sendall('!')
      yield* client.peek()
      return { errors, received: yield* outcome(timeout(0, client.recv())) }
    })

    for (const error of errors) expect(error).toBeInstanceOf(TimeoutError)
    expect(received).toBe('!')
  })

  it('PresentTimeout: a timeout that is reached while both directions wait ends both', async () => {
    const errors = await harness.between(function* (client) {
      const reading = yield* spawn(errorOf, timeout(SHORT_MS, client.recv()))
      const writing = yield* spawn(errorOf, timeout(2 * SHORT_MS, client.sendall(harness.plenty)))
      return yield* all([reading, writing])
    })

    for (const error of errors) expect(error).toBeInstanceOf(TimeoutError)
  })

  it('FutureTimeout: the connection works again after a timeout', async () => {
    const { error, received } = await harness.between(function* (client, server) {
      const error = yield* errorOf(timeout(SHORT_MS, client.recv()))
      yield* spawn(function* () {
        yield* server.sendall(yield* server.readall())
        server.shutdown()
      })
      yield* timeout(LONG_MS, client.sendall('in step'))
      client.shutdown()
      return { error, received: yield* outcome(timeout(LONG_MS, client.readall())) }
    })

    expect(error).toBeInstanceOf(TimeoutError)
    expect(received).toBe('in step')
  })

  it('CloseTimeout: a close ends an operation with a timeout, with its own error', async () => {
    const outcomes = await harness.between(function* (client) {
      const reading = yield* spawn(outcome, timeout(LONG_MS, client.recv()))
      const writing = yield* spawn(outcome, timeout(LONG_MS, client.sendall(harness.plenty)))
      yield pause()
      client.close()
      return yield* all([reading, writing])
    })

    expect(outcomes).toEqual(['ClosedError', 'ClosedError'])
  })
}

function describeTogether(harness: ConformanceHarness): void {
  it('ConcurrentMethods: simultaneous calls give valid results, and nothing hangs', async () => {
    const allowed = ['done', '1', 'x', 'BusyError', 'TimeoutError']
    const seen = new Set<string>()
    const begin = new Latch()

    const hosts = await harness.between(function* (client, server) {
      const echo = yield* spawn(function* () {
        for (let data = yield* server.recv(1); data.length > 0; data = yield* server.recv(1))
          yield* server.sendall(data)
      })
      const tasks = Array.from({ length: 100 }, (_, i) =>
        spawn(function* () {
          yield* begin.wait()
          yield* exercise(client, i, seen)
        }),
      )
      const exercising = yield* all(tasks)
      begin.open()
      for (const task of exercising) yield* join(task)
      const hosts = [client.localAddress?.host, client.remoteAddress?.host]
      client.abort()
      yield* kill(echo)
      return hosts
    })

    expect([...seen].filter((what) => !allowed.includes(what))).toEqual([])
    expect(seen).toContain('BusyError')
    expect(hosts).toEqual([harness.sample.address, harness.sample.address])
  })
}

/** Calls some methods of a connection that other tasks use too. */
function* exercise(conn: Connection, id: number, seen: Set<string>): Coroutine<void> {
  const operations = [
    () => timeout(1, conn.recv(1)),
    () => conn.send('x'),
    () => timeout(1, conn.peek(1)),
    () => conn.sendall('x'),
    () => timeout(1, conn.whenClosed()),
  ]
  for (let i = 0; i < operations.length; i++) {
    seen.add(yield* outcome(operations[(i + id) % operations.length]!()))
    if (conn.remoteAddress === undefined || conn.localAddress === undefined) seen.add('no address')
  }
}

/**
 * Answers each number with the next for `rounds` rounds; gives the last number sent or, at the end,
 * received.
 */
function* countUp(conn: Connection, rounds: number): Coroutine<number> {
  let last = 0
  for (let i = 0; i < rounds; i++) {
    last = (yield* conn.readexactly(8)).readDoubleBE() + 1
    yield* conn.sendall(numberBytes(last))
  }
  return last
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes
}
