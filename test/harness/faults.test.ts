// The fault sweep: every operation of every scenario fails once in each way in which the system lets it fail. What follows is an
// error that names the cause, in the one connection that it belongs to, and nothing else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { record } from '../support/figures.js'
import { sweep } from './faults/plugin.js'
import { exchanges } from './faults/scenarios/exchanges.js'
import { limits } from './faults/scenarios/limits.js'
import { services } from './faults/scenarios/services.js'

const SCENARIOS = [...exchanges, ...services, ...limits]
/** With small buffers, so that little has to be sent to fill them. */
const CALM = { buffer: 128 }
/** Leaves much to chance: there every operation fails in one way only, since there are many. */
const ROUGH = { ...CALM, fragment: true, latency: [1, 5], seed: 1 } as const

describe('an operation that fails', () => {
  const { stackTraceLimit } = Error
  let cases = 0
  let failures = 0

  beforeAll(() => {
    // Nearly every case makes errors, whose stacks nobody looks at, and which would be the most of its cost.
    Error.stackTraceLimit = 0
  })
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit
  })

  it.each(SCENARIOS)(
    'harms nothing else: $title',
    async (scenario) => {
      const results = [await sweep(scenario, CALM, 'all'), await sweep(scenario, ROUGH, 'one')]

      for (const { tried, failed } of results) {
        cases += tried
        failures += failed
      }
      expect(results.flatMap(({ problems }) => problems)).toEqual([])
    },
    30_000,
  )

  it('was tried 3,000 times at least', () => {
    expect(cases).toBeGreaterThanOrEqual(3000)
    record({
      what: 'failed operations',
      tried: cases,
      failed: failures,
      detail: `every operation of ${SCENARIOS.length} scenarios; what is left to chance, from seed ${ROUGH.seed}`,
    })
  })
})
