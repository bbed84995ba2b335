// The kill sweep, for promise 6 and for promise 6 of the network: each task of each scenario is
// killed at each of its yields, and nothing is left behind.
import { ALL, describeSweep } from '../harness.js'
import { kills } from './plugin.js'
import { cleanUps } from './scenarios/clean-ups.js'
import { combinations } from './scenarios/combinations.js'
import { connecting } from './scenarios/connecting.js'
import { datagrams } from './scenarios/datagrams.js'
import { limits } from './scenarios/limits.js'
import { servers } from './scenarios/servers.js'
import { stores } from './scenarios/stores.js'
import { streams } from './scenarios/streams.js'
import { tasks } from './scenarios/tasks.js'

const scenarios = [
  ...tasks,
  ...combinations,
  ...stores,
  ...cleanUps,
  ...servers,
  ...limits,
  ...connecting,
  ...streams,
]

export function describeKills(oneIn: number): void {
  // The fast suite has little time.
  const swept = oneIn === ALL ? [...scenarios, ...datagrams] : scenarios

  describeSweep(
    {
      title: 'a kill at any yield',
      holds: 'leaves nothing behind',
      scenarios: swept,
      plugins: [kills()],
      atLeast: 5000,
      figure: { what: 'kill points', detail: `every yield of every task of ${swept.length} scenarios` },
    },
    oneIn,
  )
}
