// Scenarios of trio's test_ssl.py that no other suite has, in the simulation.
import { BusyError, type Connection, connect, listen, TlsError, TruncatedError } from '@bluelet/net'
import { all, type Coroutine, sleep, spawn } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'
import { fateOf } from '../serving.js'
import { errorOf, LOOPBACK } from '../world.js'
import { simulated, type TlsWorld, tlsPair } from './worlds.js'

describe.skipIf(noOpenssl)(`TLS as trio tests it${noOpenssl ?? ''}`, () => {
  let made: Certificates

  beforeAll(() => {
    made = makeCertificates()
  })

  afterAll(() => made.remove())

  const own = () => ({ cert: made.server.cert, key: made.server.key })
  const trust = () => ({ ca: made.ca.cert, servername: 'localhost' })
  const play = <T>(main: (world: TlsWorld) => Coroutine<T>): Promise<T> => simulated().play(main)

  function* protocolOf(conn: Connection) {
    return (yield* conn.handshake())?.protocol
  }

  it('busy: a second reader is refused, and many sends and handshakes are not', async () => {
    const [busy, read, protocols] = await play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust(), own())
      const reading = yield* spawn(function* () {
        return String(yield* client.readexactly(4))
      })
      yield* sleep(1)
      const busy = yield* errorOf(client.recv())
      yield* all([server.sendall('ab'), server.sendall('cd')])
      const protocols = yield* all([protocolOf(client), protocolOf(client), protocolOf(server)])
      const read = yield* reading
      client.abort()
      server.abort()
      return [busy, read, protocols]
    })

    expect(busy).toBeInstanceOf(BusyError)
    expect([read, protocols]).toEqual(['abcd', ['TLSv1.3', 'TLSv1.3', 'TLSv1.3']])
  })

  it('trailing bytes: what comes after the close_notify is no part of the stream', async () => {
    const fate = await play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust(), own())
      yield* server.sendall('all')
      server.shutdown()
      yield* sleep(5)
      world.incoming[0]!.write(Buffer.from('trailing'))
      const fate = yield* fateOf(client)
      server.abort()
      return fate
    })

    expect(fate).toBe('all|end')
  })

  it('no EOF before the handshake is taken for the end of the stream', async () => {
    const errors = await play(function* ({ driver }) {
      using listener = yield* listen(LOOPBACK, 0, { driver, tls: { ...own(), truncation: 'end' } })
      const client = yield* connect(LOOPBACK, listener.address.port, { driver })
      client.shutdown()
      const server = yield* listener.accept()
      const errors = [yield* errorOf(server.recv()), yield* errorOf(server.sendall(Buffer.alloc(100_000)))]
      client.abort()
      server.close()
      return errors
    })

    expect(errors[0]).toBeInstanceOf(TruncatedError)
    expect(errors[1].name).not.toBe('TimeoutError')
  })

  it('disagreement: two ends without a common cipher suite both get an error', async () => {
    const [atClient, atServer] = await play(function* ({ driver }) {
      const tls = { ...own(), ciphers: 'TLS_AES_128_GCM_SHA256' }
      using listener = yield* listen(LOOPBACK, 0, { driver, tls })
      const accepting = yield* spawn(function* () {
        const server = yield* listener.accept()
        const error = yield* errorOf(server.handshake())
        server.close()
        return error
      })
      const client = { ...trust(), ciphers: 'TLS_AES_256_GCM_SHA384' }
      const atClient = yield* errorOf(connect(LOOPBACK, listener.address.port, { driver, tls: client }))
      return [atClient, yield* accepting]
    })

    expect([atClient, atServer]).toEqual([expect.any(TlsError), expect.any(TlsError)])
  })
})
