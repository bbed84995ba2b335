// The fault sweep: every operation of every scenario fails once in each way in which the system
// lets it fail. What follows is an error that names the cause, in the one connection that it
// belongs to, and nothing else.
import { ALL, describeSweep } from '../harness.js'
import { faults } from './plugin.js'
import { datagrams } from './scenarios/datagrams.js'
import { exchanges } from './scenarios/exchanges.js'
import { limits } from './scenarios/limits.js'
import { services } from './scenarios/services.js'

const scenarios = [...exchanges, ...services, ...limits]

/** With small buffers, so that little has to be sent to fill them. */
const CALM = { buffer: 128 }
/** Leaves much to chance: there every operation fails in one way only, since there are many. */
const ROUGH = { ...CALM, fragment: true, latency: [1, 5], seed: 1 } as const

export function describeFaults(oneIn: number): void {
  // The fast suite has little time.
  const swept = oneIn === ALL ? [...scenarios, ...datagrams] : scenarios

  describeSweep(
    {
      title: 'an operation that fails',
      holds: 'harms nothing else',
      scenarios: swept,
      plugins: [faults(CALM, 'all'), faults(ROUGH, 'one')],
      atLeast: 5000,
      figure: {
        what: 'failed operations',
        detail: `every operation of ${swept.length} scenarios; what is left to chance, from seed ${ROUGH.seed}`,
      },
    },
    oneIn,
  )
}
