// What the two ends of TLS say after the handshake beside the plaintext: the last message of the
// client, and the tickets of the server.
import { type Connection, connect, listen } from '@bluelet/net'
import type { SimulationOptions } from '@bluelet/net/testing'
import { type Coroutine, now, sleep, spawn } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'
import { LOOPBACK, pattern, perform } from '../world.js'
import { simulated, tlsPair } from './worlds.js'

describe.skipIf(noOpenssl)(`after a TLS handshake${noOpenssl ?? ''}`, () => {
  let made: Certificates

  beforeAll(() => {
    made = makeCertificates()
  })

  afterAll(() => made.remove())

  const own = () => ({ cert: made.server.cert, key: made.server.key })
  const trust = () => ({ ca: made.ca.cert, servername: 'localhost' })

  /** A client that sends at once, and closes. @returns what the server reads */
  function upload(
    send: (conn: Connection) => Coroutine<unknown>,
    options: SimulationOptions,
  ): Promise<Buffer> {
    return simulated(options).play(function* ({ driver }) {
      using listener = yield* listen(LOOPBACK, 0, { driver, tls: own() })
      const { port } = listener.address
      const client = yield* spawn(function* () {
        using conn = yield* connect(LOOPBACK, port, { driver, tls: trust() })
        yield* send(conn)
      })
      using conn = yield* listener.accept()
      yield* conn.handshake()
      yield* sleep(200)
      const received = yield* conn.readall()
      yield* client
      return received
    })
  }

  it.each([
    [
      'flush()',
      function* (conn: Connection) {
        yield* conn.sendall('a line')
        yield* conn.flush()
      },
    ],
    [
      'send()',
      function* (conn: Connection) {
        expect(yield* conn.send('a line')).toBe(6)
      },
    ],
  ])('%s waits for the last message of the client, and goes on after it', async (_, send) => {
    expect(String(await upload(send, { buffer: 32 }))).toBe('a line')
  })

  it('a client that closes before the tickets come loses nothing of what it has sent', async () => {
    const sent = pattern(6000)
    const received = await upload((conn) => perform(conn.sendall(sent)), { latency: 50, buffer: 4000 })

    expect(received.equals(sent)).toBe(true)
  })

  it('a client that has received something has the tickets, and waits for no end', async () => {
    const took = await simulated().play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust(), own())
      yield* server.sendall('hello')
      yield* client.readexactly(5)
      const begun = now()
      client.close()
      yield* client.whenClosed()
      server.close()
      return now() - begun
    })

    expect(took).toBeLessThan(5)
  })
})
