// The fault sweep over TLS.
import { it } from 'vitest'
import { noOpenssl } from '../support/certificates.js'
import { describeFaultsOverTls } from './faults/over-tls.js'

if (noOpenssl === null) describeFaultsOverTls(16)
else it.skip(`an operation that fails under TLS (${noOpenssl})`)
