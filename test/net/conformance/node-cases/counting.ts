// Node's cases that count: bytes on each side of a connection, and clients at once.
import { type Connection, server } from '@bluelet/net'
import { all, type Coroutine, kill, Latch, spawn } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { pattern } from '../../world.js'
import type { ConformanceHarness } from '../harness.js'

const KIB = 1024
const UNLIMITED = { limit: Number.POSITIVE_INFINITY }

export function countingCases(harness: ConformanceHarness): void {
  it('bytes-read: the received bytes add up to the sent bytes, and the end adds nothing', async () => {
    const log = await harness.talk({
      *client({ conn, note }) {
        let length = 0
        for (let n = -1; n !== 0; length += n) n = (yield* conn.recv()).length
        for (let i = 0; i < 3; i++) length += (yield* conn.recv()).length
        note(`received ${length}`)
      },
      *server({ conn, note }) {
        const block = pattern(1500)
        let length = 0
        for (; length < 150_000; length += block.length) yield* conn.sendall(block)
        note(`sent ${length}`)
        conn.shutdown()
      },
    })

    expect(log.sides).toEqual({ client: ['received 150000'], server: ['sent 150000'] })
  })

  it('bytes-stats: each of two connections counts its own bytes', async () => {
    const log = await harness.meet({
      *client({ connect, note }) {
        for (const size of [100, 2000]) {
          using conn = yield* connect()
          let taken = 0
          while (taken < size) taken += yield* conn.send(pattern(size).subarray(taken))
          note(`sent ${taken}`)
        }
      },
      *server({ listener, note }) {
        for (let i = 0; i < 2; i++) {
          using conn = yield* listener.accept()
          note(`received ${(yield* conn.readall()).length}`)
        }
      },
    })

    expect(log.sides).toEqual({
      client: ['sent 100', 'sent 2000'],
      server: ['received 100', 'received 2000'],
    })
  })

  it('bytes-written-large: the results of all sends add up to the total', async () => {
    const sent = pattern(10_000_000)

    const log = await harness.talk({
      *client({ conn, note }) {
        let taken = 0
        while (taken < sent.length) taken += yield* conn.send(sent.subarray(taken))
        note(`taken ${taken}`)
        conn.shutdown()
      },
      *server({ conn, note }) {
        note(`the same: ${(yield* conn.readall(UNLIMITED)).equals(sent)}`)
      },
    })

    expect(log.sides).toEqual({ client: ['taken 10000000'], server: ['the same: true'] })
  })

  it('response-size: many sends, and one more byte just before the close, all arrive', async () => {
    const log = await harness.talk({
      *client({ conn }) {
        for (let i = 0; i < 100; i++) yield* conn.sendall(pattern(KIB))
        yield* conn.sendall('.')
        conn.close()
      },
      *server({ conn, note }) {
        const received = yield* conn.readall(UNLIMITED)
        note(`${received.length} bytes, the last: ${String(received.subarray(-1))}`)
      },
    })

    expect(log.lines).toEqual([`server: ${100 * KIB + 1} bytes, the last: .`])
  })

  it('many-clients: each of many simultaneous clients gets its own complete answer', async () => {
    const count = 50
    const listening = new Latch()
    let port = 0

    const answers = await harness.play(function* () {
      const serving = yield* spawn(() =>
        server(harness.sample.address, 0, answer, {
          driver: harness.driver,
          onListening({ address }) {
            port = address.port
            listening.open()
          },
        }),
      )
      yield* listening.wait()
      const answers = yield* all(Array.from({ length: count }, (_, i) => ask(i)))
      yield* kill(serving)
      return answers
    })

    expect(answers).toEqual(Array.from({ length: count }, (_, i) => `${i} `.repeat(KIB)))

    function* ask(i: number): Coroutine<string> {
      using conn = yield* harness.connect(port)
      yield* conn.sendall(`${i}\n`)
      return String(yield* conn.readall())
    }

    function* answer(conn: Connection): Coroutine<void> {
      const question = String(yield* conn.readline()).trim()
      yield* conn.sendall(`${question} `.repeat(KIB))
    }
  })
}
