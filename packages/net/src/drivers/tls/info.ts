/** What Node's TLS socket says of its connection. */

import type { TLSSocket } from 'node:tls'
import type { TlsInfo, TlsSession } from '../../driver/tls.js'

/** What the two ends have agreed on. @param session gives the last one that has come */
export function infoOf(node: TLSSocket, session: () => TlsSession | undefined): TlsInfo {
  const peerCertificate = node.getPeerX509Certificate()
  const { alpnProtocol, authorized, authorizationError } = node
  // The types of Node lack it.
  const { servername } = node as { servername?: string | false | null }
  return {
    protocol: node.getProtocol() as TlsInfo['protocol'], // No older version is allowed.
    cipher: node.getCipher().name,
    ...(alpnProtocol ? { alpn: alpnProtocol } : {}),
    ...(servername ? { servername } : {}),
    authorized,
    ...(authorized || !authorizationError ? {} : { authorizationError: String(authorizationError) }),
    ...(peerCertificate === undefined ? {} : { peerCertificate }),
    resumed: node.isSessionReused(),
    get session() {
      return session()
    },
  }
}
