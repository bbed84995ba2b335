// Traps of TLS, by the numbers of the list that they come from: what goes wrong between the end of
// TLS and that of the transport, in handshakes that fail, and in what is encrypted and what is not.

import {
  type Connection,
  ConnectionResetError,
  connect,
  listen,
  TlsError,
  TruncatedError,
} from '@bluelet/net'
import { READABLE } from '@bluelet/net/driver'
import { all, kill, Latch, now, race, sleep, spawn, timeout } from '@bluelet/scheduler'
import { afterAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'
import { named } from '../../support/program.js'
import { fateOf, serve } from '../serving.js'
import { PLACES, simulated, type TlsPlace, tlsPair } from '../tls/worlds.js'
import { errorOf, LOOPBACK, pattern } from '../world.js'

let certificates: Certificates | undefined

afterAll(() => certificates?.remove())

/** What both ends need; made when it is first needed. */
function made() {
  certificates ??= makeCertificates()
  const { ca, server, client, rogue, other } = certificates
  return {
    certificates,
    trust: { ca: ca.cert, servername: 'localhost' },
    own: { cert: server.cert, key: server.key },
    asking: { cert: server.cert, key: server.key, ca: ca.cert, clientCertificate: 'require' as const },
    asClient: { cert: client.cert, key: client.key },
    asRogue: { cert: rogue.cert, key: rogue.key },
    asOther: { cert: other.cert, key: other.key },
  }
}

/** Describes one trap in each place. */
function trap(
  title: string,
  test: (place: TlsPlace) => Promise<void>,
  places: readonly TlsPlace[] = PLACES,
): void {
  it.skipIf(noOpenssl).each(places)(named(`${title} (%s)`, noOpenssl), test)
}

function* nothing() {
  yield* sleep(20)
  return 'nothing'
}

/** Reads piece by piece. */
function* inPieces(conn: Connection, size: number) {
  let text = ''
  for (let data = yield* conn.recv(size); data.length > 0; data = yield* conn.recv(size)) text += data
  return text
}

describe('the end of TLS', () => {
  trap('1: the end of the transport alone is an error, after all bytes', async (place) => {
    const { trust, own } = made()
    const [bytes, error, again] = await place.play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust, own)
      yield* server.sendall('all that there is')
      yield* server.flush()
      world.incoming[0]!.shutdown()
      const bytes = yield* client.readexactly(17)
      const error = yield* errorOf(client.recv())
      const again = yield* errorOf(client.recv())
      client.close()
      server.abort()
      return [String(bytes), error, again]
    })

    expect(bytes).toBe('all that there is')
    expect(error).toBeInstanceOf(TruncatedError)
    expect(error).toBeInstanceOf(ConnectionResetError)
    expect(error.code).toBe('ERR_BLUELET_TLS_TRUNCATED')
    expect(again.name).toBe('ClosedError')
  })

  trap('1: is the end of the stream, if the program says so', async (place) => {
    const { trust, own } = made()
    const fate = await place.play(function* (world) {
      const { client, server } = yield* tlsPair(
        world,
        { ...trust, truncation: 'end' },
        { ...own, truncation: 'end' },
      )
      yield* server.sendall('x')
      yield* server.flush()
      world.incoming[0]!.shutdown()
      const fate = yield* fateOf(client)
      server.abort()
      return fate
    })

    expect(fate).toBe('x|end')
  })

  trap(
    '2 and 3: close_notify is the end, together with bytes and the end of the transport',
    async (place) => {
      const { trust, own } = made()
      const texts = await place.play(function* (world) {
        const texts: string[] = []
        for (const size of [1, 65_536]) {
          const { client, server } = yield* tlsPair(world, trust, own)
          yield* server.sendall('bytes')
          server.close()
          yield* server.whenClosed()
          texts.push(yield* inPieces(client, size))
          client.close()
        }
        return texts
      })

      expect(texts).toEqual(['bytes', 'bytes'])
    },
  )

  trap('4, 5 and 6: our end leaves the transport open, and the peer may reply', async (place) => {
    const { trust, own } = made()
    const [request, reply, over] = await place.play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust, own)
      yield* client.sendall('request')
      client.shutdown()
      client.shutdown()
      const request = yield* server.readall()
      // A turn later Node would have ended the other side as well.
      yield* sleep(1)
      yield* server.sendall('late reply')
      server.close()
      const reply = yield* client.readall()
      client.close()
      yield* client.whenClosed()
      yield* server.whenClosed()
      return [String(request), String(reply), client.closed && server.closed]
    })

    expect([request, reply, over]).toEqual(['request', 'late reply', true])
  })

  trap(
    '7: a reset comes after the bytes before it',
    async (place) => {
      const { trust, own } = made()
      const fate = await place.play(function* (world) {
        const { client, server } = yield* tlsPair(world, trust, own)
        yield* server.sendall('before')
        yield* server.flush()
        yield* sleep(1)
        server.abort()
        yield* sleep(1)
        return yield* fateOf(client)
      })

      expect(fate).toBe('before|ConnectionResetError')
    },
    [simulated()],
  )

  trap('14: an abort is a reset of the transport', async (place) => {
    const { trust, own } = made()
    const fate = await place.play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust, own)
      server.abort()
      return yield* fateOf(client)
    })

    expect(fate).toBe('|ConnectionResetError')
  })
})

