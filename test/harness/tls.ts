// The sweeps of kills and of faults over TLS: the same scenarios, whose connections speak TLS.
import { TlsError } from '@bluelet/net'
import { afterAll } from 'vitest'
import { overTls, tlsEnds } from '../net/tls/over-tls.js'
import { makeCertificates } from '../support/certificates.js'
import type { Transport } from './transport.js'

/** The errors of connections whose peer has been killed in its handshake. */
export const TLS_GONE = [TlsError]

/** TLS, with certificates that are made here. */
export function tlsTransport(): Transport {
  const certificates = makeCertificates()
  afterAll(() => certificates.remove())
  const ends = tlsEnds(certificates)
  return (driver, host) => overTls(driver, ends, host)
}
