/**
 * The options of TLS, and their checks. A wrong certificate or key is an error of the call.
 */

import type { SecureContext, SecureContextOptions } from 'node:tls'
import { checkFlag, checkTimeout, shown } from '../../check.js'
import { hasNul } from '../../driver/address.js'
import type { TlsSession } from '../../driver/tls.js'
import { reasonOf } from '../../errors.js'
import { builtin } from '../builtin.js'
import { checkPem, contentOf, filesIn, type Pem } from './pem.js'
import { checkSession, type Verification, verificationOf } from './session.js'

/** Options of TLS that both sides have. */
export interface TlsSettings {
  /** The protocols that are offered, the preferred one first (ALPN): `['h2', 'http/1.1']`. */
  readonly alpn?: readonly string[]
  /** The oldest version that is allowed. Default: `'TLSv1.2'`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** The cipher suites that are allowed, as OpenSSL writes them. Default: those of Node. */
  readonly ciphers?: string
  /** The authorities that are trusted, in place of those of Node. */
  readonly ca?: Pem | readonly Pem[]
  /** Our certificate, followed by those of its authorities up to the root. */
  readonly cert?: Pem
  /** Its key. */
  readonly key?: Pem
  /** The password of the key. */
  readonly passphrase?: string
  /**
   * A context of Node, made by `tls.createSecureContext()`: for settings that are not here, such as
   * `pfx` or `crl`. It takes the place of `minVersion`, `ciphers`, `ca`, `cert`, `key` and
   * `passphrase`, which are refused beside it. Default: one that is made of these.
   */
  readonly context?: SecureContext
  /**
   * What the end of the connection without the peer's `close_notify` is: a
   * {@link TruncatedError}, or the end of the stream. `'end'` is for protocols whose messages say
   * their length, such as HTTP/1.1, since many peers leave it out. Default: `'error'`.
   */
  readonly truncation?: 'error' | 'end'
  /**
   * How long a handshake may take, in milliseconds. `Infinity` means no limit. Default: 10,000; of
   * `connect`, whose `timeout` includes the handshake, no other limit.
   */
  readonly handshakeTimeout?: number
}

/** Options of TLS for `connect`. */
export interface TlsClient extends TlsSettings {
  /**
   * The name of the server: it is sent (SNI), and the certificate must be for it. Default: the
   * host; if that is an address, none is sent, and the certificate must be for the address.
   */
  readonly servername?: string
  /**
   * Whether the server's certificate is verified, whatever NODE_TLS_REJECT_UNAUTHORIZED says.
   * Default: true. Without it, any program in between can read and change everything.
   */
  readonly verify?: boolean
  /**
   * The session of an earlier connection (`conn.tls.session`), to be resumed. It has no effect on
   * another server, or with another `ca` or `cert`: the handshake is then a whole one.
   */
  readonly session?: TlsSession
}

/** Options of TLS for `listen` and `server`. */
export interface TlsServer extends TlsSettings {
  /**
   * Whether clients are asked for a certificate. `'require'`: the handshake fails without one that
   * `ca` vouches for. `'ask'`: `conn.tls.authorized` says whether there is one. Default:
   * `'ignore'`.
   */
  readonly clientCertificate?: 'ignore' | 'ask' | 'require'
  /**
   * Chooses the certificate by the name that the client has asked for (SNI). If it gives undefined
   * or throws, the handshake fails. Default: all clients get the same certificate.
   */
  readonly sni?: (servername: string) => TlsCertificate | undefined
  /** Whether clients can resume their sessions. Default: true. */
  readonly tickets?: boolean
}

/** Options of `startTls`: those of the client's end of TLS, or of the server's. */
export type StartTls = (
  | (TlsClient & {
      /** This end is the client's. */
      readonly server?: false
      /** The name for which the server's certificate must be. */
      readonly servername: string
    })
  | (TlsServer & {
      /** This end is the server's. */
      readonly server: true
    })
) & {
  /**
   * `'handshake'`: what has been received and not been read is the beginning of the peer's
   * handshake, as after a header by which a proxy introduces its client. Default: it makes
   * `startTls` fail, since it was not encrypted.
   */
  readonly buffered?: 'handshake'
}

/** A certificate for one name, with its key. */
export type TlsCertificate = Required<Pick<TlsSettings, 'cert' | 'key'>> & Pick<TlsSettings, 'passphrase'>

/** The options of a client, checked. */
export interface ClientSettings extends Omit<TlsClient, 'ca' | 'cert' | 'key'> {
  readonly context: SecureContext
  readonly host: string
  /** What the server is verified by. */
  readonly verification: Verification
  readonly handshakeTimeout: number
}

