// TLS with a second implementation: the client of GnuTLS.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kill } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'
import { leavesNothingRunning, missing, named, start } from '../../support/program.js'
import { WORLDS } from '../server/each-driver.js'
import { serve } from '../serving.js'
import { play } from '../world.js'

const REAL = WORLDS.filter(({ name }) => name !== 'simulated')
const skipped = noOpenssl ?? missing('gnutls-cli', ['--version'])

leavesNothingRunning()

describe.each(REAL)('TLS and GnuTLS (%s)', ({ driver }) => {
  let made: Certificates
  let folder: string

  beforeAll(() => {
    if (skipped !== null) return
    made = makeCertificates()
    folder = mkdtempSync(join(tmpdir(), 'bluelet-gnutls-'))
    writeFileSync(join(folder, 'ca.pem'), made.ca.cert)
    writeFileSync(join(folder, 'rogue.pem'), made.rogue.cert)
  })

  afterAll(() => {
    if (skipped !== null) return
    made.remove()
    rmSync(folder, { recursive: true })
  })

  /** Runs the client, and gives how it has ended and how the server has seen it. */
  function visited(authority: string, ...args: readonly string[]) {
    return play(function* () {
      const { cert, key } = made.server
      const { port, drops, errors, task } = yield* serve(
        function* (conn) {
          const text = String(yield* conn.readall())
          const { protocol, alpn, servername } = conn.tls ?? {}
          yield* conn.sendall(`${text}${protocol} ${alpn} ${servername}\n`)
        },
        { ...driver, tls: { cert, key, alpn: ['two', 'one'] } },
      )
      const client = start('gnutls-cli', [
        ...['--x509cafile', join(folder, authority), '--sni-hostname', 'localhost'],
        ...['--verify-hostname', 'localhost', '--port', String(port), '--logfile', '/dev/null'],
        ...args,
        '127.0.0.1',
      ])
      client.write('a request\n').end()
      const { code } = yield client.ended()
      yield* kill(task)
      return { code, text: client.stdout, drops: drops.map(([reason]) => reason), errors }
    })
  }

  it.skipIf(skipped).each([
    ['TLSv1.3', 'NORMAL:-VERS-ALL:+VERS-TLS1.3'],
    ['TLSv1.2', 'NORMAL:-VERS-ALL:+VERS-TLS1.2'],
  ])(
    named('speaks %s, with ALPN and SNI, and sends a reply after the end of the client', skipped),
    async (version, priority) => {
      const { code, text, drops, errors } = await visited('ca.pem', '--priority', priority, '--alpn', 'one')

      expect([code, drops, errors]).toEqual([0, [], []])
      expect(text).toContain(`a request\n${version} one localhost\n`)
    },
  )

  it.skipIf(skipped)(
    named('counts a handshake that the client refuses, and is no error', skipped),
    async () => {
      const { code, text, drops, errors } = await visited('rogue.pem')

      expect(code).not.toBe(0)
      expect(text).not.toContain('a request')
      expect([drops, errors]).toEqual([['handshake'], []])
    },
  )
})
