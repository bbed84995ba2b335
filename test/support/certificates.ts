// Certificates that openssl makes when a test runs, so that none can expire in the repository.
// Ed25519: its signatures have one length, so that a simulation cuts every run at the same places.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missing } from './program.js'

/** Why there are no certificates; null if there can be. */
export const noOpenssl = missing('openssl', ['version'])

/** A certificate with its key, as PEM texts and as files. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}

/** Certificates, and the folder that holds them. */
export interface Certificates {
  /** Signs those of the server and the client. */
  readonly ca: Certificate
  /** For `localhost`, `example.test` and 127.0.0.1. */
  readonly server: Certificate
  /** For `other.test`. */
  readonly other: Certificate
  readonly client: Certificate
  /** Another authority, and a client's certificate that it has signed. */
  readonly rogueCa: Certificate
  readonly rogue: Certificate
  /** Removes the files. */
  remove(): void
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

/** Makes the certificates. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'bluelet-certificates-'))

  function made(name: string, subject: string, issuer: string | null, extensions: string): Certificate {
    const [certFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
    const by =
      issuer === null ? [] : ['-CA', join(folder, `${issuer}.pem`), '-CAkey', join(folder, `${issuer}.key`)]
    const config = join(folder, `${name}.cnf`)
    writeFileSync(config, `[req]\ndistinguished_name = dn\n[dn]\n[ext]\n${extensions}\n`)
    openssl(
      ...['req', '-x509', '-newkey', 'ed25519', '-nodes', '-days', '2', '-subj', `/CN=${subject}`],
      ...['-config', config, '-extensions', 'ext', '-keyout', keyFile, '-out', certFile, ...by],
    )
    return {
      cert: readFileSync(certFile, 'utf8'),
      key: readFileSync(keyFile, 'utf8'),
      certFile,
      keyFile,
    }
  }

  const authority = 'basicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign'
  const end = 'basicConstraints = critical,CA:FALSE'
  return {
    ca: made('ca', 'Bluelet test authority', null, authority),
    server: made(
      'server',
      'localhost',
      'ca',
      `${end}\nsubjectAltName = DNS:localhost,DNS:example.test,IP:127.0.0.1`,
    ),
    other: made('other', 'other.test', 'ca', `${end}\nsubjectAltName = DNS:other.test`),
    client: made('client', 'a client', 'ca', end),
    rogueCa: made('rogue-ca', 'Another authority', null, authority),
    rogue: made('rogue', 'a rogue', 'rogue-ca', end),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
