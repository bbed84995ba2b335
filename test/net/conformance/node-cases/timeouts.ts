// Node's cases of timeouts. Here a timeout limits one operation, not the idle time of a socket.
import { Latch, sleep, timeout } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import type { ConformanceHarness } from '../harness.js'
import { refusal } from '../log.js'

/** A short timeout, for operations that never finish. */
const SHORT_MS = 10
/** A timeout that is never reached; the test would have failed long before. */
const LONG_MS = 1e9

export function timeoutCases(harness: ConformanceHarness): void {
  it('settimeout: an invalid time is refused at the call, and the connection is not affected', async () => {
    const log = await harness.talk({
      *client({ conn, note, record }) {
        for (const ms of [-1, Number.NaN, Number.NEGATIVE_INFINITY, '10', undefined])
          note(`${ms}: ${refusal(() => timeout(ms as number, conn.recv()))}`)
        yield* record('received', timeout(Number.POSITIVE_INFINITY, conn.readexactly(5)))
      },
      *server({ conn }) {
        yield* conn.sendall('hello')
      },
    })

    expect(log.sides.client).toEqual([
      '-1: RangeError',
      'NaN: RangeError',
      '-Infinity: RangeError',
      '10: RangeError',
      'undefined: RangeError',
      'received: hello',
    ])
  })

  it('socket-timeout: a silent peer is distinguished from one that has ended', async () => {
    const over = new Latch()

    const log = await harness.talk({
      *client({ conn, record }) {
        yield* record('recv', timeout(SHORT_MS, conn.recv()))
        over.open()
        yield* record('recv', timeout(LONG_MS, conn.recv()))
      },
      *server({ conn }) {
        yield* over.wait()
        conn.shutdown()
      },
    })

    expect(log.sides.client).toEqual(['recv: TimeoutError', 'recv: end'])
  })

  it('socket-timeout-unref: a timeout that was not reached delays nothing', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        for (let i = 0; i < 3; i++) {
          yield* conn.sendall('ping')
          yield* record('received', timeout(LONG_MS, conn.readexactly(4)))
        }
      },
      *server({ conn }) {
        for (let i = 0; i < 3; i++) {
          yield* timeout(LONG_MS, conn.readexactly(4))
          yield* timeout(LONG_MS, conn.sendall('pong'))
        }
      },
    })

    expect(log.lines).toEqual(new Array(3).fill('client: received: pong'))
  })

  it('timeout: an exchange with timeouts continues until one side falls silent', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        for (let i = 0; i < 3; i++) {
          yield* conn.sendall(`${i}`)
          yield* record('recv', conn.recv())
        }
        yield* record('recv', conn.recv())
      },
      *server({ conn, note, record }) {
        for (let i = 0; i < 3; i++) yield* conn.sendall(yield* timeout(LONG_MS, conn.recv()))
        yield* record('recv', timeout(SHORT_MS, conn.recv()))
        note('close')
        conn.close()
      },
    })

    expect(log.lines).toEqual([
      'client: recv: 0',
      'client: recv: 1',
      'client: recv: 2',
      'server: recv: TimeoutError',
      'server: close',
      'client: recv: end',
    ])
  })

  it('timeout2: a timeout covers the whole operation, and a peer cannot extend it by single bytes', async () => {
    let over = false

    const log = await harness.talk({
      *client({ conn, record }) {
        yield* record('readline', timeout(SHORT_MS, conn.readline()))
        over = true
        yield* record('recv', conn.recv(1))
      },
      *server({ conn }) {
        while (!over) {
          yield* conn.sendall('.')
          yield* sleep(1)
        }
      },
    })

    expect(log.sides.client).toEqual(['readline: TimeoutError', 'recv: .'])
  })

  it('can-reset-timeout: the next timeout begins again after one was reached, and nothing is lost', async () => {
    const over = new Latch()

    const log = await harness.talk({
      *client({ conn, record }) {
        yield* record('readexactly', timeout(SHORT_MS, conn.readexactly(10)))
        over.open()
        yield* record('readexactly', timeout(LONG_MS, conn.readexactly(10)))
        yield* record('recv', timeout(SHORT_MS, conn.recv()))
        yield* conn.sendall('in time')
        conn.shutdown()
      },
      *server({ conn, record }) {
        yield* conn.sendall('early')
        yield* over.wait()
        yield* conn.sendall(' late')
        yield* record('received', conn.readall())
      },
    })

    expect(log.lines).toEqual([
      'client: readexactly: TimeoutError',
      'client: readexactly: early late',
      'client: recv: TimeoutError',
      'server: received: in time',
    ])
  })
}
