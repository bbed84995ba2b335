// Node's cases of connections that are closed: before they are made, while they are made, twice, and what is asked of them after it.

import { join, kill, Latch, pause, spawn, timeout } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { perform } from '../../world.js'
import type { Bench } from '../bench.js'
import { outcome, refusal } from '../log.js'

export function closingCases(bench: Bench): void {
  it('after-close: a closed connection can still be asked and closed, and says who the peer was', async () => {
    const log = await bench.talk({
      *client({ conn, note, tell }) {
        const peer = `${conn.remoteAddress}`
        conn.close()
        yield* conn.whenClosed()

        note(`same peer: ${`${conn.remoteAddress}` === peer}`)
        note(`localAddress: ${refusal(() => conn.localAddress)}`)
        note(`close: ${refusal(() => conn.close())}`)
        note(`abort: ${refusal(() => conn.abort())}`)
        note(`shutdown: ${refusal(() => conn.shutdown())}`)
        yield* tell('recv', conn.recv())
        yield* tell('sendall', conn.sendall('x'))
        yield* tell('closed', conn.whenClosed())
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

  it('connect-immediate-finish: a connect to an unknown name that is given up at once says nothing later', async () => {
    const log = await bench.meet({
      *client({ connect, note }) {
        const connecting = yield* spawn(perform, connect({ host: bench.sample.unknownName }))
        yield pause()
        yield* kill(connecting)
        note('killed')
        yield* bench.quiet()
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: killed'])
  })

  it('connect-immediate-destroy: connects that are killed after any number of steps leave the server in service', async () => {
    const log = await bench.meet({
      *client({ connect, tell }) {
        for (let steps = 0; steps < 20; steps++) {
          const connecting = yield* spawn(perform, connect())
          for (let i = 0; i < steps; i++) yield pause()
          yield* kill(connecting)
          // What was given to the task before the kill is its own to close.
          if (connecting.outcome?.kind === 'returned') connecting.outcome.value.abort()
        }
        using conn = yield* connect()
        yield* conn.sendall('hello\n')
        yield* tell('received', conn.readall())
      },
      *server({ listener, tell }) {
        for (let greeting = ''; greeting !== 'hello\n'; ) {
          using conn = yield* listener.accept()
          greeting = yield* outcome(conn.readline())
          if (greeting === 'hello\n') yield* tell('sendall', conn.sendall('at your service'))
        }
      },
    })

    expect(log.lines).toEqual(['server: sendall: done', 'client: received: at your service'])
  })

  it('connect-destroy: a killed connect ends its attempt, and whoever joins it learns of the kill', async () => {
    const begun = new Latch()

    const log = await bench.meet({
      *client({ connect, note, tell }) {
        const driver = bench.silentDriver({
          attempt() {
            note('attempt')
            begun.open()
          },
          close: () => note('attempt closed'),
        })
        const connecting = yield* spawn(perform, connect({ driver }))
        yield* begun.wait()
        yield* kill(connecting)
        yield* tell('connect', join(connecting))
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: attempt', 'client: attempt closed', 'client: connect: KilledError'])
  })

  it('connect-after-destroy: a look-up that answers after the kill connects nothing', async () => {
    const asked = new Latch()
    let answer = () => {}

    const log = await bench.meet({
      *client({ connect, note }) {
        const driver = bench.driverWith({
          lookup(_host, done) {
            answer = () => done(null, [bench.sample.address])
            asked.open()
          },
          connect(address, port) {
            note('attempt')
            return bench.driver.connect(address, port)
          },
        })
        const connecting = yield* spawn(perform, connect({ driver }))
        yield* asked.wait()
        yield* kill(connecting)
        answer()
        note('answered')
        yield* bench.quiet()
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: answered'])
  })

  it('during-close: a connection that is being closed still knows both addresses', async () => {
    const looked = new Latch()

    const log = await bench.talk({
      *client({ conn, note }) {
        const addresses = `${conn.localAddress} ${conn.remoteAddress}`
        conn.close()
        note(`the same: ${`${conn.localAddress} ${conn.remoteAddress}` === addresses}`)
        looked.open()
      },
      *server({ conn, tell }) {
        yield* looked.wait()
        yield* tell('recv', conn.recv())
      },
    })

    expect(log.lines).toEqual(['client: the same: true', 'server: recv: end'])
  })

  it('socket-write-after-close: a send on a connection that we have closed is refused, whatever the peer does', async () => {
    const log = await bench.talk({
      *client({ conn }) {
        yield* conn.sendall('still sending')
        conn.shutdown()
        yield* conn.recv()
      },
      *server({ conn, tell }) {
        yield* conn.peek()
        conn.close()
        yield* tell('sendall', conn.sendall('x'))
        yield* tell('sendall of nothing', conn.sendall(''))
      },
    })

    expect(log.sides.server).toEqual(['sendall: ClosedError', 'sendall of nothing: ClosedError'])
  })

  it('write-cb-on-destroy-before-connect: a task that is killed while it connects sends nothing, and cleans up', async () => {
    const begun = new Latch()

    const log = await bench.meet({
      *client({ connect, note }) {
        const sending = yield* spawn(function* () {
          try {
            const conn = yield* connect({ driver: bench.silentDriver({ attempt: () => begun.open() }) })
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
    const log = await bench.talk({
      *client({ conn, tell }) {
        const waiting = yield* spawn(() => tell('closed', conn.whenClosed()))
        yield pause()
        conn.abort()
        conn.abort()
        yield* join(waiting)
      },
      *server({ conn, tell }) {
        yield* tell('recv', conn.recv())
      },
    })

    expect(log.sides).toEqual({ client: ['closed: done'], server: ['recv: ConnectionResetError'] })
  })

  it('socket-destroy-send: a send after two closes is refused, and the peer gets nothing of it', async () => {
    const log = await bench.talk({
      *client({ conn, tell }) {
        conn.close()
        conn.close()
        yield* tell('send', conn.send('kaboom'))
        yield* tell('sendall', conn.sendall('kaboom'))
      },
      *server({ conn, tell }) {
        yield* tell('received', conn.readall())
      },
    })

    expect(log.sides).toEqual({
      client: ['send: ClosedError', 'sendall: ClosedError'],
      server: ['received: end'],
    })
  })

  it('timeout-no-handle: a timeout can end what has no socket yet', async () => {
    const log = await bench.meet({
      *client({ connect, note, tell }) {
        const driver = bench.driverWith({
          lookup: () => note('look-up'),
          connect(address, port) {
            note('attempt')
            return bench.driver.connect(address, port)
          },
        })
        yield* tell('connect', timeout(10, connect({ driver })))
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: look-up', 'client: connect: TimeoutError'])
  })
}
