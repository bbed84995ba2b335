/**
 * The two sides of TLS, by Node's public interface.
 */

import type { SecureContext, SecureContextOptions, Server } from 'node:tls'
import { shown } from '../../check.js'
import type { DriverSocket } from '../../driver/protocol.js'
import type { ListenerTls, TlsSession } from '../../driver/tls.js'
import { codeOf, reasonOf, TlsError } from '../../errors.js'
import { builtin } from '../builtin.js'
import type { Carrier } from './carrier.js'
import { tlsErrorOf } from './failure.js'
import { bytesOf, sessionOf } from './session.js'
import {
  type ClientSettings,
  contextOf,
  contextOptions,
  newContext,
  type ServerSettings,
  type TlsCertificate,
} from './settings.js'
import type { Clock, TlsEnd, TlsSide } from './side.js'
import { TlsSocket } from './socket.js'

/** What messages begin with. */
const LISTEN = 'listen: tls'

/** Node ends a handshake itself after 120 seconds; the longest time of a timer. */
const NEVER = 2 ** 31 - 1

/** An alert of the TLS before it encrypts (RFC 8446, section 6): fatal, unrecognized_name. */
const UNRECOGNIZED_NAME = Buffer.from([21, 3, 3, 0, 2, 2, 112])

/** A client's end of TLS over a connected socket. */
export function tlsClient(inner: DriverSocket, settings: ClientSettings, clock: Clock): TlsSocket {
  return new TlsSocket(inner, new ClientSide(settings), clock)
}

class ClientSide implements TlsSide {
  readonly peerHasTickets = true
  readonly handshakeTimeout: number
  readonly #settings: ClientSettings
  /**
   * The last session that the server has sent, as Node gives it: undefined if it has been taken.
   */
  #bytes: Buffer | undefined
  /** The same for the user, once it has been asked for. */
  #session: TlsSession | undefined

  constructor(settings: ClientSettings) {
    this.handshakeTimeout = settings.handshakeTimeout
    this.#settings = settings
  }

  get endsWithTransport(): boolean {
    return this.#settings.truncation === 'end'
  }

  begin(socket: TlsEnd, { stream }: Carrier): void {
    const { host, servername, context, verify = true, alpn, verification } = this.#settings
    const session = bytesOf(this.#settings.session, verification)
    const node = builtin('node:tls', 'tls').connect({
      socket: stream,
      host,
      secureContext: context,
      rejectUnauthorized: verify,
      ...(session === undefined ? {} : { session }),
      ...(servername === undefined ? {} : { servername }),
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    })
    node.allowHalfOpen = true
    node.on('session', (bytes: Buffer) => {
      this.#bytes = bytes
    })
    node.once('secureConnect', () => socket.secured(node))
    socket.attach(node)
  }

  session(): TlsSession | undefined {
    const { servername, host, verification } = this.#settings
    if (this.#bytes !== undefined) this.#session = sessionOf(this.#bytes, servername ?? host, verification)
    this.#bytes = undefined
    return this.#session
  }

  enter(): void {}
}

/**
 * The server's end of the connections of one listener. Node's server never listens: it is fed with
 * carriers, and verifies the certificates of clients, which its sockets alone do not.
 */
export class TlsAcceptor implements TlsSide, ListenerTls {
  readonly peerHasTickets = false
  readonly handshakeTimeout: number
  readonly endsWithTransport: boolean
  readonly #settings: ServerSettings
  readonly #server: Server
  /** Those of the certificates that `sni` has given. */
  #contexts = new WeakMap<TlsCertificate, SecureContext>()
  /** The socket in whose turn of the handshake we are: Node does not say which one it speaks of. */
  #current: TlsEnd | null = null

  constructor(settings: ServerSettings) {
    const { alpn, clientCertificate = 'ignore', sni, handshakeTimeout, truncation, context } = settings
    this.#settings = settings
    this.handshakeTimeout = handshakeTimeout
    this.endsWithTransport = truncation === 'end'
    this.#server = builtin('node:tls', 'tls').createServer({
      ...this.#options(),
      handshakeTimeout: NEVER,
      requestCert: clientCertificate !== 'ignore',
      rejectUnauthorized: clientCertificate === 'require',
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
      ...(sni === undefined ? {} : { SNICallback: this.#chooser(sni) }),
    })
    if (context !== undefined) useContext(this.#server, context)
    this.#server.on('secureConnection', (node) => this.#takeCurrent()?.secured(node))
    this.#server.on('tlsClientError', (error) => {
      // The carrier has been closed, which tells its own socket. It may be another one.
      if (codeOf(error) !== 'ECONNRESET') this.#takeCurrent()?.failed(tlsErrorOf(error, true))
    })
  }

  /** The server's end of TLS over a socket that was accepted. */
  over(inner: DriverSocket, clock: Clock): TlsSocket {
    return new TlsSocket(inner, this, clock)
  }

  /**
   * Reads the files of the options again, for later handshakes.
   *
   * @throws TypeError if that is not possible; then nothing changes
   */
  reload(): void {
    const settings = this.#settings
    if (settings.context === undefined) {
      const options = this.#options()
      newContext(settings, options, LISTEN)
      this.#server.setSecureContext(options)
    }
    this.#contexts = new WeakMap()
  }

  begin(_socket: TlsEnd, { stream }: Carrier): void {
    this.#server.emit('connection', stream)
  }

  session(): undefined {}

  enter(socket: TlsEnd): void {
    this.#current = socket
  }

  #options(): SecureContextOptions {
    const options = contextOptions(this.#settings, LISTEN)
    if (this.#settings.tickets !== false) return options
    return { ...options, secureOptions: builtin('node:crypto', 'tls').constants.SSL_OP_NO_TICKET }
  }

  /** What Node tells ends a handshake: nothing else is told of this socket. */
  #takeCurrent(): TlsEnd | null {
    const current = this.#current
    this.#current = null
    return current
  }

  #chooser(sni: NonNullable<ServerSettings['sni']>) {
    return (name: string, done: (error: Error | null, context?: SecureContext) => void): void => {
      let cause: unknown
      try {
        const chosen = sni(name)
        if (chosen !== undefined) {
          done(null, this.#contextOf(chosen))
          return
        }
      } catch (error) {
        cause = error
      }
      const problem = cause === undefined ? 'gives no certificate' : `failed: ${reasonOf(cause)}`
      const message = `the TLS handshake failed: tls.sni(${shown(name)}) ${problem}`
      const error = new TlsError(message, 'ERR_BLUELET_TLS_SERVERNAME', 'certificate', { cause })
      this.#current?.failed(error, UNRECOGNIZED_NAME)
    }
  }

  #contextOf(certificate: TlsCertificate): SecureContext {
    let context = this.#contexts.get(certificate)
    if (context === undefined) {
      const { context: _, ...settings } = this.#settings
      context = contextOf({ ...settings, ...certificate }, `${LISTEN}: sni`)
      this.#contexts.set(certificate, context)
    }
    return context
  }
}

/**
 * Lets a server of Node use a context of the user's. Node has no public way to do that for clients
 * that ask for no name. Its server has kept the context in this field since Node 0.12.
 */
function useContext(server: Server, context: SecureContext): void {
  Object.assign(server, { _sharedCreds: context })
}