const MAX_ALPN = 255
const DEFAULT_HANDSHAKE_TIMEOUT = 10_000

/**
 * Checks the options of a client of `connect`.
 *
 * @param host to which it connects; undefined for a path
 * @throws TypeError, RangeError if one of them is invalid
 */
export function clientSettings(given: unknown, host: string | undefined): ClientSettings {
  const what = 'connect: tls'
  if (given !== true) checkObject(given, what, 'true or an object')
  const { servername, handshakeTimeout = Number.POSITIVE_INFINITY }: TlsClient = given === true ? {} : given
  if (servername === undefined && host === undefined) {
    throw new TypeError(`${what}: a path does not say for which name the certificate is; pass a servername`)
  }
  return clientOf(given === true ? {} : given, what, handshakeTimeout, host)
}

/**
 * Checks the options of `startTls` for a client.
 *
 * @throws TypeError, RangeError if one of them is invalid
 */
export function startingSettings(given: TlsClient): ClientSettings {
  const { servername, handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT } = given
  if (servername === undefined) {
    throw new TypeError('startTls: servername is missing: the name for which the certificate must be')
  }
  return clientOf(given, 'startTls', handshakeTimeout, undefined)
}

/** @param host to which it connects; undefined if there is a servername */
function clientOf(
  options: TlsClient,
  what: string,
  handshakeTimeout: number,
  host: string | undefined,
): ClientSettings {
  checkSettings(options, what)
  const made = contextOptions(options, what)
  const context = options.context ?? newContext(options, made, what)
  const { servername, verify = true } = options
  checkFlag(verify, `${what}: verify`)
  checkSession(options.session, what)
  checkTimeout(handshakeTimeout, `${what}: handshakeTimeout`, 'no limit')
  if (servername !== undefined) checkServername(servername, what)
  const name = servername ?? nameIn(host ?? '')
  return {
    ...options,
    verify,
    context,
    handshakeTimeout,
    verification: verificationOf(name ?? host ?? '', verify, made, options.context),
    host: host ?? (servername as string), // One of them is given.
    ...(name === undefined ? {} : { servername: name }),
  }
}

/** The options of a server, checked. */
export interface ServerSettings extends TlsServer {
  readonly handshakeTimeout: number
}

/**
 * Checks the options of a server.
 *
 * @throws TypeError, RangeError if one of them is invalid
 */
export function serverSettings(given: unknown, what = 'listen: tls'): ServerSettings {
  checkObject(given, what, 'an object with cert and key')
  const options: TlsServer = given
  const { clientCertificate = 'ignore', sni, handshakeTimeout = DEFAULT_HANDSHAKE_TIMEOUT } = options
  checkChoice(clientCertificate, `${what}: clientCertificate`, ['ignore', 'ask', 'require'])
  checkTimeout(handshakeTimeout, `${what}: handshakeTimeout`, 'no limit')
  checkFlag(options.tickets ?? true, `${what}: tickets`)
  if (sni !== undefined && typeof sni !== 'function') {
    throw new TypeError(`${what}: sni: expected a function, got ${shown(sni)}`)
  }
  checkSettings(options, what)
  if (options.cert === undefined && options.context === undefined && sni === undefined) {
    throw new TypeError(`${what}: a server needs a certificate; pass cert and key, or sni`)
  }
  if (options.tickets === false && options.context !== undefined) {
    throw new TypeError(
      `${what}: tickets with context; pass SSL_OP_NO_TICKET in the secureOptions of tls.createSecureContext()`,
    )
  }
  if (options.ca !== undefined && clientCertificate === 'ignore') {
    throw new TypeError(
      `${what}: ca: it has no effect, since clients are asked for no certificate; pass clientCertificate, too`,
    )
  }
  contextOf(options, what)
  return { ...options, handshakeTimeout }
}

/**
 * The options of Node for a context; reads the files.
 *
 * @throws TypeError if a file cannot be read
 */
export function contextOptions(options: TlsSettings, what: string): SecureContextOptions {
  const { ciphers, ca, cert, key, passphrase, minVersion = 'TLSv1.2' } = options
  return {
    minVersion,
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(ca === undefined ? {} : { ca: listOf(ca).map((one) => contentOf(one, `${what}: ca`)) }),
    ...(cert === undefined ? {} : { cert: contentOf(cert, `${what}: cert`) }),
    ...(key === undefined ? {} : { key: contentOf(key, `${what}: key`) }),
    ...(passphrase === undefined ? {} : { passphrase }),
  }
}

