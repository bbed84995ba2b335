// What every recording must be: complete, and without an effect on the program.
import fc from 'fast-check'
import { describe } from 'vitest'
import { itHolds, SEED, type Tally, tryRandom, withoutStacks } from '../harness.js'
import { type Program, programs } from '../model/programs.js'
import { runTwice } from './plugin.js'

/** The schedules of each program: seeds from 1. */
const SEEDS = 100
const RUNS = 1000

export function describeRecordings(oneIn: number): void {
  describe('the recording of a random program', () => {
    withoutStacks()
    let events = 0

    function trial([program, seed]: [Program, number]): Tally {
      const run = runTwice(program, seed)
      events += run.events
      return { tried: 1, failed: Math.min(run.complaints.length, 1), problems: run.complaints }
    }

    itHolds(
      'gives every step a reason, runs one task at a time, and changes no step',
      () =>
        tryRandom(fc.tuple(programs, fc.integer({ min: 1, max: SEEDS })), trial, {
          runs: RUNS / oneIn,
          text: fc.stringify,
        }),
      () => ({ what: 'recordings made', detail: `${events} events of random tasks from seed ${SEED}` }),
      oneIn,
    )
  })
}
