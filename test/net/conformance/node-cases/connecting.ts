// Node's cases of connecting: names and addresses, abandoned attempts, and what remains of a
// connection.
import { ConnectError, type Connection } from '@bluelet/net'
import type { Driver } from '@bluelet/net/driver'
import { all, type Coroutine, Latch, race } from '@bluelet/scheduler'
import { expect, it } from 'vitest'
import { collectGarbage } from '../../../support/garbage.js'
import { errorOf, hostOf, silentSocket } from '../../world.js'
import type { ConformanceHarness, UnconnectedSide } from '../harness.js'
import { nameOf, outcome } from '../log.js'

/** Addresses for documentation (RFC 3849, RFC 5737), to which nothing is sent here. */
const IPV6 = '2001:db8::1'
const IPV4 = '192.0.2.1'

type Attempt = Driver['connect']

export function connectingCases(harness: ConformanceHarness): void {
  const { address } = harness.sample

  /** A driver whose names have the given addresses, some of which it reaches by other means. */
  function named(addresses: readonly string[], routes: Readonly<Record<string, Attempt>> = {}): Driver {
    return harness.driverWith({
      lookup: (_host, done) => queueMicrotask(() => done(null, addresses)),
      connect: (target) =>
        (routes[hostOf(target).host] ?? harness.driver.connect.bind(harness.driver))(target),
    })
  }

  it('connect-abort-controller: an aborted connect ends its attempt', async () => {
    const begun = new Latch()

    const log = await harness.meet({
      *client({ connect, note }) {
        const driver = harness.silentDriver({
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

  it('connect-timeout: a connect that is not answered fails at its own timeout', async () => {
    const log = await harness.meet({
      *client({ connect, note }) {
        let attempts = 0
        const driver = harness.silentDriver({
          attempt: () => void attempts++,
          close: () => note('attempt closed'),
        })
        let name = ''
        // On a busy machine, the time may be up before the attempt has begun.
        while (attempts === 0) name = yield* outcome(connect({ driver, timeout: 10 }))
        note(`connect: ${name}`)
      },
      *server() {},
    })

    expect(log.lines).toEqual(['client: attempt closed', 'client: connect: ConnectError ETIMEDOUT'])
  })

  it('dns-lookup: connect looks a name up once, and connects to its address', async () => {
    const log = await harness.meet({
      *client({ connect, note }) {
        const driver = harness.driverWith({
          lookup(host, done) {
            note(`look-up of ${host}`)
            harness.driver.lookup(address, done)
          },
        })
        using conn = yield* connect({ host: 'server.test', driver })
        note(`connected to ${conn.remoteAddress?.host}`)
      },
      server: acceptOne,
    })

    expect(log.lines).toEqual(['client: look-up of server.test', `client: connected to ${address}`])
  })

  it('dns-custom-lookup: a custom look-up may give many addresses, and connect uses the first that answers', async () => {
    const log = await harness.meet({
      *client({ connect, note }) {
        using conn = yield* connect({ host: 'server.test', driver: named([address, address, address]) })
        note(`connected to ${conn.remoteAddress?.host}`)
      },
      server: acceptOne,
    })

    expect(log.lines).toEqual([`client: connected to ${address}`])
  })

  it('options-lookup: a failed look-up fails the connect, with the code and the name', async () => {
    const reason = Object.assign(new Error('the resolver is out to lunch'), { code: 'EAI_AGAIN' })
    const driver = harness.driverWith({ lookup: (_host, done) => queueMicrotask(() => done(reason, [])) })

    const error = await harness.play(() => errorOf(harness.connect(80, { host: 'server.test', driver })))

    expect(nameOf(error)).toBe('ConnectError EAI_AGAIN')
    expect(error.message).toContain('server.test')
    expect(error.cause).toBe(reason)
  })

  it('connect-custom-lookup-non-string-address: a look-up with an invalid address fails the connect', async () => {
    const { unknownName } = harness.sample

    const error = await harness.play(() =>
      errorOf(harness.connect(80, { host: 'server.test', driver: named([unknownName]) })),
    )

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain('server.test')
    expect(error.message).toContain(unknownName)
  })

  it('autoselectfamily: connect tries an address of the other family at once after a refusal', async () => {
    const log = await harness.meet({
      *client({ connect, note }) {
        const closedPort = yield* harness.freePort()
        const driver = named([IPV6, address], {
          [IPV6]: () => {
            note('refused')
            return harness.driver.connect({ host: address, port: closedPort })
          },
        })
        using conn = yield* connect({ host: 'server.test', driver })
        note(`connected to ${conn.remoteAddress?.host}`)
      },
      server: acceptOne,
    })

    expect(log.lines).toEqual(['client: refused', `client: connected to ${address}`])
  })

  it('autoselectfamily-ipv4first: families alternate, starting with that of the first address', async () => {
    const tried: string[] = []

    const error = await harness.play(function* () {
      const closedPort = yield* harness.freePort()
      const refuse: Attempt = (to) => {
        tried.push(hostOf(to).host)
        return harness.driver.connect({ host: address, port: closedPort })
      }
      const addresses = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2']
      const routes = Object.fromEntries(addresses.map((to) => [to, refuse]))
      return yield* errorOf(
        harness.connect(closedPort, { host: 'server.test', driver: named(addresses, routes) }),
      )
    })

    expect(tried).toEqual(['192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2'])
    expect(nameOf(error)).toBe('ConnectError ECONNREFUSED')
    for (const to of tried) expect(error.message).toContain(to)
  })

  it('autoselectfamily-timeout-close: an attempt without an answer is closed when the next one succeeds', async () => {
    const log = await harness.meet({
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
    const log = await harness.talk({
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

  it('remote-address: the peer’s address is known as soon as the connection is made', async () => {
    const log = await harness.meet({
      *client({ connect, listener, note }) {
        using conn = yield* connect()
        note(`the listener’s: ${`${conn.remoteAddress}` === `${listener.address}`}`)
      },
      server: acceptOne,
    })

    expect(log.lines).toEqual(['client: the listener’s: true'])
  })

  it('remote-address-port: the peer’s address is known before and after its end, and after the close', async () => {
    const log = await harness.talk({
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

  it('connect-memleak: a closed connection is not kept alive', async () => {
    const kept: WeakRef<Connection>[] = []

    await harness.play(function* () {
      for (let i = 0; i < 10; i++) {
        const { client, server } = yield* harness.pair()
        kept.push(new WeakRef(client), new WeakRef(server))
        client.close()
        server.close()
        yield* all([client.whenClosed(), server.whenClosed()])
      }
    })
    await collectGarbage()

    // The engine itself sometimes keeps a pair that it has seen.
    expect(kept.filter((reference) => reference.deref() !== undefined).length).toBeLessThanOrEqual(2)
  })

  it('connect-unref: an open connection without a waiting task does not delay the end of the run', async () => {
    const { client, server } = await harness.play(() => harness.pair())

    const received = await harness.play(function* () {
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

function* acceptOne({ listener }: Parameters<UnconnectedSide>[0]): Coroutine<void> {
  using conn = yield* listener.accept()
  yield* conn.readall()
}
