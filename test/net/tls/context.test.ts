// A context of Node's in place of certificates, and what is read and hashed for a connection.
import crypto from 'node:crypto'
import fs from 'node:fs'
import type tls from 'node:tls'
import { createSecureContext } from 'node:tls'
import { connect, listen, type TlsClient, TlsError, type TlsServer } from '@bluelet/net'
import type { Driver } from '@bluelet/net/driver'
import { spawn } from '@bluelet/scheduler'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'
import { errorOf, LOOPBACK, thrownBy } from '../world.js'
import { PLACES, simulated, type TlsPlace, tlsPair } from './worlds.js'

describe.skipIf(noOpenssl)(`TLS${noOpenssl ?? ''}`, () => {
  let made: Certificates

  beforeAll(() => {
    made = makeCertificates()
  })

  afterAll(() => made.remove())

  afterEach(() => void vi.restoreAllMocks())

  const own = () => ({ cert: made.server.cert, key: made.server.key })
  const trust = () => ({ ca: made.ca.cert, servername: 'localhost' })
  const contextOf = (options: tls.SecureContextOptions) => createSecureContext(options)

  /** What the two ends have agreed on, after a byte from the server. */
  function agreed(place: TlsPlace, client: TlsClient, server: TlsServer) {
    return place.play(function* (world) {
      const ends = yield* tlsPair(world, client, server)
      yield* ends.server.sendall('x')
      yield* ends.client.readexactly(1)
      const found = [ends.client.tls, ends.server.tls] as const
      ends.client.close()
      ends.server.close()
      return found
    })
  }

  it.each(PLACES)('takes contexts of Node for both ends, also without a name (%s)', async (place) => {
    const context = contextOf({ ...own(), maxVersion: 'TLSv1.2' })
    const client = contextOf({ ca: made.ca.cert })
    const byName = await agreed(place, { context: client, servername: 'localhost' }, { context })
    const byAddress = await agreed(place, { context: client }, { context })

    for (const [ours, theirs] of [byName, byAddress]) {
      expect([ours?.protocol, ours?.authorized]).toEqual(['TLSv1.2', true])
      expect(theirs?.protocol).toBe('TLSv1.2')
    }
    expect([byName[1]?.servername, byAddress[1]?.servername]).toEqual(['localhost', undefined])
  })

  it('verifies clients by the authorities of the context', async () => {
    const context = contextOf({ ...own(), ca: made.ca.cert })
    const settings: TlsServer = { context, clientCertificate: 'require' }
    const { cert, key } = made.client
    const good = await agreed(simulated(), { ...trust(), cert, key }, settings)
    const refused = await refusals({ ...trust(), cert: made.rogue.cert, key: made.rogue.key }, settings)

    expect(good[1]?.authorized).toBe(true)
    expect(refused.server).toBeInstanceOf(TlsError)
  })

  /** The errors of both ends of a handshake. */
  function refusals(client: TlsClient, settings: TlsServer) {
    return simulated().play(function* ({ driver }) {
      using listener = yield* listen(LOOPBACK, 0, { driver, tls: settings })
      const { port } = listener.address
      const connecting = yield* spawn(function* () {
        return yield* thrownBy(dialed(port, driver, client))
      })
      const conn = yield* listener.accept()
      return { server: yield* errorOf(conn.handshake()), client: yield* connecting }
    })
  }

  /** A client may learn of the refusal at its first read only. */
  function* dialed(port: number, driver: Driver, tls: TlsClient) {
    using conn = yield* connect(LOOPBACK, port, { driver, tls })
    yield* conn.recv()
  }

  it('a context that does not trust the server refuses it', async () => {
    const { client } = await refusals(
      { context: contextOf({ ca: made.rogueCa.cert }), servername: 'localhost' },
      own(),
    )

    expect(client).toBeInstanceOf(TlsError)
    expect((client as TlsError).reason).toBe('certificate')
  })

  it('resumes a session with the same context only', async () => {
    const [one, other] = [contextOf({ ca: made.ca.cert }), contextOf({ ca: made.ca.cert })]
    const resumed = await simulated().play(function* ({ driver }) {
      using listener = yield* listen(LOOPBACK, 0, { driver, tls: own() })
      yield* spawn(function* () {
        for (let i = 0; i < 3; i++) {
          const conn = yield* listener.accept()
          yield* conn.sendall('x')
          conn.close()
        }
      })
      const visit = function* (tls: TlsClient) {
        const conn = yield* connect(LOOPBACK, listener.address.port, { driver, tls })
        yield* conn.readall()
        conn.close()
        return conn.tls
      }
      const session = (yield* visit({ context: one }))?.session
      expect(session).toBeDefined()
      const found = []
      for (const context of [one, other]) {
        const { resumed } = (yield* visit({ context, ...(session && { session }) })) ?? {}
        found.push(resumed)
      }
      return found
    })

    expect(resumed).toEqual([true, false])
  })

  it('reload() leaves a context as it is', async () => {
    await simulated().play(function* ({ driver }) {
      using listener = yield* listen(LOOPBACK, 0, { driver, tls: { context: contextOf(own()) } })
      listener.tls?.reload()
      const { port } = listener.address
      yield* spawn(function* () {
        yield* (yield* listener.accept()).sendall('x')
      })
      const conn = yield* connect(LOOPBACK, port, { driver, tls: trust() })
      expect(String(yield* conn.recv())).toBe('x')
      conn.abort()
    })
  })

  it('reads a file once for a connection, and hashes only if a session is given or asked for', async () => {
    const { certFile } = made.ca
    const read = vi.spyOn(fs, 'readFileSync')
    const hash = vi.spyOn(crypto, 'createHash')
    const client = { servername: 'localhost', ca: { file: certFile } }
    const [info] = await agreed(simulated(), client, own())

    expect(read.mock.calls.filter(([path]) => path === certFile)).toHaveLength(1)
    // Node itself makes one for each server.
    const hashes = () => hash.mock.calls.filter(([algorithm]) => algorithm === 'sha256').length
    expect(hashes()).toBe(0)
    expect(info?.session).toBe(info?.session)
    expect(hashes()).toBe(1)
  })
})
