// The options of TLS: what is refused, at the call and with a reason, and the errors.
import { createSecureContext } from 'node:tls'
import { connect, listen, server, TlsError } from '@bluelet/net'
import { simulate } from '@bluelet/net/testing'
import { spawn } from '@bluelet/scheduler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tlsErrorOf } from '../../../packages/net/src/drivers/tls/failure.js'
import { clientSettings, serverSettings } from '../../../packages/net/src/drivers/tls/settings.js'
import { type Certificates, makeCertificates, noOpenssl } from '../../support/certificates.js'

const tlsOf = (tls: unknown) => ({ tls }) as never

describe('the options of a client', () => {
  it.each<[unknown, string]>([
    [false, 'connect: tls: expected true or an object, got false'],
    [null, 'connect: tls: expected true or an object, got null'],
    [{ alpn: [] }, 'connect: tls: alpn: expected names of protocols'],
    [{ alpn: 'h2' }, 'connect: tls: alpn: expected names of protocols'],
    [{ alpn: ['x'.repeat(256)] }, 'connect: tls: alpn: expected names of protocols of at most 255 bytes'],
    [{ minVersion: 'TLSv1.1' }, "connect: tls: minVersion: expected 'TLSv1.2' or 'TLSv1.3', got \"TLSv1.1\""],
    [{ truncation: 'x' }, "connect: tls: truncation: expected 'error' or 'end'"],
    [{ ciphers: 1 }, 'connect: tls: ciphers: expected a string, got 1'],
    [{ ciphers: 'none such' }, 'connect: tls: ca, cert, key or ciphers: '],
    [{ passphrase: 1 }, 'connect: tls: passphrase: expected a string, got 1'],
    [
      { ca: 1 },
      'connect: tls: ca: expected the text or the bytes of a PEM file, or { file } with its path, got 1',
    ],
    [{ ca: { file: '/none/such' } }, 'connect: tls: ca: the file "/none/such" cannot be read: ENOENT'],
    [{ ca: { file: 1 } }, 'connect: tls: ca: expected the text'],
    [
      { ca: ['x', 1] },
      'connect: tls: ca: expected the text or the bytes of a PEM file, or { file } with its path, got 1',
    ],
    [{ cert: 'x' }, 'connect: tls: cert without key; pass both'],
    [{ key: 'x' }, 'connect: tls: key without cert; pass both'],
    [{ cert: Buffer.from('x'), key: 'x' }, 'connect: tls: ca, cert, key or ciphers: '],
    [
      { context: {} },
      'connect: tls: context: expected the result of tls.createSecureContext(), got an object',
    ],
    [
      { context: createSecureContext(), ca: 'x' },
      'connect: tls: ca with context; pass it to tls.createSecur',
    ],
    [
      { context: createSecureContext(), minVersion: 'TLSv1.3' },
      'connect: tls: minVersion with context; pass it to tls.createSecureContext()',
    ],
    [{ verify: 1 }, 'connect: tls: verify: expected true or false, got 1'],
    [{ servername: '' }, 'connect: tls: servername: expected a name, got ""'],
    [{ servername: 1 }, 'connect: tls: servername: expected a name, got 1'],
    [{ servername: 'a\0b' }, 'connect: tls: servername: a name cannot contain a NUL byte'],
    [{ servername: 'a.' }, 'connect: tls: servername: leave the dot at the end out, got "a."'],
    [{ servername: '127.0.0.1' }, 'connect: tls: servername: expected a name and not an address'],
  ])('%o is refused at the call', (tls, message) => {
    expect(() => connect('localhost', 1, tlsOf(tls))).toThrow(message)
  })

  it('need a servername for a path', () => {
    expect(() => connect({ path: '/x' }, { tls: true })).toThrow(
      'connect: tls: a path does not say for which name the certificate is; pass a servername',
    )
    expect(clientSettings({ servername: 'a' }, undefined)).toMatchObject({ host: 'a', servername: 'a' })
  })

  it('take the name from the host, without the dot of a full name', () => {
    expect(clientSettings(true, 'localhost.')).toMatchObject({ servername: 'localhost', verify: true })
    expect(clientSettings(true, '::1').servername).toBeUndefined()
  })

  it('say so where there is no TLS', () => {
    const { getBuiltinModule } = process
    try {
      process.getBuiltinModule = (() => undefined) as never
      expect(() => connect('localhost', 1, { tls: true })).toThrow(
        "Node's module 'node:tls' is not available here",
      )
    } finally {
      process.getBuiltinModule = getBuiltinModule
    }
  })
})

