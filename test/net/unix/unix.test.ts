// Promise 9 of the network: Unix sockets on each driver and in a simulation, with the same
// connections and the same errors.
import {
  Address,
  ConnectError,
  ConnectionResetError,
  connect,
  ListenError,
  listen,
  type ServerStats,
  server,
  toStream,
} from '@bluelet/net'
import { all, kill, sleep, spawn } from '@bluelet/scheduler'
import { describe, expect, it } from 'vitest'
import { WORLDS } from '../server/each-driver.js'
import { errorOf, MIB, pattern } from '../world.js'
import { socketPath } from './paths.js'

describe.each(WORLDS)('a Unix socket (%s)', ({ name, driver, play }) => {
  it('carries bytes both ways, and both ends know their addresses', async () => {
    const path = socketPath()
    const { texts, addresses } = await play(function* () {
      using listener = yield* listen({ path }, driver)
      const [client, conn] = yield* all([connect({ path }, driver), listener.accept()])
      yield* client.sendall('to the server')
      const there = yield* conn.recv()
      yield* conn.sendall('to the client')
      const back = yield* client.recv()
      const addresses = [
        listener.address,
        client.remoteAddress,
        client.localAddress,
        conn.localAddress,
        conn.remoteAddress,
      ]
      client.close()
      conn.close()
      return { texts: [`${there}`, `${back}`], addresses }
    })

    expect(texts).toEqual(['to the server', 'to the client'])
    expect(addresses.map(String)).toEqual([`unix:${path}`, `unix:${path}`, 'unix:', `unix:${path}`, 'unix:'])
    expect(addresses[0]).toMatchObject({ host: '', port: 0, path, family: undefined, owner: undefined })
    expect(addresses[4]!.path).toBe('')
  })

  it('serves: a reply to a half-closed client, and bytes in bulk', async () => {
    const path = socketPath()
    const bytes = pattern(MIB)
    const echoed = await play(function* () {
      const serving = yield* spawn(
        server(
          { path },
          function* (conn) {
            for (let data = yield* conn.recv(); data.length > 0; data = yield* conn.recv())
              yield* conn.sendall(data)
          },
          { ...driver, signals: false },
        ),
      )
      const conn = yield* connectSoon(path)
      const [, echoed] = yield* all([
        (function* () {
          yield* conn.sendall(bytes)
          conn.shutdown()
        })(),
        conn.readall({ limit: 2 * MIB }),
      ])
      conn.close()
      yield* kill(serving)
      return echoed
    })

    expect(echoed.equals(bytes)).toBe(true)

    function* connectSoon(path: string) {
      for (;;) {
        try {
          return yield* connect({ path }, driver)
        } catch (error) {
          if (!(error instanceof ConnectError)) throw error
          yield* sleep(1)
        }
      }
    }
  })

  it('is refused where there is none, with the path in the error', async () => {
    const path = socketPath()

    const error = await play(() => errorOf(connect({ path }, driver)))

    expect(error).toBeInstanceOf(ConnectError)
    expect(error.code).toBe('ENOENT')
    expect(error.message).toBe(
      `connect({ path: '${path}' }) failed: unix:${path}: ENOENT (there is no socket)`,
    )
  })

  it('is gone when its listener is closed', async () => {
    const path = socketPath()

    const code = await play(function* () {
      const listener = yield* listen({ path }, driver)
      listener.close()
      return (yield* errorOf(connect({ path }, driver))).code
    })

    expect(code).toBe('ENOENT')
  })

  it('refuses a second listener while the first one listens, unless it replaces it', async () => {
    const path = socketPath()

    const { refused, served, left } = await play(function* () {
      const first = yield* listen({ path }, driver)
      const refused = yield* errorOf(listen({ path }, driver))
      const second = yield* listen({ path, replace: true }, driver)
      // Only the file of the second one is there, which the first one does not remove.
      first.close()
      const [client, conn] = yield* all([connect({ path }, driver), second.accept()])
      yield* conn.sendall('from the second')
      const served = `${yield* client.recv()}`
      client.close()
      conn.close()
      second.close()
      const left = (yield* errorOf(connect({ path }, driver))).code
      return { refused, served, left }
    })

    expect(refused).toBeInstanceOf(ListenError)
    expect(refused.code).toBe('EADDRINUSE')
    expect(refused.message).toContain(`cannot listen on unix:${path}: a program listens there; `)
    expect(served).toBe('from the second')
    expect(left).toBe('ENOENT')
  })

  it('with unread input resets its peer when it is closed, unless it may linger', async () => {
    const path = socketPath()

    const { reset, reply } = await play(function* () {
      using listener = yield* listen({ path }, driver)
      const [one, other] = yield* all([connect({ path }, driver), listener.accept()])
      yield* one.sendall('unread')
      yield* one.flush()
      // It is there, except in the simulation, where it takes a millisecond.
      yield* sleep(2)
      other.abort()
      const reset = yield* errorOf(one.recv())
      one.close()
      const [client, conn] = yield* all([connect({ path }, driver), listener.accept()])
      yield* client.sendall('unread')
      yield* client.flush()
      yield* conn.sendall('reply')
      conn.close()
      const reply = `${yield* client.readall()}`
      client.close()
      return { reset, reply }
    })

    expect(reset).toBeInstanceOf(ConnectionResetError)
    expect(reply).toBe('reply')
  })

  it('with unread input waits for the peer’s end no longer than it may linger', async () => {
    const path = socketPath()

    const { text, closed } = await play(function* () {
      using listener = yield* listen({ path }, driver)
      const [one, other] = yield* all([connect({ path }, driver), listener.accept()])
      yield* one.sendall('unread')
      yield* one.flush()
      yield* sleep(2)
      other.close({ linger: 5 })
      const text = `${yield* one.readall()}`
      yield* other.whenClosed()
      const closed = one.closed
      one.close()
      return { text, closed }
    })

    expect(text).toBe('')
    expect(closed).toBe(false)
  })

  it('has no reset otherwise: the peer of an abort sees the end', async () => {
    const path = socketPath()

    const received = await play(function* () {
      using listener = yield* listen({ path }, driver)
      const [one, other] = yield* all([connect({ path }, driver), listener.accept()])
      yield* other.sendall('half a reply')
      yield* other.flush()
      other.abort()
      const received = `${yield* one.readall()}`
      one.close()
      return received
    })

    expect(received).toBe('half a reply')
  })

  it('whose peer has closed its end refuses what is sent, and what it had sent can be read', async () => {
    const path = socketPath()

    const { text, error } = await play(function* () {
      using listener = yield* listen({ path }, driver)
      const [one, other] = yield* all([connect({ path }, driver), listener.accept()])
      yield* other.sendall('last words')
      other.close()
      yield* other.whenClosed()
      const text = `${yield* one.readall()}`
      let error: unknown
      for (let i = 0; i < 100 && error === undefined; i++) {
        try {
          yield* one.sendall('too late')
          yield* sleep(1)
        } catch (thrown) {
          error = thrown
        }
      }
      one.close()
      return { text, error }
    })

    expect(text).toBe('last words')
    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('waits for a place in a full backlog, as TCP does', async () => {
    const path = socketPath()

    const texts = await play(function* () {
      using listener = yield* listen({ path }, { ...driver, backlog: 1 })
      const clients = Array.from({ length: 6 }, () =>
        (function* () {
          using conn = yield* connect({ path }, driver)
          return `${yield* conn.readall()}`
        })(),
      )
      const texts = yield* all([
        ...clients,
        (function* () {
          yield* sleep(10)
          for (let i = 0; i < 6; i++) {
            using conn = yield* listener.accept()
            yield* conn.sendall('served')
          }
          return 'all'
        })(),
      ])
      return texts
    })

    expect(texts).toEqual([...Array.from({ length: 6 }, () => 'served'), 'all'])
  })

  it(`knows the process of its peer (${name === 'epoll' ? 'the system tells' : 'not on this driver'})`, async () => {
    const path = socketPath()

    const peers = await play(function* () {
      using listener = yield* listen({ path }, driver)
      const [one, other] = yield* all([connect({ path }, driver), listener.accept()])
      const peers = [one.peer, other.peer]
      one.close()
      other.close()
      yield* all([one.whenClosed(), other.whenClosed()])
      return [...peers, one.peer, other.peer]
    })

    const own =
      name === 'epoll' ? { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() } : undefined
    expect(peers).toEqual([own, own, undefined, undefined])
  })

  it('has no addresses as a stream, as in Node', async () => {
    const path = socketPath()

    const addresses = await play(function* () {
      using listener = yield* listen({ path }, driver)
      const [one, other] = yield* all([connect({ path }, driver), listener.accept()])
      const stream = toStream(one)
      const { remoteAddress, remotePort, localAddress, localPort } = stream
      stream.destroy()
      other.close()
      return [remoteAddress, remotePort, localAddress, localPort]
    })

    expect(addresses).toEqual([undefined, undefined, undefined, undefined])
  })

  it('counts for no limit per address', async () => {
    const path = socketPath()
    let stats: ServerStats | undefined

    const { dropped, served } = await play(function* () {
      const serving = yield* spawn(
        server(
          yield* listen({ path }, driver),
          function* (conn) {
            yield* conn.sendall('served')
            yield* conn.recv()
          },
          {
            maxConnectionsPerAddress: 1,
            signals: false,
            onListening(_listener, counts) {
              stats = counts
            },
          },
        ),
      )
      const conns = yield* all([1, 2, 3].map(() => connect({ path }, driver)))
      const texts = yield* all(conns.map((conn) => conn.recv()))
      for (const conn of conns) conn.close()
      yield* kill(serving)
      return { dropped: stats?.dropped.address, served: texts.map(String) }
    })

    expect(dropped).toBe(0)
    expect(served).toEqual(['served', 'served', 'served'])
  })
})

describe('an address of a Unix socket', () => {
  it('prints its path, and has no family and no owner', () => {
    const addresses = [new Address('', 0, '/run/x.sock'), new Address('', 0, '@name'), new Address('', 0, '')]

    expect(addresses.map(String)).toEqual(['unix:/run/x.sock', 'unix:@name', 'unix:'])
    expect(addresses.map(({ owner }) => owner)).toEqual([undefined, undefined, undefined])
  })
})
