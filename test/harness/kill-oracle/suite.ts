// The oracle of kills, for promise 6: random programs, each killed after each of its first steps,
// do what plain functions that know neither generators nor tasks say they must.
import { isDeepStrictEqual } from 'node:util'
import { describe } from 'vitest'
import { itHolds, SEED, type Sweep, sweep, tryRandom, withoutStacks } from '../harness.js'
import { batches, textOfBatch } from '../oracle/generator.js'
import type { Statement, Vocabulary } from '../oracle/programs.js'
import { KILLED_CALL_COUNT } from '../oracle/trampoline.js'
import { type KilledTrace, runKilled } from './kills.js'
import { predict } from './prediction.js'

const PROGRAMS = 12_000
/** Loops within loops take thousands of steps, which are all alike. */
const MAX_STEPS = 40

const VOCABULARY: Vocabulary = {
  simple: ['log', 'add', 'pause', 'give', 'fail', 'sleep', 'sleep', 'child'],
  compound: ['call', 'call', 'call', 'try', 'try', 'try', 'loop'],
  leaving: ['throw', 'rethrow', 'rethrow', 'return', 'break', 'continue', 'end'],
  calls: KILLED_CALL_COUNT,
}

/** Kills a program after each of its first steps. */
const killsOfProgram: Sweep<Statement, KilledTrace, number> = {
  run: runKilled,
  disturbances: ({ steps }) => Array(Math.min(steps, MAX_STEPS)).keys(),
  judge({ steps: _, ...scheduler }, program, steps, undisturbed) {
    const predicted = predict(program, steps ?? undisturbed.steps)
    return isDeepStrictEqual(predicted, scheduler) ? [] : [JSON.stringify({ predicted, scheduler }, null, 2)]
  },
  name: (steps) => `killed after ${steps} steps`,
}

export function describeKillOracle(oneIn: number): void {
  const programs = PROGRAMS / oneIn

  describe('a program of coroutines that is killed', () => {
    withoutStacks()

    itHolds(
      'ends as it must, at whatever step the kill comes',
      () =>
        tryRandom(batches(1, VOCABULARY), ([program]) => sweep(killsOfProgram, program!), {
          runs: programs,
          text: textOfBatch,
        }),
      {
        what: 'oracle kill points',
        detail: `the first ${MAX_STEPS} steps of ${programs} random programs from seed ${SEED}`,
      },
      oneIn,
    )
  })
}