function listOf(ca: Pem | readonly Pem[] | undefined): readonly Pem[] {
  if (ca === undefined) return []
  return Array.isArray(ca) ? ca : [ca as Pem] // `isArray` knows no readonly arrays.
}

/**
 * The context of Node.
 *
 * @throws TypeError, RangeError if an option is invalid
 */
export function contextOf(options: TlsSettings, what: string): SecureContext {
  checkSettings(options, what)
  return options.context ?? newContext(options, contextOptions(options, what), what)
}

function checkSettings(options: TlsSettings, what: string): void {
  const { alpn, ciphers, passphrase, minVersion = 'TLSv1.2', truncation = 'error' } = options
  if (alpn !== undefined) checkAlpn(alpn, what)
  checkChoice(minVersion, `${what}: minVersion`, ['TLSv1.2', 'TLSv1.3'])
  checkChoice(truncation, `${what}: truncation`, ['error', 'end'])
  for (const [name, text] of Object.entries({ ciphers, passphrase })) {
    if (text !== undefined && typeof text !== 'string') {
      throw new TypeError(`${what}: ${name}: expected a string, got ${shown(text)}`)
    }
  }
  for (const name of ['ca', 'cert', 'key'] as const)
    checkPem(options[name], `${what}: ${name}`, name === 'ca')
  if ((options.cert === undefined) !== (options.key === undefined)) {
    const [there, missing] = options.cert === undefined ? ['key', 'cert'] : ['cert', 'key']
    throw new TypeError(`${what}: ${there} without ${missing}; pass both`)
  }
  if (options.context !== undefined) checkContext(options.context, options, what)
}

/** What a context contains. */
const IN_CONTEXT = ['minVersion', 'ciphers', 'ca', 'cert', 'key', 'passphrase'] as const

function checkContext(context: unknown, options: TlsSettings, what: string): void {
  // The types of Node lack the class.
  const { SecureContext } = builtin('node:tls', 'tls') as unknown as { SecureContext: new () => object }
  if (!(context instanceof SecureContext)) {
    throw new TypeError(
      `${what}: context: expected the result of tls.createSecureContext(), got ${shown(context)}`,
    )
  }
  for (const name of IN_CONTEXT) {
    if (options[name] === undefined) continue
    throw new TypeError(`${what}: ${name} with context; pass it to tls.createSecureContext()`)
  }
}

/** @throws TypeError if Node does not accept the options, which names the files */
export function newContext(options: TlsSettings, made: SecureContextOptions, what: string): SecureContext {
  try {
    return builtin('node:tls', 'tls').createSecureContext(made)
  } catch (error) {
    const files = filesIn([options.cert, options.key, ...listOf(options.ca)])
    throw new TypeError(`${what}: ca, cert, key or ciphers: ${reasonOf(error)}${files}`, { cause: error })
  }
}

function checkObject(given: unknown, what: string, expected: string): asserts given is object {
  if (typeof given === 'object' && given !== null) return
  throw new TypeError(`${what}: expected ${expected}, got ${shown(given)}`)
}

function checkChoice(given: unknown, what: string, choices: readonly string[]): void {
  if (choices.includes(given as string)) return
  const list = choices.map((choice) => `'${choice}'`)
  throw new TypeError(
    `${what}: expected ${list.slice(0, -1).join(', ')} or ${list.at(-1)}, got ${shown(given)}`,
  )
}

function checkAlpn(alpn: unknown, what: string): void {
  const valid = (name: unknown): boolean =>
    typeof name === 'string' && name !== '' && Buffer.byteLength(name) <= MAX_ALPN
  if (Array.isArray(alpn) && alpn.length > 0 && alpn.every(valid)) return
  throw new TypeError(
    `${what}: alpn: expected names of protocols of at most ${MAX_ALPN} bytes, such as ['http/1.1'], got ${shown(alpn)}`,
  )
}

function checkServername(name: unknown, what: string): void {
  const problem =
    typeof name !== 'string' || name === ''
      ? 'expected a name'
      : hasNul(name)
        ? 'a name cannot contain a NUL byte'
        : name.endsWith('.')
          ? 'leave the dot at the end out'
          : isAddress(name)
            ? 'expected a name and not an address; leave it out, and the certificate must be for the address'
            : undefined
  if (problem !== undefined) throw new TypeError(`${what}: servername: ${problem}, got ${shown(name)}`)
}

/** The name of a host, without the dot of a full one; undefined for an address. */
function nameIn(host: string): string | undefined {
  return isAddress(host) ? undefined : host.replace(/\.$/, '')
}

function isAddress(host: string): boolean {
  return builtin('node:net', 'tls').isIP(host) !== 0
}
