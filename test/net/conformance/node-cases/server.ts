// Node's cases of servers: which connections they accept, how many, and what happens to the others.
import { type Connection, server } from '@bluelet/net'
import { join, kill, Latch, pause, Semaphore, spawn } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import type { ConformanceHarness } from '../harness.js'
import { outcome } from '../log.js'

export function serverCases(harness: ConformanceHarness): void {
  it('client-bind-twice: two simultaneous connections never have the same port', async () => {
    const log = await harness.meet({
      *client({ connect, note }) {
        using one = yield* connect()
        using other = yield* connect()
        note(`the same: ${`${one.localAddress}` === `${other.localAddress}`}`)
      },
      *server({ listener, note }) {
        using one = yield* listener.accept()
        using other = yield* listener.accept()
        note(`the same: ${`${one.remoteAddress}` === `${other.remoteAddress}`}`)
      },
    })

    expect(log.sides).toEqual({ client: ['the same: false'], server: ['the same: false'] })
  })

  it('server-close: a closed listener keeps its connections open, and wakes a waiting accept', async () => {
    const log = await harness.meet({
      *client({ connect, record }) {
        using conn = yield* connect()
        yield* record('received', conn.readexactly(10))
      },
      *server({ listener, note, record }) {
        using conn = yield* listener.accept()
        const acceptor = yield* spawn(outcome, listener.accept())
        yield pause()
        listener.close()
        note(`accept: ${yield* join(acceptor)}`)
        yield* record('accept', listener.accept())
        yield* record('sendall', conn.sendall('still here'))
      },
    })

    expect(log.lines).toEqual([
      'server: accept: ClosedError',
      'server: accept: ClosedError',
      'server: sendall: done',
      'client: received: still here',
    ])
  })

  it('server-max-connections: a server that drops connections above its limit serves those below', async () => {
    const most = 2

    const log = await harness.meet({
      *client({ connect, record }) {
        const conns: Connection[] = []
        for (let i = 0; i < 4; i++) conns.push(yield* connect())
        for (const [i, conn] of conns.entries()) yield* record(`client ${i}`, conn.readexactly(6))
        for (const conn of conns) conn.close()
      },
      *server({ listener }) {
        const served: Connection[] = []
        for (let i = 0; i < 4; i++) {
          const conn = yield* listener.accept()
          if (served.length === most) conn.abort()
          else served.push(conn)
        }
        for (const conn of served) {
          yield* conn.sendall('served')
          conn.close()
        }
      },
    })

    expect(log.lines).toEqual([
      'client: client 0: served',
      'client: client 1: served',
      'client: client 2: ConnectionResetError',
      'client: client 3: ConnectionResetError',
    ])
  })

  it('server-max-connections-close-makes-more-available: a waiting client is served when another has left', async () => {
    const log = await harness.meet({
      *client({ connect, note, record }) {
        using first = yield* connect()
        using second = yield* connect()
        yield* record('first', first.readexactly(6))
        const waiting = yield* spawn(() => record('second', second.readexactly(6)))
        yield* harness.quiet()
        note('first leaves')
        first.close()
        yield* join(waiting)
      },
      *server({ listener }) {
        const places = new Semaphore(1)
        for (let i = 0; i < 2; i++) {
          yield* places.acquire()
          const conn = yield* listener.accept()
          yield* spawn(function* () {
            yield* conn.sendall('served')
            yield* conn.readall()
            conn.close()
            places.release()
          })
        }
      },
    })

    expect(log.lines).toEqual(['client: first: served', 'client: first leaves', 'client: second: served'])
  })

  it('server-drop-connections: the server knows the address of a dropped connection', async () => {
    const dropped: string[] = []

    const log = await harness.meet({
      *client({ connect, note }) {
        for (let i = 0; i < 3; i++) {
          using conn = yield* connect()
          const address = `${conn.localAddress}`
          note(yield* outcome(conn.recv()))
          note(`it was this one: ${dropped.at(-1) === address}`)
        }
      },
      *server({ listener }) {
        for (let i = 0; i < 3; i++) {
          const conn = yield* listener.accept()
          dropped.push(`${conn.remoteAddress}`)
          conn.abort()
        }
      },
    })

    expect(log.sides.client).toEqual(
      new Array(3).fill(['ConnectionResetError', 'it was this one: true']).flat(),
    )
  })

  it('get-connections: as many handlers run as there are connections', async () => {
    const listening = new Latch()
    let port = 0
    let open = 0
    const counts: number[] = []

    await harness.play(function* () {
      const serving = yield* spawn(() =>
        server(harness.sample.address, 0, counted, {
          driver: harness.driver,
          onListening({ address }) {
            port = address.port
            listening.open()
          },
        }),
      )
      yield* listening.wait()
      const conns: Connection[] = []
      for (let i = 0; i < 3; i++) {
        const conn = yield* harness.connect(port)
        conns.push(conn)
        yield* conn.recv()
        counts.push(open)
      }
      for (const conn of conns) {
        conn.close()
        yield* conn.whenClosed()
        yield* harness.quiet()
        counts.push(open)
      }
      yield* kill(serving)
    })

    expect(counts).toEqual([1, 2, 3, 2, 1, 0])

    function* counted(conn: Connection) {
      open++
      try {
        yield* conn.sendall('welcome')
        yield* conn.readall()
      } finally {
        open--
      }
    }
  })

  it('server-pause-on-connect: bytes that arrive before the server reads are not lost', async () => {
    const sent = new Latch()

    const log = await harness.meet({
      *client({ connect }) {
        using conn = yield* connect()
        yield* conn.sendall('early ')
        sent.open()
        yield* harness.quiet()
        yield* conn.sendall('and late')
      },
      *server({ listener, record }) {
        using conn = yield* listener.accept()
        yield* sent.wait()
        yield* harness.quiet()
        yield* record('received', conn.readall())
      },
    })

    expect(log.lines).toEqual(['server: received: early and late'])
  })

  it('connect-paused-connection: a connection that is never read can be closed', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        yield* conn.sendall('this stays unread')
        conn.close()
        yield* record('closed', conn.whenClosed())
      },
      *server({ conn, record }) {
        yield* conn.sendall('nor that')
        conn.close()
        yield* record('closed', conn.whenClosed())
      },
    })

    expect(log.sides).toEqual({ client: ['closed: done'], server: ['closed: done'] })
  })

  it('pause-resume-connecting: reading at once or later gives the same', async () => {
    const log = await harness.meet({
      *client({ connect, record }) {
        using eager = yield* connect()
        yield* record('eager', eager.readall())
        using lazy = yield* connect()
        yield* harness.quiet()
        yield* record('lazy', lazy.readall())
      },
      *server({ listener }) {
        for (let i = 0; i < 2; i++) {
          using conn = yield* listener.accept()
          yield* conn.sendall('hello')
        }
      },
    })

    expect(log.lines).toEqual(['client: eager: hello', 'client: lazy: hello'])
  })

  it('reconnect: a client can connect again and again', async () => {
    const log = await harness.meet({
      *client({ connect, record }) {
        for (let i = 0; i < 10; i++) {
          using conn = yield* connect()
          yield* record('received', conn.readexactly(7))
          yield* record('recv', conn.recv())
        }
      },
      *server({ listener }) {
        for (let i = 0; i < 10; i++) {
          using conn = yield* listener.accept()
          yield* conn.sendall(`hello ${i}`)
        }
      },
    })

    expect(log.lines).toEqual(
      Array.from({ length: 10 }, (_, i) => [`client: received: hello ${i}`, 'client: recv: end']).flat(),
    )
  })

  it('reconnect-error: a client that is refused repeatedly gets an error each time', async () => {
    const log = await harness.meet({
      *client({ record }) {
        const port = yield* harness.freePort()
        for (let i = 0; i < 10; i++) yield* record('connect', harness.connect(port))
      },
      *server() {},
    })

    expect(log.lines).toEqual(new Array(10).fill('client: connect: ConnectError ECONNREFUSED'))
  })
}
