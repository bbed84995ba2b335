// Node's cases of listening: where, when, and the address of a listener.
import { ListenError, type Listener, listen, server } from '@bluelet/net'
import { kill, Latch, pause, spawn } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { errorOf } from '../../world.js'
import type { ConformanceHarness } from '../harness.js'
import { nameOf, outcome, refusal } from '../log.js'

export function listeningCases(harness: ConformanceHarness): void {
  const { address } = harness.sample

  it('listen-close-server: a listen that is killed while pending gives no listener, and leaves the port free', async () => {
    const log = await harness.meet({
      *client({ note, record }) {
        const port = yield* harness.freePort()
        const opening = yield* spawn(outcome, harness.listen(port))
        yield pause()
        yield* kill(opening)
        note(`${opening.outcome?.kind}`)
        yield* record('connect', harness.connect(port))
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: killed', 'client: connect: ConnectError ECONNREFUSED'])
  })

  it('listening: a port accepts connections while its listener is open, and only then', async () => {
    const opened = new Latch()
    const tried = new Latch()
    const closed = new Latch()

    const log = await harness.meet({
      *client({ connect, listener, record }) {
        const free = yield* harness.freePort()
        yield* record('before', harness.connect(free))
        opened.open()
        const conn = yield* connect()
        yield* record('during', conn.readexactly(7))
        conn.close()
        tried.open()
        yield* closed.wait()
        yield* record('after', harness.connect(listener.address.port))
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

  it('listen-error: listening on an address of another machine fails', async () => {
    const { driver, foreignAddress } = harness.sample

    const error = await harness.play(() => errorOf(listen(foreignAddress, 0, { driver })))

    expect(nameOf(error)).toBe('ListenError EADDRNOTAVAIL')
    expect(error.message).toContain(foreignAddress)
  })

  it('listen-invalid-port: an invalid port is refused at the call', () => {
    const refusals = [-1, 65_536, 1.5, Number.NaN, '80', null].map((port) =>
      refusal(() => harness.listen(port as number)),
    )

    expect(refusals).toEqual(new Array(6).fill('RangeError'))
  })

  it('listen-twice: an event that is yielded twice opens two listeners, each with its own port', async () => {
    const ports = await harness.play(function* () {
      const opening = harness.listen()
      using one = yield* opening
      using other = yield* opening
      return [one.address.port, other.address.port]
    })

    expect(new Set(ports).size).toBe(2)
  })

  it('bind-twice: a second listener on a port is refused, and the first keeps working', async () => {
    const log = await harness.meet({
      *client({ connect, listener, record }) {
        yield* record('listen', harness.listen(listener.address.port))
        using conn = yield* connect()
        yield* record('received', conn.readexactly(10))
      },
      *server({ listener }) {
        using conn = yield* listener.accept()
        yield* conn.sendall('in service')
      },
    })

    expect(log.lines).toEqual(['client: listen: ListenError EADDRINUSE', 'client: received: in service'])
  })

  it('eaddrinuse: the error for a port in use names the port and the address', async () => {
    const { error, port } = await harness.play(function* () {
      using listener = yield* harness.listen()
      const { port } = listener.address
      return { port, error: yield* errorOf(harness.listen(port)) }
    })

    expect(error).toBeInstanceOf(ListenError)
    expect(error.message).toContain(`${address}:${port}`)
  })

  it('server-bind: port 0 gives a free port, and any other port gives that port', async () => {
    const { any, wanted, given } = await harness.play(function* () {
      using one = yield* harness.listen(0)
      const wanted = yield* harness.freePort()
      using other = yield* harness.listen(wanted)
      return { any: one.address.port, wanted, given: other.address.port }
    })

    expect(any).toBeGreaterThan(0)
    expect(given).toBe(wanted)
  })

  it('server-address: a listener has the same address as clients and accepted connections report', async () => {
    const log = await harness.meet({
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

  it('server-try-ports: a failed listen does not affect the next', async () => {
    const log = await harness.meet({
      *client() {},
      *server({ listener, note }) {
        let made: Listener | undefined
        for (const port of [listener.address.port, listener.address.port, 0]) {
          try {
            made = yield* harness.listen(port)
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
    const log = await harness.meet({
      *client() {},
      *server({ note, record }) {
        const port = yield* harness.freePort()
        for (let i = 0; i < 3; i++) {
          using listener = yield* harness.listen(port)
          note(`listens: ${listener.address.port === port}`)
          yield* record('listen', harness.listen(port))
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

    const log = await harness.meet({
      *client() {},
      *server({ note }) {
        const driver = harness.driverWith({
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