describe('what is read and written', () => {
  trap('8: a session ticket is no news', async (place) => {
    const { trust, own } = made()
    const told = await place.play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust, own)
      const told: number[] = []
      const { observer } = client.socket
      client.socket.observer = { ready: (what) => void told.push(what) }
      const nothing = client.socket.read(1)
      yield* sleep(20)
      client.socket.observer = observer
      client.abort()
      server.abort()
      return [nothing, told.filter((what) => (what & READABLE) !== 0).length]
    })

    expect(told).toEqual([null, 0])
  })

  trap('9: what is left of a record is read without other news', async (place) => {
    const { trust, own } = made()
    const sent = pattern(10_000)
    const got = await place.play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust, own)
      yield* server.sendall(sent)
      const parts: Buffer[] = []
      for (let left = sent.length; left > 0; left -= parts.at(-1)!.length) parts.push(yield* client.recv(97))
      client.abort()
      server.abort()
      return Buffer.concat(parts)
    })

    expect(got.equals(sent)).toBe(true)
  })

  trap(
    '15: a partial write below leads to another, until nothing fits',
    async (place) => {
      const { trust, own } = made()
      const sent = pattern(100_000)
      const got = await place.play(function* (world) {
        const { client, server } = yield* tlsPair(world, trust, own)
        yield* spawn(function* () {
          yield* client.sendall(sent)
          client.close()
        })
        const got = yield* timeout(60_000, server.readall({ limit: 1e6 }))
        server.close()
        return got
      })

      expect(got.equals(sent)).toBe(true)
    },
    [simulated({ buffer: 1000, latency: 5 }), simulated({ buffer: 1000, fragment: true })],
  )

  trap('23: sending nothing sends nothing', async (place) => {
    const { trust, own } = made()
    const fate = await place.play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust, own)
      yield* server.sendall('')
      const count = yield* server.send(Buffer.alloc(0))
      yield* server.flush()
      const first = yield* race([client.recv(), nothing()])
      yield* server.sendall('x')
      server.close()
      return [count, first, yield* fateOf(client)]
    })

    expect(fate).toEqual([0, 'nothing', 'x|end'])
  })
})

