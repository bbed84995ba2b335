// Node's cases of broken and failed connections: which operations throw, which error, and how
// often.
import { ConnectError } from '@bluelet/net'
import { type DriverSocket, FAILED } from '@bluelet/net/driver'
import { all, join, kill, Latch, pause, spawn } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { errorOf, silentSocket } from '../../world.js'
import type { ConformanceHarness } from '../harness.js'
import { nameOf, outcome, refusal } from '../log.js'

const REFUSED = 20

export function errorCases(harness: ConformanceHarness): void {
  it('error-twice: a reset is thrown once at a read and once at a write, and is the cause of later errors', async () => {
    const log = await harness.talk({
      *client({ conn }) {
        conn.abort()
      },
      *server({ conn, note }) {
        for (const operation of [() => conn.recv(), () => conn.send('x')]) {
          const first = yield* errorOf(operation())
          const second = yield* errorOf(operation())
          note(`${nameOf(first)}, then ${nameOf(second)}`)
          note(`because of the first: ${second.cause === first}`)
        }
      },
    })

    expect(log.sides.server).toEqual([
      'ConnectionResetError, then ClosedError',
      'because of the first: true',
      'ConnectionResetError, then ClosedError',
      'because of the first: true',
    ])
  })

  it('stream: a sender to a peer that dies during a large transfer gets an error, never success', async () => {
    const log = await harness.talk({
      *client({ conn, note }) {
        yield* conn.readexactly(10_000)
        note('dies')
        conn.abort()
      },
      *server({ conn, record }) {
        yield* record('sendall', conn.sendall(harness.plenty))
      },
    })

    expect(log.lines).toEqual(['client: dies', 'server: sendall: ConnectionResetError'])
  })

  it('child-process-connect-reset: a reader gets an error from a killed peer, never the end', async () => {
    const reading = new Latch()

    const log = await harness.talk({
      *client({ conn, note }) {
        yield* reading.wait()
        note('is killed')
        conn.abort()
      },
      *server({ conn, record }) {
        const reader = yield* spawn(() => record('recv', conn.recv()))
        yield pause()
        reading.open()
        yield* join(reader)
        yield* record('recv', conn.recv())
      },
    })

    expect(log.lines).toEqual([
      'client: is killed',
      'server: recv: ConnectionResetError',
      'server: recv: ClosedError',
    ])
  })

  it('connect-reset: an attempt that is abandoned before it is connected is closed at once, without a linger', async () => {
    const begun = new Latch()

    const log = await harness.meet({
      *client({ connect, note }) {
        const driver = harness.silentDriver({
          attempt: () => begun.open(),
          close: (linger) => note(`close: linger ${linger}`),
        })
        const connecting = yield* spawn(outcome, connect({ driver }))
        yield* begun.wait()
        yield* kill(connecting)
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: close: linger false'])
  })

  it('connect-reset-after-destroy: an abort after close does not withdraw sent bytes', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        yield* record('sendall', conn.sendall('all of it'))
        conn.close()
        conn.abort()
      },
      *server({ conn, record }) {
        yield* record('recv', conn.readexactly(9))
        yield* record('recv', conn.recv())
      },
    })

    expect(log.sides).toEqual({ client: ['sendall: done'], server: ['recv: all of it', 'recv: end'] })
  })

  it('connect-reset-before-connected: the server gets no bytes from a killed connect', async () => {
    const begun = new Latch()

    const log = await harness.meet({
      *client({ connect, note }) {
        const driver = harness.driverWith({
          connect(target) {
            begun.open()
            return harness.driver.connect(target)
          },
        })
        const connecting = yield* spawn(function* () {
          const conn = yield* connect({ driver })
          note('connected')
          conn.abort()
        })
        yield* begun.wait()
        yield* kill(connecting)
        note('killed')
      },
      *server({ listener, note }) {
        const acceptor = yield* spawn(function* () {
          using conn = yield* listener.accept()
          return yield* outcome(conn.recv())
        })
        yield* harness.quiet()
        listener.close()
        // The server may or may not have been told of the attempt and of its end.
        const told = ['end', 'ConnectionResetError', 'ClosedError'].includes(yield* outcome(acceptor))
        note(`no bytes: ${told}`)
      },
    })

    expect(log.sides).toEqual({ client: ['killed'], server: ['no bytes: true'] })
  })

  it('connect-reset-until-connected: an abort right after the connect is a reset for the server', async () => {
    const log = await harness.meet({
      *client({ connect }) {
        const conn = yield* connect()
        conn.abort()
        yield* conn.whenClosed()
      },
      *server({ listener, record }) {
        using conn = yield* listener.accept()
        yield* record('recv', conn.recv())
      },
    })

    expect(log.lines).toEqual(['server: recv: ConnectionResetError'])
  })

  it('server-reset: an abort right after the accept is a reset for the client', async () => {
    const log = await harness.meet({
      *client({ connect, record }) {
        using conn = yield* connect()
        yield* record('recv', conn.recv())
      },
      *server({ listener }) {
        const conn = yield* listener.accept()
        conn.abort()
      },
    })

    expect(log.lines).toEqual(['client: recv: ConnectionResetError'])
  })

  it('socket-reset-send: a send after an abort is refused, and the peer gets a reset', async () => {
    const log = await harness.talk({
      *client({ conn, record }) {
        conn.abort()
        yield* record('send', conn.send('kaboom'))
        yield* record('sendall', conn.sendall('kaboom'))
      },
      *server({ conn, record }) {
        yield* record('received', conn.readall())
      },
    })

    expect(log.sides).toEqual({
      client: ['send: ClosedError', 'sendall: ClosedError'],
      server: ['received: ConnectionResetError'],
    })
  })

  it('socket-reset-twice: two aborts, and one by the peer, reset the connection once', async () => {
    const log = await harness.talk({
      *client({ conn, note, record }) {
        conn.abort()
        conn.abort()
        yield* record('closed', conn.whenClosed())
        conn.abort()
        note('aborted again')
      },
      *server({ conn, record }) {
        yield* record('recv', conn.recv())
        conn.abort()
        yield* record('closed', conn.whenClosed())
        yield* record('recv', conn.recv())
      },
    })

    expect(log.sides).toEqual({
      client: ['closed: done', 'aborted again'],
      server: ['recv: ConnectionResetError', 'closed: done', 'recv: ClosedError'],
    })
  })

  it('connect-econnrefused: each of many refused connects gets its own error', async () => {
    const errors = await harness.play(function* () {
      const port = yield* harness.freePort()
      const clients = Array.from({ length: REFUSED }, () => errorOf(harness.connect(port)))
      return yield* all(clients)
    })

    expect(errors.map(nameOf)).toEqual(new Array(REFUSED).fill('ConnectError ECONNREFUSED'))
    expect(new Set(errors).size).toBe(REFUSED)
  })

  it('connect-local-error: an attempt without a local address is an error that says so', async () => {
    const log = await harness.meet({
      *client({ connect, record }) {
        const reason = Object.assign(new Error('no such address'), { code: 'EADDRNOTAVAIL' })
        yield* record(
          'connect',
          connect({ driver: harness.driverWith({ connect: () => failingSocket(reason) }) }),
        )
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: connect: ConnectError EADDRNOTAVAIL'])
  })

  it('localerror: an invalid port or host is refused at the call', async () => {
    const log = await harness.meet({
      *client({ connect, note }) {
        for (const port of [-1, 0, 65_536, 1.5, '80'])
          note(`port ${port}: ${refusal(() => harness.connect(port as number))}`)
        for (const host of ['', 3, null])
          note(`host ${host}: ${refusal(() => connect({ host: host as string }))}`)
      },
      *server() {},
    })

    expect(log.sides.client).toEqual([
      'port -1: RangeError',
      'port 0: RangeError',
      'port 65536: RangeError',
      'port 1.5: RangeError',
      'port 80: RangeError',
      'host : TypeError',
      'host 3: TypeError',
      'host null: TypeError',
    ])
  })

  it('dns-error: the error for a name without addresses contains the name', async () => {
    const { unknownName } = harness.sample

    const error = await harness.play(() => errorOf(harness.connect(80, { host: unknownName })))

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain(unknownName)
  })

  it('socket-write-error: invalid data is refused at the call, and the connection is not affected', async () => {
    const log = await harness.talk({
      *client({ conn, note, record }) {
        note(`sendall: ${refusal(() => conn.sendall(1337 as unknown as string))}`)
        yield* record('sendall', conn.sendall('as before'))
        conn.shutdown()
      },
      *server({ conn, record }) {
        yield* record('received', conn.readall())
      },
    })

    expect(log.lines).toEqual([
      'client: sendall: TypeError',
      'client: sendall: done',
      'server: received: as before',
    ])
  })
}

/** A socket whose connection fails as soon as it has an observer. */
function failingSocket(reason: Error): DriverSocket {
  const socket = silentSocket(() => {})
  socket.read = () => {
    throw reason
  }
  queueMicrotask(() => socket.observer?.ready(FAILED))
  return socket
}
