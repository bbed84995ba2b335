// Node's cases of listening: on what, when, and what the address of a listener is.
import { ListenError, type Listener, listen, server } from '@bluelet/net'
import { kill, Latch, pause, spawn } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { errorOf } from '../../world.js'
import type { Bench } from '../bench.js'
import { nameOf, outcome, refusal } from '../log.js'

export function listeningCases(bench: Bench): void {
  const { address } = bench.sample

  it('listen-close-server: a listen that is killed under way gives no listener, and the port is free', async () => {
    const log = await bench.meet({
      *client({ note, tell }) {
        const port = yield* bench.freePort()
        const opening = yield* spawn(outcome, bench.listen(port))
        yield pause()
        yield* kill(opening)
        note(`${opening.outcome?.kind}`)
        yield* tell('connect', bench.connect(port))
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: killed', 'client: connect: ConnectError ECONNREFUSED'])
  })

  it('listening: a port can be connected to while its listener is open, not before and not after', async () => {
    const opened = new Latch()
    const tried = new Latch()
    const closed = new Latch()

    const log = await bench.meet({
      *client({ connect, listener, tell }) {
        const free = yield* bench.freePort()
        yield* tell('before', bench.connect(free))
        opened.open()
        const conn = yield* connect()
        yield* tell('during', conn.readexactly(7))
        conn.close()
        tried.open()
        yield* closed.wait()
        yield* tell('after', bench.connect(listener.address.port))
      },
      *server({ listener }) {
        yield* opened.wait()
        using conn = yield* listener.accept()
        yield* conn.sendall('welcome')
        yield* tried.wait()
        listener.close()
        closed.open()
      },
    })

    expect(log.lines).toEqual([
      'client: before: ConnectError ECONNREFUSED',
      'client: during: welcome',
      'client: after: ConnectError ECONNREFUSED',
    ])
  })

  it('listen-error: an address of another machine cannot be listened on', async () => {
    const { driver, foreignAddress } = bench.sample

    const error = await bench.play(() => errorOf(listen(foreignAddress, 0, { driver })))

    expect(nameOf(error)).toBe('ListenError EADDRNOTAVAIL')
    expect(error.message).toContain(foreignAddress)
  })

  it('listen-invalid-port: what can be no port is refused at the call', () => {
    const refusals = [-1, 65_536, 1.5, Number.NaN, '80', null].map((port) =>
      refusal(() => bench.listen(port as number)),
    )

    expect(refusals).toEqual(new Array(6).fill('RangeError'))
  })

  it('listen-twice: one event that is yielded twice opens two listeners, each with its own port', async () => {
    const ports = await bench.play(function* () {
      const opening = bench.listen()
      using one = yield* opening
      using other = yield* opening
      return [one.address.port, other.address.port]
    })

    expect(new Set(ports).size).toBe(2)
  })

  it('bind-twice: a second listener on a port is refused, and the first stays in service', async () => {
    const log = await bench.meet({
      *client({ connect, listener, tell }) {
        yield* tell('listen', bench.listen(listener.address.port))
        using conn = yield* connect()
        yield* tell('received', conn.readexactly(10))
      },
      *server({ listener }) {
        using conn = yield* listener.accept()
        yield* conn.sendall('in service')
      },
    })

    expect(log.lines).toEqual(['client: listen: ListenError EADDRINUSE', 'client: received: in service'])
  })

  it('eaddrinuse: the error for a port in use says which port, and where', async () => {
    const { error, port } = await bench.play(function* () {
      using listener = yield* bench.listen()
      const { port } = listener.address
      return { port, error: yield* errorOf(bench.listen(port)) }
    })

    expect(error).toBeInstanceOf(ListenError)
    expect(error.message).toContain(`${address}:${port}`)
  })

  it('server-bind: port 0 is any that is free, and another one is that one', async () => {
    const { any, wanted, given } = await bench.play(function* () {
      using one = yield* bench.listen(0)
      const wanted = yield* bench.freePort()
      using other = yield* bench.listen(wanted)
      return { any: one.address.port, wanted, given: other.address.port }
    })

    expect(any).toBeGreaterThan(0)
    expect(given).toBe(wanted)
  })

  it('server-address: a listener says where it listens, and the clients and the accepted say the same', async () => {
    const log = await bench.meet({
      *client({ connect, listener, note }) {
        using conn = yield* connect()
        note(`the same: ${`${conn.remoteAddress}` === `${listener.address}`}`)
        yield* conn.recv()
      },
      *server({ listener, note }) {
        note(`host ${listener.address.host}, family ${listener.address.family}`)
        using conn = yield* listener.accept()
        note(`the same: ${`${conn.localAddress}` === `${listener.address}`}`)
      },
    })

    expect(log.sides).toEqual({
      client: ['the same: true'],
      server: [`host ${address}, family 4`, 'the same: true'],
    })
  })

  it('server-try-ports: a listen that fails does not stand in the way of the next', async () => {
    const log = await bench.meet({
      *client() {},
      *server({ listener, note }) {
        let made: Listener | undefined
        for (const port of [listener.address.port, listener.address.port, 0]) {
          try {
            made = yield* bench.listen(port)
            note('listens')
          } catch (error) {
            note(nameOf(error))
          }
        }
        made?.close()
      },
    })

    expect(log.lines).toEqual([
      'server: ListenError EADDRINUSE',
      'server: ListenError EADDRINUSE',
      'server: listens',
    ])
  })

  it('server-call-listen-multiple-times: a port can be listened on again after each close', async () => {
    const log = await bench.meet({
      *client() {},
      *server({ note, tell }) {
        const port = yield* bench.freePort()
        for (let i = 0; i < 3; i++) {
          using listener = yield* bench.listen(port)
          note(`listens: ${listener.address.port === port}`)
          yield* tell('listen', bench.listen(port))
        }
      },
    })

    expect(log.lines).toEqual(
      Array.from({ length: 3 }, () => [
        'server: listens: true',
        'server: listen: ListenError EADDRINUSE',
      ]).flat(),
    )
  })

  it('server-close-before-calling-lookup-callback: a server that is killed before it listens never listens', async () => {
    const asked = new Latch()
    let listening = 0

    const log = await bench.meet({
      *client() {},
      *server({ note }) {
        const driver = bench.driverWith({
          listen() {
            asked.open()
            return () => note('given up')
          },
        })
        const serving = yield* spawn(() =>
          server(address, 0, function* () {}, { driver, onListening: () => listening++ }),
        )
        yield* asked.wait()
        yield* kill(serving)
        note(`listening: ${listening}`)
      },
    })

    expect(log.lines).toEqual(['server: given up', 'server: listening: 0'])
  })
}
