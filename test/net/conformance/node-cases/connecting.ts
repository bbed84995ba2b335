// Node's cases of connecting: names and addresses, attempts that are given up, and what is left of a connection that was.
import { ConnectError, type Connection } from '@bluelet/net'
import type { Driver } from '@bluelet/net/driver'
import { all, type Coroutine, Latch, race } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { collectGarbage } from '../../../support/garbage.js'
import { errorOf } from '../../world.js'
import { type Bench, type Guest, silentSocket } from '../bench.js'
import { nameOf } from '../log.js'

/** Addresses for documentation (RFC 3849, RFC 5737): nobody is there, and nothing is sent to them here. */
const IPV6 = '2001:db8::1'
const IPV4 = '192.0.2.1'

type Attempt = Driver['connect']

export function connectingCases(bench: Bench): void {
  const { address } = bench.sample

  /** Names have the given addresses; some of those are reached otherwise than by the driver. */
  function named(addresses: readonly string[], routes: Readonly<Record<string, Attempt>> = {}): Driver {
    return bench.driverWith({
      lookup: (_host, done) => queueMicrotask(() => done(null, addresses)),
      connect: (to, port) => (routes[to] ?? bench.driver.connect.bind(bench.driver))(to, port),
    })
  }

  it('connect-abort-controller: a connect that is called off ends its attempt', async () => {
    const begun = new Latch()

    const log = await bench.meet({
      *client({ connect, note }) {
        const driver = bench.silentDriver({
          attempt: () => begun.open(),
          close: () => note('attempt closed'),
        })
        note(`first: ${yield* race([connect({ driver }), calledOff()])}`)
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: attempt closed', 'client: first: called off'])

    function* calledOff(): Coroutine<string> {
      yield* begun.wait()
      return 'called off'
    }
  })

  it('connect-timeout: a connect that nobody answers fails when its own time is up', async () => {
    const log = await bench.meet({
      *client({ connect, note, tell }) {
        const driver = bench.silentDriver({ close: () => note('attempt closed') })
        yield* tell('connect', connect({ driver, timeout: 10 }))
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: attempt closed', 'client: connect: ConnectError ETIMEDOUT'])
  })

  it('dns-lookup: a name is looked up once, and its address connected to', async () => {
    const log = await bench.meet({
      *client({ connect, note }) {
        const driver = bench.driverWith({
          lookup(host, done) {
            note(`look-up of ${host}`)
            bench.driver.lookup(address, done)
          },
        })
        using conn = yield* connect({ host: 'server.test', driver })
        note(`connected to ${conn.remoteAddress?.host}`)
      },
      server: acceptOne,
    })

    expect(log.lines).toEqual(['client: look-up of server.test', `client: connected to ${address}`])
  })

  it('dns-custom-lookup: a look-up of one’s own may give many addresses; the first that answers is taken', async () => {
    const log = await bench.meet({
      *client({ connect, note }) {
        using conn = yield* connect({ host: 'server.test', driver: named([address, address, address]) })
        note(`connected to ${conn.remoteAddress?.host}`)
      },
      server: acceptOne,
    })

    expect(log.lines).toEqual([`client: connected to ${address}`])
  })

  it('options-lookup: a look-up that fails is a failed connect, with its code and its name', async () => {
    const reason = Object.assign(new Error('the resolver is out to lunch'), { code: 'EAI_AGAIN' })
    const driver = bench.driverWith({ lookup: (_host, done) => queueMicrotask(() => done(reason, [])) })

    const error = await bench.play(() => errorOf(bench.connect(80, { host: 'server.test', driver })))

    expect(nameOf(error)).toBe('ConnectError EAI_AGAIN')
    expect(error.message).toContain('server.test')
    expect(error.cause).toBe(reason)
  })

  it('connect-custom-lookup-non-string-address: a look-up that gives what is no address is a failed connect', async () => {
    const { unknownName } = bench.sample

    const error = await bench.play(() =>
      errorOf(bench.connect(80, { host: 'server.test', driver: named([unknownName]) })),
    )

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain('server.test')
    expect(error.message).toContain(unknownName)
  })

  it('autoselectfamily: an address that refuses is followed at once by the next, of the other family', async () => {
    const log = await bench.meet({
      *client({ connect, note }) {
        const closedPort = yield* bench.freePort()
        const driver = named([IPV6, address], {
          [IPV6]: () => {
            note('refused')
            return bench.driver.connect(address, closedPort)
          },
        })
        using conn = yield* connect({ host: 'server.test', driver })
        note(`connected to ${conn.remoteAddress?.host}`)
      },
      server: acceptOne,
    })

    expect(log.lines).toEqual(['client: refused', `client: connected to ${address}`])
  })

  it('autoselectfamily-ipv4first: families take turns, and the one that the look-up prefers begins', async () => {
    const tried: string[] = []

    const error = await bench.play(function* () {
      const closedPort = yield* bench.freePort()
      const refuse: Attempt = (to) => {
        tried.push(to)
        return bench.driver.connect(address, closedPort)
      }
      const addresses = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2']
      const routes = Object.fromEntries(addresses.map((to) => [to, refuse]))
      return yield* errorOf(
        bench.connect(closedPort, { host: 'server.test', driver: named(addresses, routes) }),
      )
    })

    expect(tried).toEqual(['192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2'])
    expect(nameOf(error)).toBe('ConnectError ECONNREFUSED')
    for (const to of tried) expect(error.message).toContain(to)
  })

  it('autoselectfamily-timeout-close: an address that does not answer is closed when the next one has', async () => {
    const log = await bench.meet({
      *client({ connect, note }) {
        const driver = named([IPV4, address], { [IPV4]: () => silentSocket(() => note('attempt closed')) })
        using conn = yield* connect({ host: 'server.test', driver })
        note(`connected to ${conn.remoteAddress?.host}`)
      },
      server: acceptOne,
    })

    expect(log.lines).toEqual(['client: attempt closed', `client: connected to ${address}`])
  })

  it('local-address-port: both ends agree on the address of the side that connected', async () => {
    const log = await bench.talk({
      *client({ conn }) {
        yield* conn.sendall(`${conn.localAddress}`)
        conn.shutdown()
      },
      *server({ conn, note }) {
        note(`the same: ${String(yield* conn.readall()) === `${conn.remoteAddress}`}`)
        note(`host ${conn.remoteAddress?.host}, family ${conn.remoteAddress?.family}`)
      },
    })

    expect(log.lines).toEqual(['server: the same: true', `server: host ${address}, family 4`])
  })

  it('remote-address: the peer’s address is there as soon as it is connected', async () => {
    const log = await bench.meet({
      *client({ connect, listener, note }) {
        using conn = yield* connect()
        note(`the listener’s: ${`${conn.remoteAddress}` === `${listener.address}`}`)
      },
      server: acceptOne,
    })

    expect(log.lines).toEqual(['client: the listener’s: true'])
  })

  it('remote-address-port: the peer’s address is known before it ends, after it has, and after the close', async () => {
    const log = await bench.talk({
      *client({ conn }) {
        yield* conn.recv()
        conn.close()
      },
      *server({ conn, note }) {
        const before = `${conn.remoteAddress}`
        yield* conn.sendall('x')
        yield* conn.readall()
        note(`after the end: ${`${conn.remoteAddress}` === before}`)
        conn.close()
        yield* conn.whenClosed()
        note(`after the close: ${`${conn.remoteAddress}` === before}`)
      },
    })

    expect(log.lines).toEqual(['server: after the end: true', 'server: after the close: true'])
  })

  it('connect-memleak: nobody holds a connection that is closed', async () => {
    const kept: WeakRef<Connection>[] = []

    await bench.play(function* () {
      for (let i = 0; i < 10; i++) {
        const { client, server } = yield* bench.pair()
        kept.push(new WeakRef(client), new WeakRef(server))
        client.close()
        server.close()
        yield* all([client.whenClosed(), server.whenClosed()])
      }
    })
    await collectGarbage()

    // The engine itself may keep a pair that it has seen, and sometimes does.
    expect(kept.filter((reference) => reference.deref() !== undefined).length).toBeLessThanOrEqual(2)
  })

  it('connect-unref: an open connection that nobody waits for does not hold up the end of the run', async () => {
    const { client, server } = await bench.play(() => bench.pair())

    const received = await bench.play(function* () {
      yield* client.sendall('still open')
      const received = String(yield* server.readexactly(10))
      client.close()
      server.close()
      yield* all([client.whenClosed(), server.whenClosed()])
      return received
    })

    expect(received).toBe('still open')
  })
}

function* acceptOne({ listener }: Parameters<Guest>[0]): Coroutine<void> {
  using conn = yield* listener.accept()
  yield* conn.readall()
}
