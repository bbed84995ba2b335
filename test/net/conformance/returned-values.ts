// Connections, listeners and bytes that a combination has received and cannot give to its task:
// nothing is left, nothing is lost.
import type { Connection } from '@bluelet/net'
import { all, type Coroutine, type Event, kill, race, sleep, spawn, timeout } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import type { ConformanceHarness } from './harness.js'
import { outcome } from './log.js'

/** Longer than a connect to this machine takes, and shorter than the patience of a test. */
let soonMs = 250

class Expected extends Error {}

function* failing(ms: number): Coroutine<never> {
  yield* sleep(ms)
  throw new Expected()
}

type Lose = (event: Event) => Coroutine

/** Ways to lose the value of an event that has been done for some time. */
const WAYS_TO_LOSE: Readonly<Record<string, Lose>> = {
  'a failed all': (event) => outcome(all([event, failing(soonMs)])),
  'an all whose time is up': (event) => outcome(timeout(soonMs, all([event, sleep(60_000)]))),
  'an all that has lost a race': (event) => outcome(race([all([event, sleep(60_000)]), sleep(soonMs)])),
  'a nested timeout': (event) => outcome(all([timeout(60_000, event), failing(soonMs)])),
  *'the all of a killed task'(event) {
    const task = yield* spawn(outcome, all([event, sleep(60_000)]))
    yield* sleep(soonMs)
    yield* kill(task)
  },
}

/** Does the same for each way to lose a value, all at once, since each waits for real time. */
function* eachWay<T>(coroutine: (lose: Lose) => Coroutine<T>): Coroutine<Record<string, T>> {
  const values = yield* all(Object.values(WAYS_TO_LOSE).map((lose) => coroutine(lose)))
  return Object.fromEntries(Object.keys(WAYS_TO_LOSE).map((way, i) => [way, values[i]!]))
}

/** What is expected of each way. */
function forEachWay<T>(value: T): Record<string, T> {
  return Object.fromEntries(Object.keys(WAYS_TO_LOSE).map((way) => [way, value]))
}

/** Describes what becomes of the values of a combination that is not done. */
export function returnedValues(harness: ConformanceHarness): void {
  soonMs = Math.max(soonMs, 20 * harness.sample.quietMs)

  describe('the value of a combination that fails, whose time is up, that loses a race or is killed', () => {
    it('is closed if it is a connection that was made', async () => {
      const received = await harness.play(() =>
        eachWay(function* (lose) {
          using listener = yield* harness.listen()
          const accepting = yield* spawn(function* () {
            using conn = yield* listener.accept()
            return yield* outcome(conn.recv())
          })
          yield* lose(harness.connect(listener.address.port))
          return yield* accepting
        }),
      )

      expect(received).toEqual(forEachWay('end'))
    })

    it('is closed if it is a connection that was accepted', async () => {
      const received = await harness.play(() =>
        eachWay(function* (lose) {
          using listener = yield* harness.listen()
          const dialing = yield* spawn(function* () {
            using conn = yield* harness.connect(listener.address.port)
            return yield* outcome(conn.recv())
          })
          yield* lose(listener.accept())
          return yield* dialing
        }),
      )

      expect(received).toEqual(forEachWay('end'))
    })

    it('is closed if it is a listener: its port is free again', async () => {
      const again = await harness.play(function* () {
        // All are open at the same time, so that no two have the same port.
        const listeners = yield* all(Object.keys(WAYS_TO_LOSE).map(() => harness.listen()))
        const ports = listeners.map(({ address }) => address.port)
        for (const listener of listeners) listener.close()
        return yield* eachWay(function* (lose) {
          const port = ports.pop()!
          yield* lose(harness.listen(port))
          using listener = yield* harness.listen(port)
          return listener.address.port === port
        })
      })

      expect(again).toEqual(forEachWay(true))
    })

    it.each<readonly [string, (conn: Connection) => Event]>([
      ['recv', (conn) => conn.recv(3)],
      ['readline', (conn) => conn.readline()],
      ['readline as text', (conn) => conn.readline('\n', { encoding: 'utf8' })],
      ['readexactly', (conn) => conn.readexactly(4)],
      ['recvInto', (conn) => conn.recvInto(Buffer.alloc(5))],
      ['peek', (conn) => conn.peek(2)],
    ])('is put back in front if it is bytes, of %s', async (_name, read) => {
      const texts = await harness.play(() =>
        eachWay(function* (lose) {
          using listener = yield* harness.listen()
          const [client, server] = yield* all([harness.connect(listener.address.port), listener.accept()])
          using _client = client
          using _server = server
          yield* client.sendall('one\ntwo\n')
          client.shutdown()
          yield* lose(read(server))
          return String(yield* server.readall())
        }),
      )

      expect(texts).toEqual(forEachWay('one\ntwo\n'))
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
            yield* sleep(soonMs)
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
        yield* sleep(soonMs / 2)
        return yield* server.readexactly(3)
      })
      yield* outcome(all([server.recv(), failing(soonMs)]))
      return yield* reading
    })

    expect(String(text)).toBe('abc')
  })
}
