// The kill sweep, promise 6 of the design and promise 6 of the network: each task of each scenario is killed at each of its yields,
// and nothing is left behind.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { sweep } from './kills/plugin.js'
import { cleanUps } from './kills/scenarios/clean-ups.js'
import { combinations } from './kills/scenarios/combinations.js'
import { connecting } from './kills/scenarios/connecting.js'
import { limits } from './kills/scenarios/limits.js'
import { servers } from './kills/scenarios/servers.js'
import { stores } from './kills/scenarios/stores.js'
import { streams } from './kills/scenarios/streams.js'
import { tasks } from './kills/scenarios/tasks.js'

const SCENARIOS = [
  ...tasks,
  ...combinations,
  ...stores,
  ...cleanUps,
  ...servers,
  ...limits,
  ...connecting,
  ...streams,
]

describe('a kill at any yield', () => {
  const { stackTraceLimit } = Error
  let points = 0
  let failed = 0

  beforeAll(() => {
    // Every kill makes an error, whose stack nobody looks at, and which would be the most of its cost.
    Error.stackTraceLimit = 0
  })
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit
  })

  it.each(SCENARIOS)(
    'leaves nothing behind: $title',
    async (scenario) => {
      const result = await sweep(scenario)

      points += result.points
      failed += result.failed
      expect(result.problems).toEqual([])
    },
    30_000,
  )

  it('was tried 1,000 times at least', () => {
    expect(points).toBeGreaterThanOrEqual(1000)
    record({
      what: 'kill points',
      tried: points,
      failed,
      detail: `every yield of every task of ${SCENARIOS.length} scenarios`,
    })
  })
})
