// Node's cases of closed connections: before and while they are made, twice, and their use after
// the close.

import { join, kill, Latch, pause, spawn, timeout } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { perform } from '../../world.js'
import type { ConformanceHarness } from '../harness.js'
import { outcome, refusal } from '../log.js'

export function closingCases(harness: ConformanceHarness): void {
  it('after-close: a closed connection can be inspected and closed again, and knows its peer', async () => {
    const log = await harness.talk({
      *client({ conn, note, record }) {
        const peer = `${conn.remoteAddress}`
        conn.close()
        yield* conn.whenClosed()

        note(`same peer: ${`${conn.remoteAddress}` === peer}`)
        note(`localAddress: ${refusal(() => conn.localAddress)}`)
        note(`close: ${refusal(() => conn.close())}`)
        note(`abort: ${refusal(() => conn.abort())}`)
        note(`shutdown: ${refusal(() => conn.shutdown())}`)
        yield* record('recv', conn.recv())
        yield* record('sendall', conn.sendall('x'))
        yield* record('closed', conn.whenClosed())
      },
      *server({ conn }) {
        yield* conn.readall()
        conn.close()
      },
    })

    expect(log.sides.client).toEqual([
      'same peer: true',
      'localAddress: done',
      'close: done',
      'abort: done',
      'shutdown: ClosedError',
      'recv: ClosedError',
      'sendall: ClosedError',
      'closed: done',
    ])
  })

  it('connect-immediate-finish: a connect to an unknown name that is killed at once reports nothing later', async () => {
    const log = await harness.meet({
      *client({ connect, note }) {
        const connecting = yield* spawn(perform, connect({ host: harness.sample.unknownName }))
        yield pause()
        yield* kill(connecting)
        note('killed')
        yield* harness.quiet()
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: killed'])
  })

  it('connect-immediate-destroy: connects that are killed after any number of steps do not affect the server', async () => {
    const log = await harness.meet({
      *client({ connect, record }) {
        for (let steps = 0; steps < 20; steps++) {
          const connecting = yield* spawn(perform, connect())
          for (let i = 0; i < steps; i++) yield pause()
          yield* kill(connecting)
          // A connection that the task received before the kill is closed by that task.
          if (connecting.outcome?.kind === 'returned') connecting.outcome.value.abort()
        }
        using conn = yield* connect()
        yield* conn.sendall('hello\n')
        yield* record('received', conn.readall())
      },
      *server({ listener, record }) {
        for (let greeting = ''; greeting !== 'hello\n'; ) {
          using conn = yield* listener.accept()
          greeting = yield* outcome(conn.readline())
          if (greeting === 'hello\n') yield* record('sendall', conn.sendall('at your service'))
        }
      },
    })

    expect(log.lines).toEqual(['server: sendall: done', 'client: received: at your service'])
  })

  it('connect-destroy: a killed connect ends its attempt, and its joiner gets a KilledError', async () => {
    const begun = new Latch()

    const log = await harness.meet({
      *client({ connect, note, record }) {
        const driver = harness.silentDriver({
          attempt() {
            note('attempt')
            begun.open()
          },
          close: () => note('attempt closed'),
        })
        const connecting = yield* spawn(perform, connect({ driver }))
        yield* begun.wait()
        yield* kill(connecting)
        yield* record('connect', join(connecting))
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: attempt', 'client: attempt closed', 'client: connect: KilledError'])
  })

  it('connect-after-destroy: an answer to a look-up after the kill has no effect', async () => {
    const asked = new Latch()
    let answer = () => {}

    const log = await harness.meet({
      *client({ connect, note }) {
        const driver = harness.driverWith({
          lookup(_host, done) {
            answer = () => done(null, [harness.sample.address])
            asked.open()
          },
          connect(target) {
            note('attempt')
            return harness.driver.connect(target)
          },
        })
        const connecting = yield* spawn(perform, connect({ driver }))
        yield* asked.wait()
        yield* kill(connecting)
        answer()
        note('answered')
        yield* harness.quiet()
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: answered'])
  })

  it('during-close: a closing connection still knows both addresses', async () => {
    const looked = new Latch()

    const log = await harness.talk({
      *client({ conn, note }) {
        const addresses = `${conn.localAddress} ${conn.remoteAddress}`
        conn.close()
        note(`the same: ${`${conn.localAddress} ${conn.remoteAddress}` === addresses}`)
        looked.open()
      },
      *server({ conn, record }) {
        yield* looked.wait()
        yield* record('recv', conn.recv())
      },
    })

    expect(log.lines).toEqual(['client: the same: true', 'server: recv: end'])
  })

  it('socket-write-after-close: a send on a closed connection is refused, whatever the peer does', async () => {
    const log = await harness.talk({
      *client({ conn }) {
        yield* conn.sendall('still sending')
        conn.shutdown()
        yield* conn.recv()
      },
      *server({ conn, record }) {
        yield* conn.peek()
        conn.close()
        yield* record('sendall', conn.sendall('x'))
        yield* record('sendall of nothing', conn.sendall(''))
      },
    })

    expect(log.sides.server).toEqual(['sendall: ClosedError', 'sendall of nothing: ClosedError'])
  })

  it('write-cb-on-destroy-before-connect: a task that is killed while connecting sends nothing, and cleans up', async () => {
    const begun = new Latch()

    const log = await harness.meet({
      *client({ connect, note }) {
        const sending = yield* spawn(function* () {
          try {
            const conn = yield* connect({ driver: harness.silentDriver({ attempt: () => begun.open() }) })
            yield* conn.sendall('never')
            note('sent')
          } finally {
            note('cleaned up')
          }
        })
        yield* begun.wait()
        yield* kill(sending)
        note('killed')
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: cleaned up', 'client: killed'])
  })

  it('socket-destroy-twice: a connection that is aborted twice is closed once', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        const waiting = yield* spawn(() => record('closed', conn.whenClosed()))
        yield pause()
        conn.abort()
        conn.abort()
        yield* join(waiting)
      },
      *server({ conn, record }) {
        yield* record('recv', conn.recv())
      },
    })

    expect(log.sides).toEqual({ client: ['closed: done'], server: ['recv: ConnectionResetError'] })
  })

  it('socket-destroy-send: a send after two closes is refused, and sends nothing', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        conn.close()
        conn.close()
        yield* record('send', conn.send('kaboom'))
        yield* record('sendall', conn.sendall('kaboom'))
      },
      *server({ conn, record }) {
        yield* record('received', conn.readall())
      },
    })

    expect(log.sides).toEqual({
      client: ['send: ClosedError', 'sendall: ClosedError'],
      server: ['received: end'],
    })
  })

  it('timeout-no-handle: a timeout can end a connect before it has a socket', async () => {
    const log = await harness.meet({
      *client({ connect, note, record }) {
        const driver = harness.driverWith({
          lookup: () => note('look-up'),
          connect(target) {
            note('attempt')
            return harness.driver.connect(target)
          },
        })
        yield* record('connect', timeout(10, connect({ driver })))
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: look-up', 'client: connect: TimeoutError'])
  })
}
