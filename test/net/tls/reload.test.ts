// Certificates in files, which a listener reads again without dropping a connection.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Connection, connect, type Listener } from '@bluelet/net'
import { type Event, kill } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Certificate,
  type Certificates,
  makeCertificates,
  noOpenssl,
} from '../../support/certificates.js'
import { fateOf, serve } from '../serving.js'
import { LOOPBACK } from '../world.js'
import { PLACES } from './worlds.js'

describe.skipIf(noOpenssl)(`certificates in files${noOpenssl ?? ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'bluelet-reload-'))
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  let made: Certificates

  beforeAll(() => {
    made = makeCertificates()
  })

  afterAll(() => {
    made.remove()
    rmSync(folder, { recursive: true })
  })

  function install({ certFile: cert, keyFile: key }: Certificate): void {
    copyFileSync(cert, certFile)
    copyFileSync(key, keyFile)
  }

  function* echoer(conn: Connection) {
    for (let data = yield* conn.recv(); data.length > 0; data = yield* conn.recv()) yield* conn.sendall(data)
  }

  function* subjectOf(connecting: Event<Connection>) {
    const conn = yield* connecting
    const subject = conn.tls?.peerCertificate?.subject
    conn.abort()
    return String(subject)
  }

  function messageOf(call: () => void): string {
    try {
      call()
      return 'nothing thrown'
    } catch (error) {
      return `${error}`
    }
  }

  it.each(PLACES)(
    'are read again by reload(), and the old ones stay if the new ones are bad (%s)',
    async (place) => {
      install(made.server)
      const [names, messages, fate, bySni] = await place.play(function* ({ driver }) {
        const names: string[] = []
        const tls = { cert: { file: certFile }, key: { file: keyFile } }
        const served = yield* serve(echoer, { driver, tls })
        const listener: Listener = served.listener
        const dial = (servername: string, port = served.port) =>
          connect(LOOPBACK, port, { driver, tls: { ca: { file: made.ca.certFile }, servername } })
        const older = yield* dial('localhost')
        const bad: string[] = []
        for (const spoil of [
          () => writeFileSync(certFile, 'no certificate'),
          () => copyFileSync(made.other.certFile, certFile), // It does not belong to the key.
          () => rmSync(certFile),
        ]) {
          spoil()
          bad.push(messageOf(() => listener.tls?.reload()))
          names.push(yield* subjectOf(dial('localhost')))
        }
        install(made.other)
        listener.tls?.reload()
        names.push(yield* subjectOf(dial('other.test')))
        yield* older.sendall('still there')
        older.shutdown()
        const fate = yield* fateOf(older)
        yield* kill(served.task)

        const chosen = { cert: { file: certFile }, key: { file: keyFile } }
        const choosing = yield* serve(echoer, { driver, tls: { sni: () => chosen } })
        const bySni = [yield* subjectOf(dial('other.test', choosing.port))]
        install(made.server)
        choosing.listener.tls?.reload()
        bySni.push(yield* subjectOf(dial('localhost', choosing.port)))
        yield* kill(choosing.task)
        return [names, bad, fate, bySni]
      })

      expect(names).toEqual(['CN=localhost', 'CN=localhost', 'CN=localhost', 'CN=other.test'])
      for (const message of messages!) expect(message).toContain(`"${certFile}"`)
      expect(messages![2]).toContain('cannot be read: ENOENT')
      expect(fate).toBe('still there|end')
      expect(bySni).toEqual(['CN=other.test', 'CN=localhost'])
    },
  )
})
