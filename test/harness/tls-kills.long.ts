// The kill sweep over TLS.
import { it } from 'vitest'
import { noOpenssl } from '../support/certificates.js'
import { describeKillsOverTls } from './kills/over-tls.js'

if (noOpenssl === null) describeKillsOverTls(6)
else it.skip(`a kill at any yield over TLS (${noOpenssl})`)