describe('a handshake that fails', () => {
  trap('10: a silent client is dropped after handshakeTimeout, and its place is free', async (place) => {
    const { own } = made()
    const [ended, drops, errors, fate, open] = await place.play(function* ({ driver }) {
      const closed = new Latch()
      const { port, counts, drops, errors, task } = yield* serve(function* () {}, {
        driver,
        tls: { ...own, handshakeTimeout: 30 },
        onClose: () => closed.open(),
      })
      const conn = yield* connect(LOOPBACK, port, { driver })
      yield* closed.wait()
      const fate = yield* fateOf(conn)
      yield* kill(task)
      return [counts.ended.handshake, drops.map(([reason]) => reason), errors, fate, counts.open]
    })

    expect([ended, drops, errors, open]).toEqual([1, ['handshake'], [], 0])
    expect(fate).toBe('|ConnectionResetError')
  })

  trap(
    '10: the end of a silent client harms no connection whose handshake came later',
    async (place) => {
      const { own, trust } = made()
      const text = await place.play(function* ({ driver }) {
        const dropped = new Latch()
        const { port, task } = yield* serve(
          function* (conn) {
            yield* conn.sendall(yield* conn.readline())
          },
          { driver, tls: { ...own, handshakeTimeout: 100 }, onDrop: () => dropped.open() },
        )
        const silent = yield* connect(LOOPBACK, port, { driver })
        const conn = yield* connect(LOOPBACK, port, { driver, tls: trust })
        yield* dropped.wait()
        yield* sleep(20)
        yield* conn.sendall('alive\n')
        const text = yield* fateOf(conn)
        silent.abort()
        yield* kill(task)
        return text
      })

      expect(text).toBe('alive\n|end')
    },
    [simulated()],
  )

  trap(
    '10: the end of a silent client is not that of one in the middle of its handshake',
    async (place) => {
      const { own } = made()
      const times = await place.play(function* ({ driver }) {
        const times: number[] = []
        const { port, task } = yield* serve(function* () {}, {
          driver,
          tls: { ...own, handshakeTimeout: 100 },
          onDrop: () => void times.push(now()),
        })
        yield* connect(LOOPBACK, port, { driver })
        yield* sleep(50)
        const slow = yield* connect(LOOPBACK, port, { driver })
        yield* slow.sendall(Buffer.from('160301', 'hex')) // The beginning of a ClientHello.
        yield* sleep(200)
        yield* kill(task)
        return times
      })

      const [silent = 0, slow = 0] = times
      expect(slow - silent).toBeGreaterThanOrEqual(50)
    },
    [simulated()],
  )

  trap('11: plain HTTP is counted, and is no error of the handler', async (place) => {
    const { own } = made()
    const [drops, errors, failed] = await place.play(function* ({ driver }) {
      const { port, counts, drops, errors, task } = yield* serve(function* () {}, { driver, tls: own })
      const conn = yield* connect(LOOPBACK, port, { driver })
      yield* conn.sendall('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
      yield* fateOf(conn)
      yield* sleep(20)
      yield* kill(task)
      return [drops.map(([reason]) => reason), errors, counts.failed]
    })

    expect([drops, errors, failed]).toEqual([['handshake'], [], 0])
  })

  trap('of many at once, each ends the connection that it belongs to, and no other', async (place) => {
    const clients = 12
    const { own, trust } = made()
    const protocols = Array.from({ length: clients }, (_, i) => `p${i}`)
    const [answers, dropped] = await place.play(function* ({ driver }) {
      const { port, counts, task } = yield* serve(
        function* (conn) {
          const line = yield* conn.readline('\n', { encoding: 'utf8' })
          yield* conn.sendall(`${conn.tls?.alpn} got ${line}`)
        },
        { driver, tls: { ...own, alpn: protocols } },
      )
      const answers = yield* all(protocols.map((protocol, i) => client(protocol, i % 3 === 2)))
      const dropped = counts.ended.handshake
      yield* kill(task)
      return [answers, dropped]

      function* client(protocol: string, fails: boolean) {
        const tls = { ...trust, alpn: [protocol] }
        const conn = yield* connect(LOOPBACK, port, fails ? { driver } : { driver, tls })
        yield* conn.sendall(fails ? 'GET / HTTP/1.1\r\n\r\n' : `${protocol}\n`)
        const fate = yield* fateOf(conn)
        return fails ? fate.includes('got') : fate
      }
    })

    expect(answers).toEqual(protocols.map((name, i) => (i % 3 === 2 ? false : `${name} got ${name}|end`)))
    expect(dropped).toBe(clients / 3)
  })

  trap('12 and 22: a client’s certificate of another authority, or none, is refused', async (place) => {
    const { trust, asking, asClient, asRogue } = made()
    const results = await place.play(function* ({ driver }) {
      const { port, drops, errors, task } = yield* serve(
        function* (conn) {
          yield* conn.sendall(`${conn.tls?.authorized}`)
        },
        { driver, tls: asking },
      )
      const fates: string[] = []
      for (const own of [asClient, asRogue, {}]) {
        // With TLS 1.3 the client is done before the server has seen its certificate.
        const conn = yield* connect(LOOPBACK, port, { driver, tls: { ...trust, ...own } })
        fates.push(yield* fateOf(conn))
      }
      yield* kill(task)
      return [fates[0], fates[1] !== '|end', fates[2] !== '|end', drops.map(([reason]) => reason), errors]
    })

    expect(results).toEqual(['true|end', true, true, ['handshake', 'handshake'], []])
  })

  trap(
    '13: a callback that throws, or has no certificate, is an alert, and the server lives',
    async (place) => {
      const { trust, own, certificates } = made()
      const { other } = certificates
      const [errors, drops, alpn, fate] = await place.play(function* ({ driver }) {
        const sni = (name: string) => {
          if (name === 'localhost') throw new Error('broken')
          return name === 'other.test' ? { cert: other.cert, key: other.key } : undefined
        }
        const { port, drops, task } = yield* serve(
          function* (conn) {
            yield* conn.sendall(String(conn.tls?.servername))
          },
          { driver, tls: { ...own, sni, alpn: ['one'] } },
        )
        const tls = (servername: string, alpn = 'one') => ({
          driver,
          tls: { ...trust, servername, alpn: [alpn] },
        })
        const errors = [
          yield* errorOf(connect(LOOPBACK, port, tls('localhost'))),
          yield* errorOf(connect(LOOPBACK, port, tls('unknown.test'))),
        ]
        const alpn = yield* errorOf(connect(LOOPBACK, port, tls('other.test', 'another')))
        const fate = yield* fateOf(yield* connect(LOOPBACK, port, tls('other.test')))
        yield* kill(task)
        return [errors, drops.map(([reason]) => reason), alpn, fate]
      })

      for (const error of errors) {
        expect(error).toBeInstanceOf(TlsError)
        expect([error.alert, error.reason]).toEqual(['unrecognized_name', 'protocol'])
      }
      expect(alpn.alert).toBe('no_application_protocol')
      expect(drops).toEqual(['handshake', 'handshake', 'handshake'])
      expect(fate).toBe('other.test|end')
    },
  )

  trap('19: a numeric host is no name, and the certificate must be for it', async (place) => {
    const { trust, own } = made()
    const [name, authorized] = await place.play(function* (world) {
      const { client, server } = yield* tlsPair(world, { ca: trust.ca }, own)
      const name = server.tls?.servername
      client.close()
      server.close()
      return [name, client.tls?.authorized]
    })

    expect([name, authorized]).toEqual([undefined, true])
  })

  trap('20: a wrong name and an unknown authority have the system’s code', async (place) => {
    const { trust, own, asOther } = made()
    const results = await place.play(function* ({ driver }) {
      const good = yield* serve(function* () {}, { driver, tls: own })
      const other = yield* serve(function* () {}, { driver, tls: asOther })
      const { NODE_TLS_REJECT_UNAUTHORIZED } = process.env
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
      try {
        return [
          yield* errorOf(connect(LOOPBACK, other.port, { driver, tls: trust })),
          yield* errorOf(connect(LOOPBACK, other.port, { driver, tls: { ca: trust.ca } })),
          yield* errorOf(connect('localhost', good.port, { driver, tls: true })),
        ]
      } finally {
        if (NODE_TLS_REJECT_UNAUTHORIZED === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
        yield* kill(good.task)
        yield* kill(other.task)
      }
    })

    expect(results.map(({ name, code, reason }) => [name, code, reason])).toEqual([
      ['TlsError', 'ERR_TLS_CERT_ALTNAME_INVALID', 'certificate'],
      ['TlsError', 'ERR_TLS_CERT_ALTNAME_INVALID', 'certificate'],
      ['TlsError', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate'],
    ])
    expect(results[2].message).toContain('NODE_TLS_REJECT_UNAUTHORIZED has no effect here')
  })

  trap('23: a slow handshake does not hold up an accept', async (place) => {
    const { trust, own } = made()
    const text = await place.play(function* ({ driver }) {
      using listener = yield* listen(LOOPBACK, 0, { driver, tls: own })
      const { port } = listener.address
      const silent = yield* connect(LOOPBACK, port, { driver })
      const first = yield* listener.accept()
      const connecting = yield* spawn(function* () {
        const conn = yield* connect(LOOPBACK, port, { driver, tls: trust })
        return yield* fateOf(conn)
      })
      const second = yield* listener.accept()
      yield* second.sendall('served')
      second.close()
      const text = yield* connecting
      silent.abort()
      first.abort()
      return text
    })

    expect(text).toBe('served|end')
  })
})
