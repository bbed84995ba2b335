/**
 * Turns the errors of a TLS socket of Node into the errors that users see.
 */

import { codeOf, TlsError, TruncatedError } from '../../errors.js'

/** Alerts by which a peer refuses a certificate (RFC 8446, section 6). */
const ABOUT_CERTIFICATES = /certificate|unknown_ca|access_denied/

/** The names that OpenSSL gives to the alerts of a peer; those of extensions lack the word. */
const ALERT = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)$/

/** The error for users of a connection. */
export function tlsErrorOf(error: Error, handshake: boolean): TlsError {
  const code = codeOf(error) ?? 'ERR_BLUELET_TLS'
  const alert = ALERT.exec(code)?.[1]?.toLowerCase()
  const reason = alert !== undefined && ABOUT_CERTIFICATES.test(alert) ? 'certificate' : 'protocol'
  const options = { alert, cause: error }
  if (!handshake) {
    const text = alert === undefined ? detailsOf(error) : `the peer has sent the alert ${alert}`
    return new TlsError(`TLS: ${text} (${code})`, code, reason, options)
  }
  if (alert !== undefined) {
    const message = `the peer has refused the TLS handshake: ${alert} (${code})`
    return new TlsError(message, code, reason, options)
  }
  const hint = HINTS[code]
  if (hint !== undefined) {
    return new TlsError(`the TLS handshake failed: ${hint} (${code})`, code, 'protocol', options)
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_BLUELET_')) {
    return new TlsError(`the TLS handshake failed: ${detailsOf(error)} (${code})`, code, 'protocol', options)
  }
  return new TlsError(
    `the peer's certificate is not accepted: ${detailsOf(error)} (${code}); pass its authority as tls.ca. NODE_TLS_REJECT_UNAUTHORIZED has no effect here`,
    code,
    'certificate',
    options,
  )
}

const HINTS: Readonly<Record<string, string>> = {
  ERR_SSL_HTTP_REQUEST: 'the client has sent HTTP without TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the peer does not speak TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the two ends have no version of TLS in common',
}

/**
 * The error of OpenSSL without the place in its sources:
 * `F0DC:error:0A00009C:SSL routines::text:...`
 */
function detailsOf(error: Error): string {
  return (error as { reason?: string }).reason ?? error.message.trim()
}

/** The error of a connection that has ended without the peer's `close_notify`. */
export function truncatedError(handshake: boolean): TruncatedError {
  const where = handshake ? 'during the TLS handshake' : 'without a close_notify'
  return new TruncatedError(`the peer has ended the connection ${where}: the data may be incomplete`)
}

/** The error of a server that has refused a client: Node tells none. */
export function clientCertificateError(): TlsError {
  const message = "the client's certificate is missing or not accepted"
  return new TlsError(message, 'ERR_BLUELET_TLS_CLIENT_CERTIFICATE', 'certificate')
}