describe('the options of a server', () => {
  it.each<[unknown, string]>([
    [true, 'listen: tls: expected an object with cert and key, got true'],
    [{}, 'listen: tls: a server needs a certificate; pass cert and key, or sni'],
    [{ sni: 1 }, 'listen: tls: sni: expected a function, got 1'],
    [
      { clientCertificate: 'always' },
      "listen: tls: clientCertificate: expected 'ignore', 'ask' or 'require', got \"always\"",
    ],
    [
      { handshakeTimeout: 0 },
      'listen: tls: handshakeTimeout: expected ms > 0, or Infinity for no limit, got 0',
    ],
    [
      { cert: 'x', key: 'y', ca: 'z' },
      'listen: tls: ca: it has no effect, since clients are asked for no certificate',
    ],
    [{ cert: 'x', key: 'y' }, 'listen: tls: ca, cert, key or ciphers: '],
    [{ context: 1 }, 'listen: tls: context: expected the result of tls.createSecureContext(), got 1'],
    [{ context: createSecureContext(), cert: 'x', key: 'y' }, 'listen: tls: cert with context; pass it to'],
    [
      { context: createSecureContext(), tickets: false },
      'listen: tls: tickets with context; pass SSL_OP_NO_',
    ],
  ])('%o is refused at the call', (tls, message) => {
    expect(() => listen('', 0, tlsOf(tls))).toThrow(message)
    expect(() => server('', 0, function* () {}, tlsOf(tls))).toThrow(message)
  })
})

describe.skipIf(noOpenssl)(`with certificates${noOpenssl ?? ''}`, () => {
  let made: Certificates

  beforeAll(() => {
    made = makeCertificates()
  })

  afterAll(() => made.remove())

  it('a key of another certificate is refused at the call', () => {
    const { server, other } = made

    expect(() => listen('', 0, { tls: { cert: server.cert, key: other.key } })).toThrow(TypeError)
  })

  it('bytes, several authorities, ciphers and a password are taken', () => {
    const { server, ca, rogueCa } = made
    const tls = {
      cert: Buffer.from(server.cert),
      key: new Uint8Array(Buffer.from(server.key)),
      ca: [ca.cert, Buffer.from(rogueCa.cert)],
      clientCertificate: 'ask',
      ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
      passphrase: 'unused',
      minVersion: 'TLSv1.2',
    }

    expect(serverSettings(tls).handshakeTimeout).toBe(10_000)
  })

  it('without verify, any certificate will do', async () => {
    const { other } = made
    const own = { cert: other.cert, key: other.key }
    const [info, asked, same] = await simulate(function* () {
      const listener = yield* listen('', 1, {
        tls: { ...own, minVersion: 'TLSv1.3', clientCertificate: 'ask' },
      })
      const accepting = yield* spawn(function* () {
        const conn = yield* listener.accept()
        const info = yield* conn.handshake()
        conn.abort()
        return info
      })
      const conn = yield* connect('localhost', 1, { tls: { verify: false } })
      const info = conn.tls
      const again = yield* conn.handshake()
      const asked = yield* accepting
      conn.abort()
      listener.close()
      return [info, asked, again === info]
    })

    expect(info).toMatchObject({
      protocol: 'TLSv1.3',
      authorized: false,
      authorizationError: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    })
    expect(asked).toMatchObject({ authorized: false })
    expect(same).toBe(true)
  })
})

describe('the errors of TLS', () => {
  const failed = (code: string | undefined, more: object = {}) =>
    Object.assign(new Error('text'), code === undefined ? more : { code, ...more })

  it.each<[string | undefined, boolean, object]>([
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', true, { alert: 'unknown_ca', reason: 'certificate' }],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      false,
      { alert: 'certificate_required', reason: 'certificate' },
    ],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', true, { alert: 'handshake_failure', reason: 'protocol' }],
    ['ERR_SSL_HTTP_REQUEST', true, { alert: undefined, reason: 'protocol' }],
    ['ERR_SSL_BAD_RECORD', true, { reason: 'protocol' }],
    ['ERR_SSL_BAD_RECORD', false, { reason: 'protocol' }],
    [undefined, true, { code: 'ERR_BLUELET_TLS', reason: 'protocol' }],
    ['CERT_HAS_EXPIRED', true, { reason: 'certificate' }],
  ])('%s (in the handshake: %s)', (code, handshake, expected) => {
    const error = tlsErrorOf(failed(code), handshake)

    expect(error).toBeInstanceOf(TlsError)
    expect(error).toMatchObject({ ...(code === undefined ? {} : { code }), ...expected })
  })

  it('has the words of OpenSSL without the place in its sources', () => {
    const error = tlsErrorOf(failed('ERR_SSL_X', { reason: 'bad record' }), false)

    expect(error.message).toBe('TLS: bad record (ERR_SSL_X)')
  })
})
