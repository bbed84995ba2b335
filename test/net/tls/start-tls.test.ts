// The change of a connection to TLS: what goes out in the clear before it, what refuses it, and
// what goes on.
import {
  BusyError,
  ClosedError,
  type Connection,
  ConnectionResetError,
  connect,
  listen,
  relay,
  type StartTls,
  TlsError,
  toStream,
} from '@bluelet/net'
import { kill, Latch, race, sleep, spawn, TimeoutError, timeout } from '@bluelet/scheduler'
import { afterAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'
import { named } from '../../support/program.js'
import { fateOf, serve } from '../serving.js'
import { errorOf, LOOPBACK, pattern } from '../world.js'
import { PLACES, simulated, type TlsPlace, type TlsWorld } from './worlds.js'

let certificates: Certificates | undefined

afterAll(() => certificates?.remove())

/** What both ends need; made when it is first needed. */
function made() {
  certificates ??= makeCertificates()
  const { ca, server } = certificates
  const own = { cert: server.cert, key: server.key, server: true } as const
  return { trust: { ca: ca.cert, servername: 'localhost' }, own }
}

function inEach(
  title: string,
  test: (place: TlsPlace) => Promise<void>,
  places: readonly TlsPlace[] = PLACES,
): void {
  it.skipIf(noOpenssl).each(places)(named(`${title} (%s)`, noOpenssl), test)
}

/** Both ends of a connection without TLS. */
function* plainPair({ driver }: TlsWorld) {
  using listener = yield* listen(LOOPBACK, 0, { driver })
  const client = yield* connect(LOOPBACK, listener.address.port, { driver })
  return { client, server: yield* listener.accept() }
}

function* startOf(conn: Connection, options: StartTls) {
  return yield* conn.startTls(options)
}

function* streamOf(conn: Connection) {
  return toStream(conn)
}

/** Both ends, once they speak TLS. */
function* securedPair(world: TlsWorld) {
  const { trust, own } = made()
  const pair = yield* plainPair(world)
  const starting = yield* spawn(startOf, pair.server, own)
  yield* pair.client.startTls(trust)
  yield* starting
  return pair
}

describe('startTls', () => {
  inEach('changes the same connection, whose sends and reads go on', async (place) => {
    const { trust, own } = made()
    const results = await place.play(function* (world) {
      const { client, server } = yield* plainPair(world)
      const asking = yield* spawn(function* () {
        yield* client.sendall('STARTTLS\r\n')
        const greeting = yield* client.readline()
        const info = yield* client.startTls({ ...trust, alpn: ['two', 'one'] })
        yield* client.sendall('inside')
        client.shutdown()
        return [String(greeting), info.authorized, info.alpn, yield* fateOf(client)]
      })
      const request = yield* server.readline()
      yield* server.sendall('220 go ahead\r\n')
      const info = yield* server.startTls({ ...own, alpn: ['one'] })
      const inside = yield* server.readall()
      yield* server.sendall('reply')
      server.close()
      const names = [info.servername, info.alpn, server.tls === info, server.socket.tls?.info === info]
      return [String(request), String(inside), names, yield* asking]
    })

    expect(results).toEqual([
      'STARTTLS\r\n',
      'inside',
      ['localhost', 'one', true, true],
      ['220 go ahead\r\n', true, 'one', 'reply|end'],
    ])
  })

  inEach('takes its place among the sends: those before it are not encrypted', async (place) => {
    const { trust, own } = made()
    const sent = pattern(3_000_000)
    const [same, text] = await place.play(function* (world) {
      const { client, server } = yield* plainPair(world)
      const sending = yield* spawn(function* () {
        // More than the kernel takes, so that the rest is refused.
        for (let at = 0; at < sent.length; ) {
          const piece = sent.subarray(at, at + 16_000)
          if (!server.trySend(piece)) yield* server.sendall(piece)
          at += piece.length
        }
        const starting = yield* spawn(startOf, server, own)
        yield* sleep(0)
        yield* server.sendall('encrypted')
        yield* starting
        server.close()
      })
      yield* sleep(20)
      const got = yield* client.readexactly(sent.length, { limit: sent.length })
      yield* client.startTls(trust)
      const text = yield* client.readall()
      client.close()
      yield* sending
      return [got.equals(sent), String(text)]
    })

    expect([same, text]).toEqual([true, 'encrypted'])
  })

  inEach('17: unread plaintext is refused, and the connection aborted', async (place) => {
    const { own } = made()
    const results = await place.play(function* (world) {
      // Received together with the line before, and after it.
      const results = []
      for (const later of [false, true]) {
        const { client, server } = yield* plainPair(world)
        yield* client.sendall(later ? 'STARTTLS\r\n' : 'STARTTLS\r\nMAIL FROM:<injected>\r\n')
        yield* client.flush()
        yield* server.readline()
        if (later) {
          yield* client.sendall('MAIL FROM:<injected>\r\n')
          yield* client.flush()
          yield* sleep(20)
        }
        const error = yield* errorOf(server.startTls(own))
        results.push([error, server.closed, yield* fateOf(client)])
        yield* server.whenClosed()
        expect(yield* errorOf(server.recv())).toBeInstanceOf(ClosedError)
      }
      return results
    })

    for (const [error, closed, fate] of results) {
      expect(error).toBeInstanceOf(TlsError)
      expect([error.code, error.reason]).toEqual(['ERR_BLUELET_TLS_BUFFERED', 'protocol'])
      expect(error.message).toContain('22 bytes were received without TLS')
      expect([closed, fate]).toEqual([true, '|ConnectionResetError'])
    }
  })

  inEach('17: a client refuses whatever comes before its handshake', async (place) => {
    const { trust } = made()
    const error = await place.play(function* (world) {
      const { client, server } = yield* plainPair(world)
      yield* server.sendall('250 injected\r\n')
      yield* server.flush()
      yield* sleep(20)
      const error = yield* errorOf(client.startTls(trust))
      server.abort()
      return error
    })

    expect(error).toBeInstanceOf(TlsError)
    // The driver `node` does not look at what the system has received before the first read.
    const code = place.toString() === 'node' ? 'ERR_SSL_WRONG_VERSION_NUMBER' : 'ERR_BLUELET_TLS_BUFFERED'
    expect(error.code).toBe(code)
  })

  inEach('takes a handshake that has been received, in the driver or if it is told so', async (place) => {
    const { trust, own } = made()
    const texts = await place.play(function* (world) {
      const texts: string[] = []
      for (const peeked of [false, true]) {
        const { client, server } = yield* plainPair(world)
        yield* client.sendall('PROXY UNKNOWN\r\n')
        const starting = yield* spawn(startOf, client, trust)
        yield* sleep(20)
        // The rest is received ahead only if a read has to.
        if (peeked) yield* server.peek()
        const header = yield* server.readexactly(15)
        yield* server.startTls({ ...own, buffered: 'handshake' })
        yield* starting
        yield* client.sendall('inside')
        client.close()
        texts.push(`${header}${yield* fateOf(server)}`)
        const plain = yield* plainPair(world)
        const other = yield* spawn(startOf, plain.client, trust)
        yield* sleep(20)
        yield* plain.server.startTls(own)
        yield* other
        plain.client.close()
        texts.push(yield* fateOf(plain.server))
      }
      return texts
    })

    expect(texts).toEqual(['PROXY UNKNOWN\r\ninside|end', '|end', 'PROXY UNKNOWN\r\ninside|end', '|end'])
  })

  inEach('18: is refused while a task reads, or waits in a send', async (place) => {
    const { own } = made()
    const messages = await place.play(function* (world) {
      const { client, server } = yield* plainPair(world)
      const reading = yield* spawn(function* () {
        return yield* server.readline()
      })
      yield* sleep(1)
      const errors = [yield* errorOf(server.startTls(own))]
      yield* client.sendall('line\n')
      const line = yield* reading
      const sending = yield* spawn(function* () {
        return yield* errorOf(server.sendall(Buffer.alloc(50_000_000)))
      })
      yield* sleep(1)
      errors.push(yield* errorOf(server.startTls(own)))
      const closed = server.closed
      server.abort()
      yield* sending
      client.abort()
      return [errors, String(line), closed]
    })

    const [errors, line, closed] = messages as [Error[], string, boolean]
    expect([line, closed]).toEqual(['line\n', false])
    for (const error of errors) expect(error).toBeInstanceOf(BusyError)
    expect(errors.map(({ message }) => message)).toEqual([
      'startTls(): a task waits in readline(); start TLS when no read or send waits',
      'startTls(): a task waits in sendall(50000000 bytes); start TLS when no read or send waits',
    ])
  })

  inEach('is refused after shutdown(), after close(), twice, and in a stream or a relay', async (place) => {
    const { trust, own } = made()
    const results = await place.play(function* (world) {
      const results: string[] = []
      const note = function* (conn: Connection) {
        const error = yield* errorOf(conn.startTls(own))
        results.push(`${error.name}: ${error.message}`)
      }
      const { client, server } = yield* plainPair(world)
      server.shutdown()
      yield* note(server)
      server.abort()
      yield* note(server)
      client.abort()
      const twice = yield* securedPair(world)
      yield* note(twice.server)
      yield* twice.client.sendall('goes on')
      twice.client.close()
      results.push(yield* fateOf(twice.server))
      if (place.toString() !== 'simulated') {
        const streamed = yield* plainPair(world)
        const stream = toStream(streamed.server)
        yield* note(streamed.server)
        stream.destroy()
        streamed.client.abort()
      }
      const one = yield* plainPair(world)
      const other = yield* plainPair(world)
      const relaying = yield* spawn(function* () {
        return yield* errorOf(relay(one.server, other.server))
      })
      yield* sleep(1)
      yield* note(one.server)
      yield* kill(relaying)
      for (const conn of [one.client, one.server, other.client, other.server]) conn.abort()
      expect(yield* errorOf(one.client.startTls(trust))).toBeInstanceOf(ClosedError)
      return results
    })

    expect(results).toEqual([
      'ClosedError: startTls(): after shutdown()',
      'ClosedError: startTls(): the connection is closed',
      'TypeError: startTls(): the connection has TLS already',
      'goes on|end',
      ...(place.toString() === 'simulated'
        ? []
        : ['BusyError: startTls(): the connection belongs to its stream (toStream)']),
      'BusyError: startTls(): a task waits in recv(65536); start TLS when no read or send waits',
    ])
  })

  inEach('a kill or a time limit aborts the connection, and nothing is left', async (place) => {
    const { own } = made()
    const results = await place.play(function* (world) {
      const results = []
      for (const clogged of [false, true]) {
        const { client, server } = yield* plainPair(world)
        if (clogged) while (server.trySend(Buffer.alloc(60_000))) yield* sleep(0)
        results.push(yield* errorOf(timeout(5, server.startTls(own))), server.closed)
        yield* server.whenClosed()
        results.push((yield* fateOf(client)).endsWith('|ConnectionResetError'))
      }
      const { client, server } = yield* plainPair(world)
      const starting = yield* spawn(startOf, server, own)
      const reading = yield* spawn(function* () {
        return yield* errorOf(server.recv())
      })
      yield* sleep(1)
      yield* kill(starting)
      results.push(yield* reading)
      client.abort()
      return results
    })

    expect(results).toEqual([
      expect.any(TimeoutError),
      true,
      true,
      expect.any(TimeoutError),
      true,
      true,
      expect.any(ClosedError),
    ])
  })

  inEach('ends with the connection, in each of its phases', async (place) => {
    const { own } = made()
    const errors = await place.play(function* (world) {
      const errors: Error[] = []
      for (const end of ['close', 'abort', 'reset'] as const) {
        for (const clogged of [false, true]) {
          const { client, server } = yield* plainPair(world)
          if (clogged) while (server.trySend(Buffer.alloc(60_000))) yield* sleep(0)
          const starting = yield* spawn(function* () {
            return yield* errorOf(server.startTls(own))
          })
          yield* sleep(1)
          if (end === 'reset') client.abort()
          else server[end]()
          errors.push(yield* starting)
          server.abort()
          client.abort()
        }
      }
      return errors
    })

    expect(errors.slice(0, 4).every((error) => error instanceof ClosedError)).toBe(true)
    expect(errors.slice(4).every((error) => error instanceof ConnectionResetError)).toBe(true)
  })

  inEach('while it waits for what was sent, nothing else may read', async (place) => {
    const { trust, own } = made()
    const results = await place.play(function* (world) {
      const { client, server } = yield* plainPair(world)
      let filled = 0
      for (; server.trySend(Buffer.alloc(60_000)); filled += 60_000) yield* sleep(0)
      const starting = yield* spawn(startOf, server, own)
      yield* sleep(1)
      // It reads ahead otherwise.
      const gone = yield* spawn(function* () {
        yield* server.whenGone({ end: true })
      })
      const errors = [
        yield* errorOf(server.recv()),
        yield* errorOf(server.startTls(own)),
        yield* errorOf(streamOf(server)),
      ]
      yield* client.readexactly(filled, { limit: filled })
      yield* client.startTls(trust)
      yield* starting
      client.close()
      yield* gone
      server.close()
      return errors.map(({ name, message }) => `${name}: ${message}`)
    })

    expect(results).toEqual([
      'BusyError: recv(65536): the connection belongs to startTls',
      'BusyError: startTls(): the connection belongs to startTls',
      'BusyError: toStream(conn): a task is using this connection; call it when no read or send waits',
    ])
  })

  inEach(
    'in a server, the limits of the session go on, and a failure is counted',
    async (place) => {
      const { own, trust } = made()
      const results = await place.play(function* ({ driver }) {
        const closed = new Latch()
        const bytes: [number, number][] = []
        const tls = { ...own, handshakeTimeout: 30 }
        const { port, counts, drops, errors, task } = yield* serve(
          function* (conn) {
            yield* conn.readline()
            yield* conn.sendall('220\n')
            yield* conn.startTls(tls)
            yield* conn.sendall(yield* conn.readline())
            yield* conn.readline()
          },
          {
            driver,
            idleTimeout: 60,
            firstByteTimeout: 60,
            onClose(_conn, { bytesRead, bytesWritten }) {
              bytes.push([bytesRead, bytesWritten])
              if (bytes.length === 2) closed.open()
            },
          },
        )
        const clients: Connection[] = []
        for (const speaks of [false, true]) {
          const conn = yield* connect(LOOPBACK, port, { driver })
          clients.push(conn)
          yield* conn.sendall('STARTTLS\n')
          yield* conn.readline()
          if (!speaks) continue
          yield* conn.startTls(trust)
          yield* conn.sendall('inside\n')
        }
        yield* closed.wait()
        const fates = [yield* fateOf(clients[0]!), yield* fateOf(clients[1]!)]
        yield* kill(task)
        return [counts.ended.handshake, drops.map(([reason]) => reason), errors, fates[0], bytes]
      })

      expect(results).toEqual([
        1,
        ['handshake', 'idle'],
        [],
        '|ConnectionResetError',
        [
          [9, 4],
          [16, 11],
        ],
      ])
    },
    [simulated()],
  )

  inEach('a client’s handshake has a time limit of its own', async (place) => {
    const { trust } = made()
    const error = await place.play(function* (world) {
      const { client, server } = yield* plainPair(world)
      const error = yield* errorOf(client.startTls({ ...trust, handshakeTimeout: 20 }))
      server.abort()
      return error
    })

    expect([error.name, error.code, error.reason]).toEqual(['TlsError', 'ETIMEDOUT', 'timeout'])
  })

  inEach(
    'verifies the certificate, and an end in the middle is an error',
    async (place) => {
      const { trust, own } = made()
      const [refused, ended] = await place.play(function* (world) {
        const { client, server } = yield* plainPair(world)
        const starting = yield* spawn(function* () {
          return yield* errorOf(server.startTls(own))
        })
        const refused = yield* errorOf(client.startTls({ ...trust, servername: 'other.test' }))
        yield* starting
        server.abort()
        const second = yield* plainPair(world)
        second.client.shutdown()
        const ended = yield* errorOf(second.server.startTls(own))
        second.client.abort()
        return [refused, ended]
      })

      expect(refused.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
      expect(ended.code).toBe('ERR_BLUELET_TLS_TRUNCATED')
    },
    [simulated(), simulated({ fragment: true, latency: [10, 50] })],
  )

  inEach(
    'lingers, and tells of the end that a task has waited for since before',
    async (place) => {
      const fate = await place.play(function* (world) {
        const pair = yield* plainPair(world)
        const waiting = yield* spawn(function* () {
          yield* pair.server.whenClosed()
          return 'closed'
        })
        yield* sleep(1)
        const { trust, own } = made()
        const starting = yield* spawn(startOf, pair.server, own)
        yield* pair.client.startTls(trust)
        yield* starting
        yield* pair.client.sendall('unread')
        yield* pair.client.flush()
        yield* sleep(1)
        yield* pair.server.sendall('reply')
        pair.server.close()
        const fate = yield* fateOf(pair.client)
        return [fate, yield* waiting]
      })

      expect(fate).toEqual(['reply|end', 'closed'])
    },
    [simulated()],
  )

  inEach(
    'fails with the reset that has come before it',
    async (place) => {
      const { trust } = made()
      const error = await place.play(function* (world) {
        const { client, server } = yield* plainPair(world)
        server.abort()
        yield* client.whenGone()
        return yield* errorOf(startOf(client, trust))
      })

      expect(error).toBeInstanceOf(ConnectionResetError)
    },
    [simulated()],
  )

  it('checks its options at the call', async () => {
    await simulated().play(function* (world) {
      const { client, server } = yield* plainPair(world)
      const start = (options: unknown) => () => client.startTls(options as StartTls)
      expect(start(undefined)).toThrow('startTls: expected an object with servername, or server: true')
      expect(start({})).toThrow('startTls: servername is missing')
      expect(start({ server: 1 })).toThrow('startTls: server: expected true or false, got 1')
      expect(start({ server: true })).toThrow('startTls: a server needs a certificate')
      expect(start({ servername: '1.2.3.4' })).toThrow('startTls: servername: expected a name and not')
      expect(start({ servername: 'a', buffered: true })).toThrow("startTls: buffered: expected 'handshake'")
      expect(start({ servername: 'a', handshakeTimeout: 0 })).toThrow('startTls: handshakeTimeout')
      const first = yield* race([client.recv(), nothing()])
      expect(first).toBe('nothing')
      client.abort()
      server.abort()
    })

    function* nothing() {
      yield* sleep(1)
      return 'nothing'
    }
  })
})
