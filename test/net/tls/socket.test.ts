// What the socket of TLS does beside the traps: handshakes that end early, closes at any time, and
// ciphertext that waits.
import {
  ClosedError,
  ConnectError,
  type Connection,
  ConnectionResetError,
  connect,
  listen,
} from '@bluelet/net'
import type { DriverSocket } from '@bluelet/net/driver'
import { CLOSED, FAILED } from '@bluelet/net/driver'
import { type Coroutine, sleep, spawn, TimeoutError, timeout } from '@bluelet/scheduler'
import { defaultHost } from '@bluelet/scheduler/lowlevel'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Carrier } from '../../../packages/net/src/drivers/tls/carrier.js'
import { NodeTurns } from '../../../packages/net/src/drivers/tls/turns.js'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'
import { fateOf } from '../serving.js'
import { errorOf, LOOPBACK, silentSocket } from '../world.js'
import { simulated, type TlsWorld, tlsPair } from './worlds.js'

describe.skipIf(noOpenssl)(`a socket of TLS${noOpenssl ?? ''}`, () => {
  let made: Certificates

  beforeAll(() => {
    made = makeCertificates()
  })

  afterAll(() => made.remove())

  const own = () => ({ cert: made.server.cert, key: made.server.key })
  const trust = () => ({ ca: made.ca.cert, servername: 'localhost' })
  const play = <T>(main: (world: TlsWorld) => Coroutine<T>): Promise<T> => simulated().play(main)

  /** An end of a server, whose client does not speak TLS. */
  function* beforeHandshake({ driver }: TlsWorld) {
    using listener = yield* listen(LOOPBACK, 0, { driver, tls: own() })
    const plain = yield* connect(LOOPBACK, listener.address.port, { driver })
    const server = yield* listener.accept()
    return { plain, server }
  }

  function* handshakeOf(conn: Connection) {
    return yield* errorOf(conn.handshake())
  }

  it('has the addresses of the socket below, and no TLS before the handshake', async () => {
    await play(function* (world) {
      const { plain, server } = yield* beforeHandshake(world)
      expect(server.remoteAddress).toEqual(plain.localAddress)
      expect(server.localAddress).toEqual(plain.remoteAddress)
      expect([server.tls, server.peer, server.unsent]).toEqual([undefined, undefined, 0])
      expect([plain.tls, yield* plain.handshake()]).toEqual([undefined, undefined])
      server.abort()
      plain.abort()
    })
  })

  it('a wait for the handshake can be withdrawn, and made again', async () => {
    await play(function* (world) {
      const { plain, server } = yield* beforeHandshake(world)
      expect(yield* errorOf(timeout(5, server.handshake()))).toBeInstanceOf(TimeoutError)
      const waiting = yield* spawn(handshakeOf, server)
      yield* sleep(1)
      server.close()
      expect(yield* waiting).toBeInstanceOf(ClosedError)
      expect(yield* handshakeOf(server)).toBeInstanceOf(ClosedError)
      plain.abort()
    })
  })

  it('a reset during the handshake is its error, and that of later operations', async () => {
    await play(function* (world) {
      const { plain, server } = yield* beforeHandshake(world)
      const waiting = yield* spawn(handshakeOf, server)
      yield* sleep(1)
      plain.abort()
      expect(yield* waiting).toBeInstanceOf(ConnectionResetError)
      expect(yield* handshakeOf(server)).toBeInstanceOf(ConnectionResetError)
      expect(() => server.socket.write(Buffer.from('x'))).toThrow(ConnectionResetError)
      expect(yield* errorOf(server.send('x'))).toBeInstanceOf(ConnectionResetError)
      expect(yield* errorOf(server.recv())).toBeInstanceOf(ConnectionResetError)
      server.close()
    })
  })

  it('a reset during the handshake is told once the next try throws it', async () => {
    await play(function* (world) {
      const { plain, server } = yield* beforeHandshake(world)
      const { socket } = server
      const found: unknown[] = []
      socket.tls?.handshake(() => {})
      const { observer } = socket
      socket.observer = {
        ready(what) {
          if ((what & FAILED) !== 0) {
            try {
              found.push(socket.read(1))
            } catch (error) {
              found.push(error)
            }
          }
          observer?.ready(what)
        },
      }
      plain.abort()
      yield* server.whenClosed()
      expect(found).toEqual([expect.any(ConnectionResetError)])
    })
  })

  it('an end during the handshake is an error, and the client is told where', async () => {
    await play(function* ({ driver }) {
      using listener = yield* listen(LOOPBACK, 0, { driver })
      const { port } = listener.address
      yield* spawn(function* () {
        const first = yield* listener.accept()
        first.shutdown()
        yield* (yield* listener.accept()).whenClosed()
      })
      const ended = yield* errorOf(connect(LOOPBACK, port, { driver, tls: trust() }))
      expect(ended.message).toContain('the peer has ended the connection during the TLS handshake')
      const late = yield* errorOf(connect(LOOPBACK, port, { driver, tls: trust(), timeout: 20 }))
      expect(late).toBeInstanceOf(ConnectError)
      expect([late.code, late.message]).toEqual([
        'ETIMEDOUT',
        `connect('127.0.0.1', ${port}): not connected within 20 ms, in the TLS handshake`,
      ])
    })
  })

  it('can be closed in the turn in which its handshake begins', async () => {
    await play(function* (world) {
      const { plain, server } = yield* beforeHandshake(world)
      const told: (Error | null)[] = []
      server.socket.tls?.handshake((error) => void told.push(error))
      server.abort()
      yield* server.whenClosed()
      server.socket.tls?.handshake((error) => void told.push(error))
      expect(told).toEqual([expect.any(ConnectionResetError), expect.any(ConnectionResetError)])
      expect(() => server.socket.read(1)).toThrow(ConnectionResetError)
      expect(() => server.socket.write(Buffer.from('x'))).toThrow(ConnectionResetError)
      plain.abort()
    })
  })

  it('ends its side after the handshake, if it is told so before', async () => {
    const fate = await play(function* ({ driver }) {
      using listener = yield* listen(LOOPBACK, 0, { driver, tls: own() })
      yield* spawn(function* () {
        const server = yield* listener.accept()
        server.shutdown()
        yield* fateOf(server)
      })
      return yield* fateOf(yield* connect(LOOPBACK, listener.address.port, { driver, tls: trust() }))
    })

    expect(fate).toBe('|end')
  })

  it('lingers for input that no task has read, as without TLS', async () => {
    const fate = await play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust(), own())
      yield* client.sendall('unread')
      yield* client.flush()
      yield* sleep(1)
      yield* server.sendall('reply')
      yield* server.flush()
      server.close()
      server.socket.close(true)
      const fate = yield* fateOf(client)
      yield* server.whenClosed()
      return fate
    })

    expect(fate).toBe('reply|end')
  })

  it('has a reply that came before its send failed, and then the error', async () => {
    const [sent, reply, last] = await play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust(), own())
      const sending = yield* spawn(function* () {
        return yield* errorOf(client.sendall(Buffer.alloc(4_000_000)))
      })
      yield* sleep(20)
      yield* server.sendall('413 too large\r\n')
      yield* sleep(20)
      server.abort()
      const sent = yield* sending
      expect(() => client.socket.unsent).toThrow(ConnectionResetError)
      const reply = yield* client.readline('\r\n', { encoding: 'utf8' })
      return [sent, reply, yield* errorOf(client.recv())]
    })

    expect(reply).toBe('413 too large')
    for (const error of [sent, last]) expect(error).toBeInstanceOf(ConnectionResetError)
  })

  it('waits for no end of the transport after the peer’s close_notify, though input is unread', async () => {
    const closed = await play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust(), own())
      yield* client.sendall('unread')
      client.shutdown()
      yield* sleep(5)
      server.close()
      yield* timeout(100, server.whenClosed())
      const { closed } = server
      expect(yield* fateOf(client)).toBe('|end')
      return closed
    })

    expect(closed).toBe(true)
  })

  it('sends more than the network holds, though nothing else could wake a task', async () => {
    const sizes = await play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust(), own())
      const sending = yield* spawn(function* () {
        yield* server.sendall(Buffer.alloc(500_000))
        yield* server.sendall('the end')
        server.close()
      })
      const got = yield* client.readall({ limit: 1e6 })
      client.close()
      yield* sending
      return got.length
    })

    expect(sizes).toBe(500_007)
  })

  it('takes tries of a program without connections', async () => {
    await play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust(), own())
      const { socket } = client
      expect([socket.write(Buffer.alloc(0)), socket.unsent]).toEqual([0, 0])
      socket.shutdown()
      socket.shutdown()
      const told: number[] = []
      const { observer } = socket
      socket.observer = {
        ready(what) {
          told.push(what)
          observer?.ready(what)
        },
      }
      socket.close(false)
      socket.close(false)
      socket.close(true)
      socket.shutdown()
      yield* sleep(1)
      expect(told).toEqual([CLOSED])
      expect(() => socket.read(1)).toThrow(ConnectionResetError)
      server.abort()
    })
  })
})

