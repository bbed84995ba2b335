// Random combinations in random orders, with kills and errors: every message and every permit
// arrives, and every value that was made is taken or disposed of, once. Promise 4.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SEED, tryRandom, withoutStacks } from '../harness.js'
import { complaintsOf } from './plugin.js'
import { programs } from './programs.js'

const RUNS = 12_000

export function describeDeliveries(oneIn: number): void {
  describe('what a combination is given', () => {
    withoutStacks()

    it(`arrives, or goes back, once, in ${RUNS / oneIn} random programs from seed ${SEED}`, async () => {
      const { tried, problems } = await tryRandom(
        programs,
        (program) => {
          const problems = complaintsOf(program)
          return { tried: 1, failed: Math.min(problems.length, 1), problems }
        },
        { runs: RUNS / oneIn, text: fc.stringify },
      )

      expect(problems).toEqual([])
      expect(tried).toBe(RUNS / oneIn)
    })
  })
}
