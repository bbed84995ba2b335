// The kill sweep over TLS: each task of each scenario of the network is killed at its yields.
import { describeSweep } from '../harness.js'
import { TLS_GONE, tlsTransport } from '../tls.js'
import { kills } from './plugin.js'
import { connecting } from './scenarios/connecting.js'
import { limits } from './scenarios/limits.js'
import { servers } from './scenarios/servers.js'
import { streams } from './scenarios/streams.js'

const scenarios = [...servers, ...limits, ...connecting, ...streams].map((scenario) => ({
  ...scenario,
  follows: [...(scenario.follows ?? []), ...TLS_GONE],
}))

export function describeKillsOverTls(oneIn: number): void {
  describeSweep(
    {
      title: 'a kill at any yield over TLS',
      holds: 'leaves nothing behind',
      scenarios,
      plugins: [kills(tlsTransport())],
      atLeast: 5000,
      figure: { what: 'kill points over TLS', detail: `of ${scenarios.length} scenarios of the network` },
    },
    oneIn,
  )
}
