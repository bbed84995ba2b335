// Node's cases of connections that break, or are never made: who is told, of what, and how often.
import { ConnectError } from '@bluelet/net'
import { type DriverSocket, FAILED } from '@bluelet/net/driver'
import { all, join, kill, Latch, pause, spawn } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { errorOf } from '../../world.js'
import { type Bench, silentSocket } from '../bench.js'
import { nameOf, outcome, refusal } from '../log.js'

const REFUSED = 20

export function errorCases(bench: Bench): void {
  it('error-twice: a reset is told once to who reads and once to who writes, and is the cause of what comes later', async () => {
    const log = await bench.talk({
      *client({ conn }) {
        conn.abort()
      },
      *server({ conn, note }) {
        for (const operation of [() => conn.recv(), () => conn.sendall('x')]) {
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

  it('stream: a peer that dies in the middle of a large transfer is an error for the sender, never success', async () => {
    const log = await bench.talk({
      *client({ conn, note }) {
        yield* conn.readexactly(10_000)
        note('dies')
        conn.abort()
      },
      *server({ conn, tell }) {
        yield* tell('sendall', conn.sendall(bench.plenty))
      },
    })

    expect(log.lines).toEqual(['client: dies', 'server: sendall: ConnectionResetError'])
  })

  it('child-process-connect-reset: a peer that is killed is an error for who reads, never the end', async () => {
    const reading = new Latch()

    const log = await bench.talk({
      *client({ conn, note }) {
        yield* reading.wait()
        note('is killed')
        conn.abort()
      },
      *server({ conn, tell }) {
        const reader = yield* spawn(() => tell('recv', conn.recv()))
        yield pause()
        reading.open()
        yield* join(reader)
        yield* tell('recv', conn.recv())
      },
    })

    expect(log.lines).toEqual([
      'client: is killed',
      'server: recv: ConnectionResetError',
      'server: recv: ClosedError',
    ])
  })

  it('connect-reset: what is given up before it is connected is closed at once, not lingered over', async () => {
    const begun = new Latch()

    const log = await bench.meet({
      *client({ connect, note }) {
        const driver = bench.silentDriver({
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

  it('connect-reset-after-destroy: an abort after close takes nothing back of what was sent', async () => {
    const log = await bench.talk({
      *client({ conn, tell }) {
        yield* tell('sendall', conn.sendall('all of it'))
        conn.close()
        conn.abort()
      },
      *server({ conn, tell }) {
        yield* tell('recv', conn.readexactly(9))
        yield* tell('recv', conn.recv())
      },
    })

    expect(log.lines).toEqual(['client: sendall: done', 'server: recv: all of it', 'server: recv: end'])
  })

  it('connect-reset-before-connected: of a connect that is killed the server gets no bytes', async () => {
    const begun = new Latch()

    const log = await bench.meet({
      *client({ connect, note }) {
        const driver = bench.driverWith({
          connect(address, port) {
            begun.open()
            return bench.driver.connect(address, port)
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
        yield* bench.quiet()
        listener.close()
        // Whether the network has told it of the attempt, and how that ended, is not determined.
        const told = ['end', 'ConnectionResetError', 'ClosedError'].includes(yield* outcome(acceptor))
        note(`no bytes: ${told}`)
      },
    })

    expect(log.lines).toEqual(['client: killed', 'server: no bytes: true'])
  })

  it('connect-reset-until-connected: an abort as soon as it is connected is a reset for the server', async () => {
    const log = await bench.meet({
      *client({ connect }) {
        const conn = yield* connect()
        conn.abort()
        yield* conn.whenClosed()
      },
      *server({ listener, tell }) {
        using conn = yield* listener.accept()
        yield* tell('recv', conn.recv())
      },
    })

    expect(log.lines).toEqual(['server: recv: ConnectionResetError'])
  })

  it('server-reset: an abort as soon as it is accepted is a reset for the client', async () => {
    const log = await bench.meet({
      *client({ connect, tell }) {
        using conn = yield* connect()
        yield* tell('recv', conn.recv())
      },
      *server({ listener }) {
        const conn = yield* listener.accept()
        conn.abort()
      },
    })

    expect(log.lines).toEqual(['client: recv: ConnectionResetError'])
  })

  it('socket-reset-send: after an abort nothing can be sent, and what the peer gets is a reset', async () => {
    const log = await bench.talk({
      *client({ conn, tell }) {
        conn.abort()
        yield* tell('send', conn.send('kaboom'))
        yield* tell('sendall', conn.sendall('kaboom'))
      },
      *server({ conn, tell }) {
        yield* tell('received', conn.readall())
      },
    })

    expect(log.sides).toEqual({
      client: ['send: ClosedError', 'sendall: ClosedError'],
      server: ['received: ConnectionResetError'],
    })
  })

  it('socket-reset-twice: two aborts, and one of the peer’s own, reset the connection once', async () => {
    const log = await bench.talk({
      *client({ conn, note, tell }) {
        conn.abort()
        conn.abort()
        yield* tell('closed', conn.whenClosed())
        conn.abort()
        note('aborted again')
      },
      *server({ conn, tell }) {
        yield* tell('recv', conn.recv())
        conn.abort()
        yield* tell('closed', conn.whenClosed())
        yield* tell('recv', conn.recv())
      },
    })

    expect(log.sides).toEqual({
      client: ['closed: done', 'aborted again'],
      server: ['recv: ConnectionResetError', 'closed: done', 'recv: ClosedError'],
    })
  })

  it('connect-econnrefused: every one of many refused connects gets an error of its own', async () => {
    const errors = await bench.play(function* () {
      const port = yield* bench.freePort()
      const clients = Array.from({ length: REFUSED }, () => errorOf(bench.connect(port)))
      return yield* all(clients)
    })

    expect(errors.map(nameOf)).toEqual(new Array(REFUSED).fill('ConnectError ECONNREFUSED'))
    expect(new Set(errors).size).toBe(REFUSED)
  })

  it('connect-local-error: an attempt for which this machine has no address is an error that says so', async () => {
    const log = await bench.meet({
      *client({ connect, tell }) {
        const reason = Object.assign(new Error('no such address'), { code: 'EADDRNOTAVAIL' })
        yield* tell(
          'connect',
          connect({ driver: bench.driverWith({ connect: () => failingSocket(reason) }) }),
        )
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: connect: ConnectError EADDRNOTAVAIL'])
  })

  it('localerror: what can be no port and no host is refused at the call', async () => {
    const log = await bench.meet({
      *client({ connect, note }) {
        for (const port of [-1, 0, 65_536, 1.5, '80'])
          note(`port ${port}: ${refusal(() => bench.connect(port as number))}`)
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

  it('dns-error: the error for a name that has no address names it', async () => {
    const { unknownName } = bench.sample

    const error = await bench.play(() => errorOf(bench.connect(80, { host: unknownName })))

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain(unknownName)
  })

  it('socket-write-error: data that cannot be sent is refused at the call, and the connection is unharmed', async () => {
    const log = await bench.talk({
      *client({ conn, note, tell }) {
        note(`sendall: ${refusal(() => conn.sendall(1337 as unknown as string))}`)
        yield* tell('sendall', conn.sendall('as before'))
        conn.shutdown()
      },
      *server({ conn, tell }) {
        yield* tell('received', conn.readall())
      },
    })

    expect(log.lines).toEqual([
      'client: sendall: TypeError',
      'client: sendall: done',
      'server: received: as before',
    ])
  })
}

/** A socket whose connection fails, as soon as somebody observes it. */
function failingSocket(reason: Error): DriverSocket {
  const socket = silentSocket(() => {})
  socket.read = () => {
    throw reason
  }
  queueMicrotask(() => socket.observer?.ready(FAILED))
  return socket
}