describe('the ciphertext', () => {
  const owner = { wantsMore: true, transportEnded() {}, carrierDestroyed() {} }

  it('16: does not change until the socket below has sent it, and nothing follows before', async () => {
    const taken: Uint8Array[] = []
    let room = 3
    let unsent = 0
    const inner: DriverSocket = {
      ...silentSocket(() => {}),
      write(bytes) {
        const n = Math.min(room, bytes.length)
        if (n > 0) taken.push(bytes.subarray(0, n))
        room -= n
        return n
      },
      get unsent() {
        return unsent
      },
    }
    const carrier = new Carrier(inner, owner, new NodeTurns(defaultHost))
    const done: string[] = []
    carrier.stream.write(Buffer.from('first'), () => done.push('first'))
    carrier.stream.write(Buffer.from('second'), () => done.push('second'))
    carrier.stream.write(Buffer.from('third'), () => done.push('third'))
    expect([String(Buffer.concat(taken)), carrier.held]).toEqual(['fir', 2])
    room = 2
    unsent = 2
    carrier.flush()
    expect([String(Buffer.concat(taken)), carrier.held, done.length]).toEqual(['first', 2, 0])
    room = 100
    unsent = 0
    carrier.flush()
    carrier.flush()
    await new Promise((resolve) => setImmediate(resolve))
    expect(String(Buffer.concat(taken))).toBe('firstsecondthird')
    expect(done).toEqual(['first', 'second', 'third'])
  })

  it('is lost without an error of its own when the socket below has failed', async () => {
    const gone = new Error('gone')
    const inner: DriverSocket = {
      ...silentSocket(() => {}),
      write() {
        throw gone
      },
      get unsent(): number {
        throw gone
      },
    }
    const carrier = new Carrier(inner, owner, new NodeTurns(defaultHost))
    const told = await new Promise((resolve) => carrier.stream.write(Buffer.from('x'), resolve))

    expect([told ?? null, carrier.failure]).toEqual([null, gone])
    carrier.failure = null
    expect([carrier.held, carrier.failure]).toEqual([0, gone])
  })
})
