// Sessions that are resumed: by which clients, and when not.
import { type Connection, connect, type TlsClient } from '@bluelet/net'
import { kill } from '@bluelet/scheduler'
import { afterAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'
import { leavesNothingRunning, named, start } from '../../support/program.js'
import { fateOf, serve } from '../serving.js'
import { errorOf, LOOPBACK } from '../world.js'
import { PLACES, type TlsWorld } from './worlds.js'

leavesNothingRunning()

let certificates: Certificates | undefined

afterAll(() => certificates?.remove())

function made() {
  certificates ??= makeCertificates()
  const { ca, server, rogueCa } = certificates
  return {
    trust: { ca: ca.cert, servername: 'localhost' },
    own: { cert: server.cert, key: server.key },
    otherCa: rogueCa.cert,
    certificates,
  }
}

function* greeter(conn: Connection) {
  expect(conn.tls?.session).toBe(undefined) // A client has it.
  yield* conn.sendall('hello')
}

function* visit({ driver }: TlsWorld, port: number, tls: TlsClient) {
  const conn = yield* connect(LOOPBACK, port, { driver, tls })
  // The tickets of TLS 1.3 come before the first bytes.
  const fate = yield* fateOf(conn)
  expect(fate).toBe('hello|end')
  return conn.tls!
}

describe.skipIf(noOpenssl)(`a session${noOpenssl ?? ''}`, () => {
  it.each(PLACES)(
    '21: is resumed by the same client only, and not across names or authorities (%s)',
    async (place) => {
      const { trust, own, otherCa } = made()
      const results = await place.play(function* (world) {
        const { driver } = world
        const { port, task } = yield* serve(greeter, { driver, tls: own })
        const first = yield* visit(world, port, trust)
        const { session } = first
        const again = yield* visit(world, port, { ...trust, session: session! })
        const example = yield* visit(world, port, { ...trust, session: session!, servername: 'example.test' })
        const unverified = yield* visit(world, port, { ...trust, session: session!, verify: false })
        const both = yield* visit(world, port, { ...trust, session: session!, ca: [trust.ca, otherCa] })
        const wrong = yield* errorOf(
          visit(world, port, { ...trust, session: session!, servername: 'other.test' }),
        )
        const refused = yield* errorOf(visit(world, port, { ...trust, session: session!, ca: otherCa }))
        yield* kill(task)
        const off = yield* serve(greeter, { driver, tls: { ...own, tickets: false } })
        const stateful = yield* visit(world, off.port, trust)
        const renewed = yield* visit(world, off.port, { ...trust, session: (stateful.session ?? session)! })
        yield* kill(off.task)
        const infos = [first, again, example, unverified, both, renewed].map(({ resumed }) => resumed)
        return [infos, session?.servername, again.authorized, wrong.code, refused.code]
      })

      expect(results).toEqual([
        [false, true, false, false, false, false],
        'localhost',
        true,
        'ERR_TLS_CERT_ALTNAME_INVALID',
        'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      ])
    },
  )

  it('is that of a connection', () => {
    const session = { servername: 'x' }
    expect(() => connect('localhost', 1, { tls: { session } })).toThrow(
      'connect: tls: session: expected conn.tls.session of an earlier connection',
    )
  })

  it(named('of openssl is resumed, and not after reload()', noOpenssl), async () => {
    const { own, certificates } = made()
    const file = certificates.ca.certFile.replace('ca.pem', 'session.pem')
    const [place] = PLACES.filter((one) => `${one}` === 'node')
    const texts = await place!.play(function* ({ driver }) {
      const { port, task, listener } = yield* serve(greeter, { driver, tls: own })
      const texts: string[] = []
      for (const option of ['-sess_out', '-sess_in', '-sess_in']) {
        if (texts.length === 2) listener.tls?.reload()
        const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-ign_eof', option, file]
        const client = start('openssl', args)
        yield client.ended()
        texts.push(/^(New|Reused), TLS/m.exec(client.stdout)?.[1] ?? client.stdout)
      }
      yield* kill(task)
      return texts
    })

    expect(texts).toEqual(['New', 'Reused', 'New'])
  })
})
