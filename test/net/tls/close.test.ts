// The close of a TLS connection: during its handshake, when the client gets a close_notify, and
// after it.
import {
  ClosedError,
  type Connection,
  ConnectionResetError,
  connect,
  listen,
  type TlsServer,
} from '@bluelet/net'
import { now, race, sleep, spawn } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'
import { named } from '../../support/program.js'
import { fateOf } from '../serving.js'
import { errorOf, LOOPBACK } from '../world.js'
import { PLACES, simulated, type TlsPlace, type TlsWorld, tlsPair } from './worlds.js'

/** The beginning of a ClientHello, whose rest does not come. */
const HALF_A_HELLO = Buffer.from([22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3])

let made: Certificates

beforeAll(() => {
  if (noOpenssl === null) made = makeCertificates()
})

afterAll(() => made?.remove())

const own = (options: TlsServer = {}) => ({ cert: made.server.cert, key: made.server.key, ...options })
const trust = () => ({ ca: made.ca.cert, servername: 'localhost' })

function test(title: string, places: readonly TlsPlace[], body: (place: TlsPlace) => Promise<void>): void {
  it.skipIf(noOpenssl).each(places)(named(`${title} (%s)`, noOpenssl), body)
}

describe('a close during the handshake', () => {
  /** The end of a server, which waits for the handshake; the client has sent some bytes. */
  function* waiting({ driver }: TlsWorld, hello: Uint8Array, options?: TlsServer) {
    using listener = yield* listen(LOOPBACK, 0, { driver, tls: own(options) })
    const client = yield* connect(LOOPBACK, listener.address.port, { driver })
    yield* client.sendall(hello)
    const server = yield* listener.accept()
    const handshake = yield* spawn(handshakeOf, server)
    yield* sleep(20)
    return { client, server, handshake }
  }

  function* closedOf(conn: Connection) {
    yield* conn.whenClosed()
    return true
  }

  function* stillOpen() {
    yield* sleep(5)
    return false
  }

  function* handshakeOf(conn: Connection) {
    return yield* errorOf(conn.handshake())
  }

  /** On the real network the handshake may have ended before the close. */
  function* perhapsEnded(conn: Connection) {
    try {
      return yield* conn.handshake()
    } catch (error) {
      return error
    }
  }

  test(
    'finishes it, and then says close_notify',
    [...PLACES, simulated({ latency: 5 }), simulated({ latency: 5, fragment: true })],
    async (place) => {
      const [fate, waited, later] = await place.play(function* ({ driver }) {
        using listener = yield* listen(LOOPBACK, 0, { driver, tls: own() })
        const serving = yield* spawn(function* () {
          const server = yield* listener.accept()
          return { server, handshake: yield* spawn(perhapsEnded, server) }
        })
        // The client is done before the server has its last message.
        const client = yield* connect(LOOPBACK, listener.address.port, { driver, tls: trust() })
        const { server, handshake } = yield* serving
        server.close()
        const later = yield* handshakeOf(server)
        const fate = yield* fateOf(client)
        yield* server.whenClosed()
        return [fate, yield* handshake, later]
      })

      expect(fate).toBe('|end')
      expect(later).toBeInstanceOf(ClosedError)
      if (String(place) === 'simulated') expect(waited).toBeInstanceOf(ClosedError)
    },
  )

  test('sends what was sent before it', PLACES, async (place) => {
    const fate = await place.play(function* ({ driver }) {
      using listener = yield* listen(LOOPBACK, 0, { driver, tls: own() })
      yield* spawn(function* () {
        const server = yield* listener.accept()
        yield* server.sendall('greeting')
        server.close()
        yield* server.whenClosed()
      })
      return yield* fateOf(yield* connect(LOOPBACK, listener.address.port, { driver, tls: trust() }))
    })

    expect(fate).toBe('greeting|end')
  })

  test('finishes it for a client that has said nothing, after a shutdown', PLACES, async (place) => {
    const fate = await place.play(function* ({ driver }) {
      using listener = yield* listen(LOOPBACK, 0, { driver, tls: own() })
      yield* spawn(function* () {
        const server = yield* listener.accept()
        server.shutdown()
        server.close()
        yield* server.whenClosed()
      })
      return yield* fateOf(yield* connect(LOOPBACK, listener.address.port, { driver, tls: trust() }))
    })

    expect(fate).toBe('|end')
  })

  test('is over at once for a client that has said nothing', PLACES, async (place) => {
    const [fate, error] = await place.play(function* (world) {
      const { client, server, handshake } = yield* waiting(world, Buffer.alloc(0))
      server.close()
      yield* server.whenClosed()
      return [yield* fateOf(client), yield* handshake]
    })

    expect(fate).toBe('|end')
    expect(error).toBeInstanceOf(ClosedError)
  })

  test('wakes a task that waits for it at once', PLACES, async (place) => {
    const error = await place.play(function* (world) {
      const { client, server, handshake } = yield* waiting(world, HALF_A_HELLO)
      server.close()
      const error = yield* handshake
      client.abort()
      yield* server.whenClosed()
      return error
    })

    expect(error).toBeInstanceOf(ClosedError)
  })

  it.skipIf(noOpenssl).each([
    ['linger', {}, 5000],
    ['handshakeTimeout', { handshakeTimeout: 1000 }, 980],
  ] as const)(named('waits for it no longer than %s', noOpenssl), async (_, options, bound) => {
    const [fate, ms] = await simulated().play(function* (world) {
      const { client, server } = yield* waiting(world, HALF_A_HELLO, options)
      const begun = now()
      server.close()
      yield* server.whenClosed()
      const ms = now() - begun
      return [yield* fateOf(client), ms]
    })

    expect([fate, ms]).toEqual(['|ConnectionResetError', bound])
  })

  test('ends with a client that gives up', PLACES, async (place) => {
    const closed = await place.play(function* (world) {
      const closed: boolean[] = []
      for (const giveUp of ['shutdown', 'abort', 'nonsense'] as const) {
        const { client, server } = yield* waiting(world, HALF_A_HELLO)
        server.close()
        closed.push(yield* race([closedOf(server), stillOpen()]))
        if (giveUp === 'nonsense') yield* client.sendall(Buffer.alloc(1000))
        else client[giveUp]()
        yield* server.whenClosed()
        client.abort()
      }
      return closed
    })

    // On the real network the bytes may not have come before the close.
    if (String(place) === 'simulated') expect(closed).toEqual([false, false, false])
    expect(closed).toHaveLength(3)
  })

  test('can be made a close at once', PLACES, async (place) => {
    const fate = await place.play(function* (world) {
      const { client, server } = yield* waiting(world, HALF_A_HELLO)
      server.close()
      server.socket.close(true)
      yield* sleep(5)
      server.socket.close(false)
      yield* server.whenClosed()
      return yield* fateOf(client)
    })

    expect(fate).toBe('|end')
  })
})

