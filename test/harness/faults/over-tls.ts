// The fault sweep over TLS: the operations of the network under it fail.
import { describeSweep } from '../harness.js'
import { tlsTransport } from '../tls.js'
import { faults } from './plugin.js'
import { exchanges } from './scenarios/exchanges.js'
import { limits } from './scenarios/limits.js'
import { services } from './scenarios/services.js'

const scenarios = [...exchanges, ...services, ...limits]

export function describeFaultsOverTls(oneIn: number): void {
  describeSweep(
    {
      title: 'an operation that fails under TLS',
      holds: 'harms nothing else',
      scenarios,
      plugins: [faults({ buffer: 128 }, 'all', tlsTransport())],
      atLeast: 5000,
      figure: { what: 'failed operations under TLS', detail: `of ${scenarios.length} scenarios` },
    },
    oneIn,
  )
}
