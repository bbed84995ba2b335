// Two ends of one connection, and what goes over it.
import assert from 'node:assert/strict'
import type { Connection } from '@bluelet/net'
import type { SimulationOptions } from '@bluelet/net/testing'
import { type Coroutine, type Event, race, sleep, TimeoutError, timeout } from '@bluelet/scheduler'
import { ended, type KillHarness } from '../harness.js'
import { arrived, bytes, GONE, pairing } from '../network.js'
import type { Scenario } from '../plugin.js'

/** Small, so that little has to be sent to fill it. */
const BUFFER = 32

type Reading = (conn: Connection) => Event<Buffer> | Coroutine<Buffer>

/**
 * One reader after the other reads a part: what one that was killed has not got, the next one gets.
 */
function handover(title: string, read: Reading, world: SimulationOptions = {}): Scenario {
  return {
    title,
    follows: GONE,
    world: { buffer: BUFFER, fragment: true, ...world },
    run(harness) {
      const sent = Buffer.concat([bytes(70), Buffer.from('\n'), bytes(20), Buffer.from('\n'), bytes(60)])
      const received: Buffer[] = []
      let complete = 0
      harness.afterwards(function* () {
        const got = Buffer.concat(received)
        assert.deepEqual(got, sent.subarray(0, got.length))
        if (complete === 2) assert.equal(got.length, sent.length)
      })
      return pairing(harness, sender, function* (conn) {
        for (let i = 0; i < 3; i++) yield* ended(yield* harness.start(`reader ${i}`, readTwice(conn)))
        for (let data = yield* conn.recv(); data.length > 0; data = yield* conn.recv()) received.push(data)
        complete++
      })

      function* sender(conn: Connection): Coroutine<void> {
        for (let i = 0; i < sent.length; i += 50) yield* conn.sendall(sent.subarray(i, i + 50))
        complete++
      }

      function* readTwice(conn: Connection): Coroutine<void> {
        for (let i = 0; i < 2; i++) received.push(yield* read(conn))
      }
    },
  }
}

/** Two ends of a connection, each with something to do. */
function transfer(
  title: string,
  dialer: (conn: Connection, harness: KillHarness) => Coroutine,
  listener: (conn: Connection, harness: KillHarness) => Coroutine,
  world: SimulationOptions = {},
): Scenario {
  return {
    title,
    follows: GONE,
    world: { buffer: BUFFER, ...world },
    run: (harness) =>
      pairing(
        harness,
        (conn) => dialer(conn, harness),
        (conn) => listener(conn, harness),
      ),
  }
}

export const streams: readonly Scenario[] = [
  handover('recv, by one task after the other', (conn) => conn.recv(9)),
  handover('recvInto, by one task after the other', intoBuffer),
  handover('readline, by one task after the other', (conn) => conn.readline()),
  handover('readline as text, by one task after the other', text),
  handover('messages up to the end, by one task after the other', (conn) =>
    conn.readexactly(38, { end: 'empty' }),
  ),
  handover('readexactly, by one task after the other', (conn) => conn.readexactly(20)),
  handover('peek and recv, by one task after the other', peeking),
  handover('reads within a time, by one task after the other', limited, { latency: [1, 9] }),
  transfer('sendall of more than the buffers hold', flood, wholeSends),
  transfer('sendall of more than is collected', large, wholeLarge, { buffer: 8192 }),
  transfer('several tasks that send', sendTogether, wholeLines),
  transfer('sends that are tried', trying, wholeLines),
  transfer('send, as much as there is room for', piecemeal, slowly),
  transfer('a pair that is clogged', clogged, clogged),
  transfer('a pair of which each end reads and writes', duplex, duplex, { fragment: true }),
  transfer('half a connection that is closed', half, otherHalf),
  transfer('a close that lingers', lingering, unread),
  transfer('a peer that never reads', lingering, sleeping),
  transfer('a reset', resetting, reset),
  transfer('a connection that stalls', flood, stalling),
]

function* intoBuffer(conn: Connection): Coroutine<Buffer> {
  const buffer = Buffer.alloc(9)
  return buffer.subarray(0, yield* conn.recvInto(buffer))
}

/** A line, with the terminator that was removed: only the last line, of 60 bytes, has none. */
function* text(conn: Connection): Coroutine<Buffer> {
  const line = yield* conn.readline('\n', { encoding: 'latin1' })
  if (line === null) return Buffer.alloc(0)
  return Buffer.from(line.length === 60 ? line : `${line}\n`, 'latin1')
}

function* peeking(conn: Connection): Coroutine<Buffer> {
  const seen = yield* conn.peek(5)
  const data = yield* conn.recv(5)
  assert.deepEqual(data.subarray(0, seen.length), seen)
  return data
}