describe('a close after the handshake', () => {
  test('frees the descriptor of an end whose sends have failed', PLACES, async (place) => {
    const fate = await place.play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust(), own())
      const [inner] = world.incoming
      const fails = () => {
        throw new ConnectionResetError('the peer has disconnected', 'ECONNRESET')
      }
      Object.assign(inner!, { read: fails, write: fails })
      yield* server.sendall('greeting')
      const error = yield* errorOf(server.flush())
      server.close()
      yield* server.whenClosed()
      client.abort()
      return error
    })

    expect(fate).toBeInstanceOf(ConnectionResetError)
  })

  test('ends when the peer has ended its side too, though it has not closed', PLACES, async (place) => {
    const took = await place.play(function* (world) {
      const begun = now()
      for (const first of ['close', 'shutdown'] as const) {
        const { client, server } = yield* tlsPair(world, trust(), own())
        yield* server.sendall('unread')
        yield* client.peek()
        if (first === 'shutdown') server.shutdown()
        client.close()
        expect(yield* server.recv()).toHaveLength(0)
        server.shutdown()
        // The client would linger for five seconds.
        yield* client.whenClosed()
        server.close()
        yield* server.whenClosed()
      }
      return now() - begun
    })

    expect(took).toBeLessThan(4000)
  })
})
