// What is read from a trace, against what the scheduler said when the trace was recorded.
import type { Schedule } from '@bluelet/scheduler/testing'
import fc from 'fast-check'
import { describe } from 'vitest'
import { itHolds, SEED, type Tally, tryRandom, withoutStacks } from '../harness.js'
import { choices, type Program, programs } from '../model/programs.js'
import { runRecorded } from './plugin.js'

const RUNS = 2000

export function describeTraces(oneIn: number): void {
  describe('the trace of a random program', () => {
    withoutStacks()
    let moments = 0

    function trial([program, list]: [Program, readonly number[]]): Tally {
      const run = runRecorded(program, listed(list))
      moments += run.moments
      return { tried: 1, failed: Math.min(run.complaints.length, 1), problems: run.complaints }
    }

    itHolds(
      'says of every moment what the scheduler said, and of every step why',
      () => tryRandom(fc.tuple(programs, choices), trial, { runs: RUNS / oneIn, text: fc.stringify }),
      () => ({ what: 'traces read', detail: `${moments} moments of random tasks from seed ${SEED}` }),
      oneIn,
    )
  })
}

/** Makes choices from a list, and the usual one when it is exhausted. */
function listed(list: readonly number[]): Schedule {
  let i = 0
  return { choose: (n) => (list[i++] ?? 0) % n }
}
