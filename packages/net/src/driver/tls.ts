/**
 * What a connection knows of the TLS of its socket. Interfaces only.
 */

import type { X509Certificate } from 'node:crypto'

/** What the two ends have agreed on. */
export interface TlsInfo {
  /** The version. */
  readonly protocol: 'TLSv1.2' | 'TLSv1.3'
  /** The name of the cipher suite. */
  readonly cipher: string
  /** The protocol that both ends have chosen (ALPN); undefined if none was offered. */
  readonly alpn?: string
  /** The name that the client has asked for (SNI); undefined if it has asked for none. */
  readonly servername?: string
  /**
   * Whether the peer's certificate was verified. False on a server that asked for none, and for a
   * client that has none.
   */
  readonly authorized: boolean
  /** Why it is not authorized: the system's name for the error. */
  readonly authorizationError?: string
  /** The peer's certificate; undefined if it has sent none, such as to a client that resumes. */
  readonly peerCertificate?: X509Certificate
  /** Whether the handshake has resumed the session of an earlier connection. */
  readonly resumed: boolean
  /**
   * Of a client, the session by which its next connection to this server can have a shorter
   * handshake; undefined until the server has sent one, which it may do together with its first
   * bytes. Pass it as `tls.session` of `connect`.
   */
  readonly session: TlsSession | undefined
}

/** A session of a client that can be resumed. It is kept in this process only. */
export interface TlsSession {
  /** The name or the address of its server. */
  readonly servername: string
}

/** The TLS of a listener. */
export interface ListenerTls {
  /**
   * Reads the files of `cert`, `key` and `ca` again, such as after a certificate has been renewed;
   * a plain call. Later handshakes use what it has read. Established connections stay as they are.
   * Results of `sni` are not kept any longer. What was not given as `{ file }` stays.
   *
   * @throws TypeError if a file cannot be read, or its content is invalid; the error names the
   *   file, and what was in use stays in use
   */
  reload(): void
}

/** The TLS of a socket. */
export interface TlsState {
  /** Undefined until the handshake has ended well. It is kept when the connection has ended. */
  readonly info: TlsInfo | undefined
  /**
   * Begins the handshake, unless it has begun.
   *
   * @param done called once, with the error of the handshake, or null if it has ended well
   * @returns withdraws the call
   */
  handshake(done: (error: Error | null) => void): () => void
}
