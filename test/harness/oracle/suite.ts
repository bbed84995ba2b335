// The differential oracle: random programs do the same by the scheduler as by the engine's own
// recursion. It finds values and errors that reach the wrong coroutine.
import { isDeepStrictEqual } from 'node:util'
import { describe } from 'vitest'
import { itHolds, SEED, type Tally, tryRandom } from '../harness.js'
import { type Batch, batches, textOfBatch } from './generator.js'
import { runNatively } from './native.js'
import type { Vocabulary } from './programs.js'
import { CALL_COUNT, runByScheduler } from './trampoline.js'

const PROGRAMS = 100_000
/** Programs that run side by side in one scheduler: they must not notice each other. */
const BATCH = 20
/** One batch in so many is run twice. */
const REPEATED = 10

const VOCABULARY: Vocabulary = {
  simple: ['log', 'log', 'add', 'pause', 'pause', 'give', 'give', 'fail'],
  compound: ['call', 'call', 'call', 'call', 'try', 'try', 'loop'],
  leaving: ['throw', 'throw', 'rethrow', 'rethrow', 'return', 'break', 'continue', 'end'],
  calls: CALL_COUNT,
}

export function describeOracle(oneIn: number): void {
  const runs = PROGRAMS / BATCH / oneIn
  const generator = batches(BATCH, VOCABULARY)

  describe('a program of coroutines', () => {
    itHolds(
      'does the same by the scheduler as by the recursion of the engine',
      () => tryRandom(generator, compare, { runs, text: textOfBatch }),
      { what: 'oracle programs', detail: `random coroutines from seed ${SEED}` },
      oneIn,
    )

    itHolds(
      'takes the same steps each time',
      () => tryRandom(generator, repeat, { runs: runs / REPEATED, text: textOfBatch }),
      { what: 'oracle repeats', detail: `the same from seed ${SEED}, twice` },
      oneIn,
    )
  })
}

function compare(batch: Batch): Tally {
  const traces = runByScheduler(batch)
  const problems = batch.flatMap((program, i) => {
    const native = runNatively(program)
    const scheduler = traces[i]
    return isDeepStrictEqual(native, scheduler) ? [] : [JSON.stringify({ native, scheduler }, null, 2)]
  })
  return { tried: batch.length, failed: problems.length, problems }
}

function repeat(batch: Batch): Tally {
  const steps: [string[], string[]] = [[], []]
  const traces = steps.map((each) => runByScheduler(batch, each))
  const same = isDeepStrictEqual(traces[0], traces[1]) && isDeepStrictEqual(...steps)
  const problems = same ? [] : [JSON.stringify({ steps, traces }, null, 2)]
  return { tried: batch.length, failed: problems.length, problems }
}
