// Scenarios of other projects that no suite has, on each driver: trio's TLS over TLS, and Node's
// test-tls-close-notify.
import { type Connection, ConnectionResetError } from '@bluelet/net'
import { all, type Coroutine, spawn } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { echo } from '../../harness/handlers.js'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'
import { errorOf, pattern } from '../world.js'
import { overTls, tlsEnds } from './over-tls.js'
import { PLACES, type TlsPlace, tlsPair } from './worlds.js'

describe.skipIf(noOpenssl)(`TLS as others test it${noOpenssl ?? ''}`, () => {
  let made: Certificates

  beforeAll(() => {
    made = makeCertificates()
  })

  afterAll(() => made.remove())

  const own = () => ({ cert: made.server.cert, key: made.server.key })
  const trust = () => ({ ca: made.ca.cert, servername: 'localhost' })

  it.each(PLACES)('a close_notify is the end, while the transport goes on (%s)', async (place) => {
    const [end, error] = await place.play(function* (world) {
      const { client, server } = yield* tlsPair(world, trust(), own())
      client.shutdown()
      const end = yield* server.recv()
      server.abort()
      const error = yield* errorOf(client.recv())
      client.close()
      yield* all([server.whenClosed(), client.whenClosed()])
      return [end, error]
    })

    expect(end).toHaveLength(0)
    // The transport had not ended, so that the close is a reset.
    expect(error).toBeInstanceOf(ConnectionResetError)
  })

  /** Both ends of a connection whose TLS is over TLS. */
  function between<T>(place: TlsPlace, main: (client: Connection, server: Connection) => Coroutine<T>) {
    return place.play(function* (world) {
      const driver = overTls(world.driver, tlsEnds(made), world.clock)
      const { client, server } = yield* tlsPair({ ...world, driver }, trust(), own())
      try {
        return yield* main(client, server)
      } finally {
        client.close()
        server.close()
        yield* all([client.whenClosed(), server.whenClosed()])
      }
    })
  }

  it.each(PLACES)('TLS over TLS carries bytes both ways, and both ends (%s)', async (place) => {
    const sent = pattern(300_000)
    const received = await between(place, function* (client, server) {
      const echoing = yield* spawn(function* () {
        yield* echo(10_000)(server)
        server.shutdown()
      })
      const sending = yield* spawn(function* () {
        yield* client.sendall(sent)
        client.shutdown()
      })
      const received = yield* client.readall({ limit: sent.length })
      yield* all([echoing, sending])
      return received
    })

    expect(received.equals(sent)).toBe(true)
  })

  it.each(PLACES)('TLS over TLS is reset as a whole (%s)', async (place) => {
    const error = await between(place, function* (client, server) {
      yield* server.sendall('x')
      yield* client.readexactly(1)
      server.abort()
      return yield* errorOf(client.recv())
    })

    expect(error).toBeInstanceOf(ConnectionResetError)
  })
})