function* limited(conn: Connection): Coroutine<Buffer> {
  while (true) {
    try {
      return yield* timeout(4, conn.readexactly(25))
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
  }
}

function* flood(conn: Connection): Coroutine<void> {
  yield* conn.sendall(bytes(5 * BUFFER))
  yield* conn.sendall(bytes(BUFFER))
}

/** Goes to the driver from the sender's memory. */
function* large(conn: Connection): Coroutine<void> {
  yield* conn.sendall(bytes(17_000))
}

/** What is cut off in the middle never looks like an orderly end. */
function* wholeLarge(conn: Connection): Coroutine<void> {
  const data = yield* conn.readall()
  if (data.length > 0) assert.equal(data.length, 17_000)
}

/** Each of several tasks sends lines of its own, numbered from 1. */
function* sendTogether(conn: Connection, harness: KillHarness): Coroutine<void> {
  const senders = []
  for (const name of ['a', 'b', 'c'])
    senders.push(yield* harness.start(`sender ${name}`, numbered(conn, name)))
  for (const sender of senders) yield* ended(sender)
  yield* conn.flush()
}

function* numbered(conn: Connection, name: string): Coroutine<void> {
  for (let i = 1; i <= 4; i++) {
    yield* conn.sendall(lineOf(name, i))
    if (i === 2) yield* conn.flush()
  }
}

function lineOf(name: string, i: number): string {
  return `${name}${i}${'.'.repeat(BUFFER)}\n`
}

function* trying(conn: Connection): Coroutine<void> {
  for (let i = 1; i <= 8; i++) {
    while (!conn.trySend(lineOf('a', i))) yield* conn.flush()
    if (i % 3 === 0) yield sleep(1)
  }
}

/** No line is cut, and those of each sender come in order, none missing. */
function* wholeLines(conn: Connection): Coroutine<void> {
  const last = new Map<string, number>()
  for (let line = yield* conn.readline(); line.length > 0; line = yield* conn.readline()) {
    const [name = ''] = `${line}`
    const i = (last.get(name) ?? 0) + 1
    assert.equal(`${line}`, lineOf(name, i))
    last.set(name, i)
    yield sleep(1)
  }
}

function* piecemeal(conn: Connection): Coroutine<void> {
  for (let rest = bytes(5 * BUFFER); rest.length > 0; ) rest = rest.subarray(yield* conn.send(rest))
}

function* slowly(conn: Connection): Coroutine<void> {
  while ((yield* conn.recv(20)).length > 0) yield sleep(2)
}

/** What is cut off in the middle of a `sendall` never looks like an orderly end. */
function* wholeSends(conn: Connection): Coroutine<void> {
  let length = 0
  for (let data = yield* conn.recv(20); data.length > 0; data = yield* conn.recv(20)) {
    length += data.length
    yield sleep(2)
  }
  assert.ok([0, 5 * BUFFER, 6 * BUFFER].includes(length))
}

function* clogged(conn: Connection, harness: KillHarness): Coroutine<void> {
  const writer = yield* harness.start('writer', flood(conn))
  yield sleep(20)
  yield* conn.readexactly(6 * BUFFER)
  yield* ended(writer)
}

function* duplex(conn: Connection, harness: KillHarness): Coroutine<void> {
  const writer = yield* harness.start(
    'writer',
    (function* () {
      for (let i = 0; i < 3; i++) yield* conn.sendall(bytes(2 * BUFFER))
      conn.shutdown()
    })(),
  )
  yield* conn.readall()
  yield* ended(writer)
}

function* half(conn: Connection): Coroutine<void> {
  yield* conn.sendall(bytes(3 * BUFFER))
  conn.shutdown()
  arrived(yield* conn.readall(), 'thanks')
}

function* otherHalf(conn: Connection): Coroutine<void> {
  yield* conn.readall()
  yield sleep(3)
  yield* conn.sendall('thanks')
}

function* lingering(conn: Connection): Coroutine<void> {
  yield* conn.peek()
  yield* conn.sendall(bytes(2 * BUFFER))
  conn.close()
  yield* conn.whenClosed()
}

/** The other side lingers over the byte until this side has ended, too. */
function* unread(conn: Connection): Coroutine<void> {
  yield* conn.sendall(bytes(1))
  yield* slowly(conn)
}

/** The other side lingers over the byte, and then resets the connection. */
function* sleeping(conn: Connection): Coroutine<void> {
  yield* conn.sendall(bytes(1))
  yield sleep(8000)
  yield* conn.whenClosed()
}

function* resetting(conn: Connection): Coroutine<void> {
  yield* conn.sendall(bytes(10))
  yield sleep(10)
  conn.abort()
  yield* conn.whenClosed()
}

/** A reader and a waiter hear of it. */
function* reset(conn: Connection, harness: KillHarness): Coroutine<void> {
  const watcher = yield* harness.start(
    'watcher',
    (function* () {
      yield* conn.whenClosed()
    })(),
  )
  try {
    while ((yield* conn.recv()).length > 0);
  } catch (error) {
    if (!GONE.some((known) => error instanceof known)) throw error
  } finally {
    conn.close()
  }
  yield* ended(watcher)
}

function* stalling(conn: Connection, harness: KillHarness): Coroutine<void> {
  const [link] = harness.world.network.links
  yield* conn.recv(10)
  link?.stall()
  try {
    yield* race([conn.readexactly(5 * BUFFER), sleep(50)])
  } finally {
    link?.resume()
  }
  yield* slowly(conn)
}
