// Node's cases of timeouts. Ours are limits of one operation, not of the quiet on a socket: what is timed out ends alone.
import { Latch, sleep, timeout } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import type { Bench } from '../bench.js'
import { refusal } from '../log.js'

/** Short, and certain to pass: what is timed out with it is waited for in vain. */
const SHORT_MS = 10
/** A limit that is never reached: a test that reached it would have failed long before. */
const LONG_MS = 1e9

export function timeoutCases(bench: Bench): void {
  it('settimeout: what can be no time is refused at the call, and the connection is unharmed', async () => {
    const log = await bench.talk({
      *client({ conn, note, tell }) {
        for (const ms of [-1, Number.NaN, Number.NEGATIVE_INFINITY, '10', undefined])
          note(`${ms}: ${refusal(() => timeout(ms as number, conn.recv()))}`)
        yield* tell('received', timeout(Number.POSITIVE_INFINITY, conn.readexactly(5)))
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

  it('socket-timeout: a peer that says nothing is told from one that has ended', async () => {
    const over = new Latch()

    const log = await bench.talk({
      *client({ conn, tell }) {
        yield* tell('recv', timeout(SHORT_MS, conn.recv()))
        over.open()
        yield* tell('recv', timeout(LONG_MS, conn.recv()))
      },
      *server({ conn }) {
        yield* over.wait()
        conn.shutdown()
      },
    })

    expect(log.sides.client).toEqual(['recv: TimeoutError', 'recv: end'])
  })

  it('socket-timeout-unref: a limit that was not reached holds up nobody', async () => {
    const log = await bench.talk({
      *client({ conn, tell }) {
        for (let i = 0; i < 3; i++) {
          yield* conn.sendall('ping')
          yield* tell('received', timeout(LONG_MS, conn.readexactly(4)))
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

  it('timeout: an exchange goes on under limits of its own until one side falls silent', async () => {
    const log = await bench.talk({
      *client({ conn, tell }) {
        for (let i = 0; i < 3; i++) {
          yield* conn.sendall(`${i}`)
          yield* tell('recv', conn.recv())
        }
        yield* tell('recv', conn.recv())
      },
      *server({ conn, note, tell }) {
        for (let i = 0; i < 3; i++) yield* conn.sendall(yield* timeout(LONG_MS, conn.recv()))
        yield* tell('recv', timeout(SHORT_MS, conn.recv()))
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

  it('timeout2: a limit is one of the whole operation, which a peer cannot put off by a byte now and then', async () => {
    let over = false

    const log = await bench.talk({
      *client({ conn, tell }) {
        yield* tell('readline', timeout(SHORT_MS, conn.readline()))
        over = true
        yield* tell('recv', conn.recv(1))
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

  it('can-reset-timeout: after a limit was reached the next one begins anew, and nothing is lost', async () => {
    const over = new Latch()

    const log = await bench.talk({
      *client({ conn, tell }) {
        yield* tell('readexactly', timeout(SHORT_MS, conn.readexactly(10)))
        over.open()
        yield* tell('readexactly', timeout(LONG_MS, conn.readexactly(10)))
        yield* tell('recv', timeout(SHORT_MS, conn.recv()))
        yield* conn.sendall('in time')
        conn.shutdown()
      },
      *server({ conn, tell }) {
        yield* conn.sendall('early')
        yield* over.wait()
        yield* conn.sendall(' late')
        yield* tell('received', conn.readall())
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
