// Connections, listeners and bytes that a combination has received and cannot give to its task:
// nothing is left, nothing is lost.
import type { Connection } from '@bluelet/net'
import { all, type Coroutine, type Event, kill, race, sleep, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import type { ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

/** Longer than a connect to this machine takes, and shorter than the patience of a test. */
const SOON_MS = 100

class Expected extends Error {}

function* failing(ms: number): Coroutine<never> {
  yield* sleep(ms)
  throw new Expected()
}

/** Ways to lose the value of an event that has been done for some time. */
const waysToLose: readonly (readonly [string, (event: Event, ms: number) => Coroutine])[] = [
  ['a failed all', (event, ms) => outcome(all([event, failing(ms)]))],
  ['an all whose time is up', (event, ms) => outcome(timeout(ms, all([event, sleep(60_000)])))],
  ['an all that has lost a race', (event, ms) => outcome(race([all([event, sleep(60_000)]), sleep(ms)]))],
  ['a nested timeout', (event, ms) => outcome(all([timeout(60_000, event), failing(ms)]))],
  [
    'the all of a killed task',
    function* (event, ms) {
      const task = yield* spawn(outcome, all([event, sleep(60_000)]))
      yield* sleep(ms)
      yield* kill(task)
    },
  ],
]

/** Describes what becomes of the values of a combination that is not done. */
export function returnedValues(harness: ConformanceHarness): void {
  describe.each(waysToLose)('the value of %s', (_title, lose) => {
    it('is closed if it is a connection that was made', async () => {
      const received = await harness.play(function* () {
        using listener = yield* harness.listen()
        const accepting = yield* spawn(function* () {
          using conn = yield* listener.accept()
          return yield* outcome(conn.recv())
        })
        yield* lose(harness.connect(listener.address.port), SOON_MS)
        return yield* accepting
      })

      expect(received).toBe('end')
    })

    it('is closed if it is a connection that was accepted', async () => {
      const received = await harness.play(function* () {
        using listener = yield* harness.listen()
        const dialing = yield* spawn(function* () {
          using conn = yield* harness.connect(listener.address.port)
          return yield* outcome(conn.recv())
        })
        yield* lose(listener.accept(), SOON_MS)
        return yield* dialing
      })

      expect(received).toBe('end')
    })

    it('is closed if it is a listener: its port is free again', async () => {
      const port = await harness.play(function* () {
        const port = yield* harness.freePort()
        yield* lose(harness.listen(port), SOON_MS)
        using listener = yield* harness.listen(port)
        return listener.address.port - port
      })

      expect(port).toBe(0)
    })

    it.each<readonly [string, (conn: Connection) => Event<Buffer>]>([
      ['recv', (conn) => conn.recv(3)],
      ['readline', (conn) => conn.readline()],
      ['readexactly', (conn) => conn.readexactly(4)],
      ['peek', (conn) => conn.peek(2)],
    ])('is put back in front if it is bytes, of %s', async (_name, read) => {
      const text = await harness.between(function* (client, server) {
        yield* client.sendall('one\ntwo\n')
        client.shutdown()
        yield* lose(read(server), SOON_MS)
        return yield* server.readall()
      })

      expect(String(text)).toBe('one\ntwo\n')
    })
  })

  it('does not put bytes back if later ones have been read since', async () => {
    const text = await harness.between(function* (client, server) {
      yield* client.sendall('abcdef')
      client.shutdown()
      yield* outcome(
        all([
          server.readexactly(2),
          (function* () {
            yield* sleep(SOON_MS)
            yield* server.readexactly(2)
            yield* failing(1)
          })(),
        ]),
      )
      return yield* server.readall()
    })

    expect(String(text)).toBe('ef')
  })

  it('gives bytes that were put back to a task that waits for them', async () => {
    const text = await harness.between(function* (client, server) {
      yield* client.sendall('abc')
      const reading = yield* spawn(function* () {
        yield* sleep(SOON_MS / 2)
        return yield* server.readexactly(3)
      })
      yield* outcome(all([server.recv(), failing(SOON_MS)]))
      return yield* reading
    })

    expect(String(text)).toBe('abc')
  })
}
